"""
April to December 2013 as a service would live them: a model trained on January to March answers every flight, the
check runs each Monday, issues open and close, and what outcomes say is held against what became of the model.

Of each week's flights a share has its outcome reported, chosen by chance; the truth is what all of them say.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from bench.server import ROOT, verdict
from core.bundle import Bundle
from core.drift import DriftReport
from core.drift_policy import read_policy_file
from core.registry import DirectoryRegistry
from core.scorer import load_scorer
from drift.alerts.conditions import Condition, Kind
from drift.alerts.telling import CLEAN_WINDOWS
from drift.check import Check
from drift.memory import Memory
from drift.models import Models
from drift.quality.performance import measure
from drift.sources.export import Export
from drift.sources.table import TableSource
from ml.dataset import Dataset
from ml.problem import read_problem

_SEED: Final = 20130101
_TRAINED: Final = date(2013, 4, 1)
_END: Final = datetime(2013, 12, 30, tzinfo=UTC)
_SHARES: Final = (1.0, 0.5, 0.25, 0.1)
_WORSE: Final = 0.02
_WANTED_ISSUES, _WANTED_SKILL = 3, 0.8


@dataclass(kw_only=True, slots=True)
class Inbox:
    """
    The issues that would be opened.

    Attributes:
        opened: How many, by kind; one that is opened again counts again.
        weeks: For how many weeks one was open, by kind.
        is_open: By kind.
    """

    opened: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    weeks: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    is_open: dict[Kind, bool] = field(default_factory=lambda: dict.fromkeys(Kind, False))

    def tell(self, condition: Condition) -> None:
        """What `drift.alerts.telling` would do."""
        kind = condition.kind
        if condition.severity.is_alarming:
            self.opened[kind] += not self.is_open[kind]
            self.is_open[kind] = True
        elif condition.clean_windows >= CLEAN_WINDOWS:
            self.is_open[kind] = False
        self.weeks[kind] += self.is_open[kind]


def main() -> None:
    """Train, replay, and print what was told beside what was true."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, help="of a model trained as of 2013-04-01 (default: trains one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        registry = DirectoryRegistry(arguments.registry or train(Path(folder)))
        bundle = registry.fetch(max(registry.tags()))
        data = read_problem(ROOT / "model.toml").load(None)
        served, scores = answer(data, bundle)
        truth = true_weeks(data, served, scores, bundle)
        print("| outcomes of | drift issues | weeks open | degradation issues | called | true | precision | recall |")
        print("|---|---|---|---|---|---|---|---|")
        for share in _SHARES:
            source = export(data, served, scores, bundle, share, Path(folder) / f"{share}.parquet")
            inbox, called = replay(source, registry)
            show(share, inbox, called, truth)


def train(folder: Path, day: date = _TRAINED) -> Path:
    """A model that knows what was known on a day, judged as a first one; gives the registry's folder."""
    environment = os.environ | {
        "MODEL_REGISTRY": f"directory:{folder / 'registry'}",
        "DEPLOYMENT_LEDGER": f"file:{folder / day.isoformat()}.jsonl",
        "CANDIDATE_DIR": str(folder / "candidate"),
        "WANDB_MODE": "disabled",
    }
    command = [sys.executable, "-m", "ml", "train", "--publish", "--as-of", day.isoformat()]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return folder / "registry"


def answer(data: Dataset, bundle: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """The rows from the first of April on, and their scores."""
    served = np.flatnonzero(_days(data) >= _TRAINED)
    return served, load_scorer(bundle).score(data.matrix[served])[:, 0]


def _days(data: Dataset) -> np.ndarray:
    assert data.times is not None  # noqa: S101  # the flights have times
    return data.times.dt.date().to_numpy().astype("datetime64[D]")


def export(
    data: Dataset, served: np.ndarray, scores: np.ndarray, bundle: Bundle, share: float, path: Path
) -> TableSource:
    """A table as somebody would export it, with the outcomes of some of the rows."""
    assert data.times is not None  # noqa: S101  # the flights have times
    generator = np.random.default_rng(_SEED)
    names = bundle.contract.target.classes
    known = generator.random(len(served)) < share
    outcomes = [
        names[int(code)] if is_known else None for code, is_known in zip(data.target[served], known, strict=True)
    ]
    data.rows[served].cast({pl.Categorical: pl.String}).with_columns(
        at=data.times.gather(served).dt.replace_time_zone(None),
        id=pl.Series([str(number) for number in range(len(served))]),
        score=pl.Series(scores),
        outcome=pl.Series(outcomes, dtype=pl.String),
    ).write_parquet(path)
    return TableSource(
        Export(path=path, folder=path.parent / path.stem, tag=str(bundle.manifest.tag), time_column="at")
    )


def replay(source: TableSource, registry: DirectoryRegistry) -> tuple[Inbox, set[datetime]]:
    """A check each Monday; the issues, and the ends of the weeks that were called worse."""
    inbox, called = Inbox(), set()
    memory, models, before = Memory(), Models(registry=registry), None
    policy = read_policy_file(ROOT / "model.toml")
    now = datetime(2013, 4, 8, tzinfo=UTC)
    while now <= _END + timedelta(days=1):
        check = Check(source=source, models=models, memory=memory, policy=policy, now=now, before=before)
        before = check.run()
        called |= _called(before)
        for condition in check.conditions():
            inbox.tell(condition)
        now += timedelta(days=7)
    return inbox, called


def _called(report: DriftReport) -> set[datetime]:
    return {each.end for each in report.quality if each.severity.is_alarming}


def true_weeks(data: Dataset, served: np.ndarray, scores: np.ndarray, bundle: Bundle) -> dict[datetime, bool]:
    """By the end of each week, whether all of its flights say that the model did worse by more than 0.02."""
    manifest, found = bundle.manifest, {}
    threshold = manifest.threshold.value if manifest.threshold else None
    days, start = _days(data)[served], datetime(2013, 4, 1, tzinfo=UTC)
    while start + timedelta(days=7) <= _END:
        end = start + timedelta(days=7)
        rows = (days >= np.datetime64(start.date())) & (days < np.datetime64(end.date()))
        figures = measure(scores[rows, None], data.target[served][rows], bundle.contract.target.task, threshold)
        fell = [(manifest.metrics[name].value or 0) - (figures[name].value or 0) for name in ("auc", "accuracy")]
        found[end] = max(fell) > _WORSE
        start = end
    return found


def show(share: float, inbox: Inbox, called: set[datetime], truth: dict[datetime, bool]) -> None:
    """A line of the table and, of all outcomes, what is wanted."""
    true = {end for end, fell in truth.items() if fell}
    hits = len(true & called)
    precision, recall = hits / max(len(called), 1), hits / max(len(true), 1)
    drift, degradation = inbox.opened[Kind.DRIFT], inbox.opened[Kind.DEGRADATION]
    print(
        f"| {share:.0%} | {drift} | {inbox.weeks[Kind.DRIFT]} of {len(truth)} | {degradation} "
        f"| {len(called)} | {len(true)} | {precision:.2f} | {recall:.2f} |"
    )
    if share == 1.0:
        verdict("issues opened for drift", drift, at_most=_WANTED_ISSUES)
        verdict("precision", precision, at_least=_WANTED_SKILL)
        verdict("recall", recall, at_least=_WANTED_SKILL)


if __name__ == "__main__":
    main()
