"""
September to December 2013 as an experiment would live them: a model of January to March serves, one of January to
August is tried on half of the routes, through the service's API, and the readout is looked at after every week.

The truth beside it is what both models say to every flight of these months, which no experiment gets to see.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import requests
from msgspec import structs
from numpy.typing import NDArray

from app.keys import Scope, new_key
from bench.server import ROOT
from core.bundle import Bundle
from core.experiment import Experiment, Phase
from core.registry import DirectoryRegistry
from core.scorer import load_scorer
from deploy.experiments.service import ExperimentService
from example.bench.drift_months import train
from ml.dataset import Dataset
from ml.problem import read_problem

_KNOWN: Final = (date(2013, 4, 1), date(2013, 9, 1))
_BEGIN, _END = date(2013, 9, 1), date(2014, 1, 1)
_SHARE: Final = 0.5
_PORT: Final = 8765
_READY_S: Final = 60.0
_SECRET, _ENTRY = new_key("bench", list(Scope))
_HEADERS: Final = {"Authorization": f"Bearer {_SECRET}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What a row costs both models, over all flights: means, and the difference with its 95 % interval by routes."""

    champion: float
    challenger: float
    gain: float
    half: float


def main() -> None:
    """Train two models, let them serve side by side, and print what was read off week by week beside the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="where both are published already (default: trains them)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        registry = DirectoryRegistry(arguments.models or train_both(folder))
        champion, challenger = (registry.fetch(tag) for tag in registry.tags()[-2:])
        data = read_problem(ROOT / "model.toml").load(None)
        weeks = list(autumn(data))
        truth = truth_of(data, np.concatenate(weeks), champion, challenger)
        experiment = live(folder, registry, champion, challenger, data, weeks)
        show(experiment, truth)


def train_both(folder: Path) -> Path:
    """Two models, of what was known on two days."""
    for day in _KNOWN:
        registry = train(folder, day)
    return registry


def autumn(data: Dataset) -> Iterator[NDArray[np.int64]]:
    """The rows of each week."""
    assert data.times is not None  # noqa: S101  # the flights have times
    days, begin = data.times.dt.date().to_numpy().astype("datetime64[D]"), _BEGIN
    while begin < _END:
        end = min(begin + timedelta(days=7), _END)
        yield np.flatnonzero((days >= np.datetime64(begin)) & (days < np.datetime64(end)))
        begin = end


def routes(data: Dataset, rows: NDArray[np.int64]) -> list[str]:
    """Whom each flight is about: who flies where."""
    parts = (data.rows[name][rows].cast(pl.String).to_list() for name in ("carrier", "origin", "dest"))
    return ["/".join(each) for each in zip(*parts, strict=True)]


def truth_of(data: Dataset, rows: NDArray[np.int64], champion: Bundle, challenger: Bundle) -> Truth:
    """Both models on every flight."""
    losses = [
        (load_scorer(each).score(data.matrix[rows])[:, 0] - data.target[rows]) ** 2 for each in (champion, challenger)
    ]
    gain = losses[0] - losses[1]
    _, of_route = np.unique(routes(data, rows), return_inverse=True)
    off = np.bincount(of_route, weights=gain - gain.mean()) / len(rows)
    return Truth(
        champion=float(losses[0].mean()),
        challenger=float(losses[1].mean()),
        gain=float(gain.mean()),
        half=1.96 * float((off**2).sum() ** 0.5),
    )


def live(
    folder: Path,
    registry: DirectoryRegistry,
    champion: Bundle,
    challenger: Bundle,
    data: Dataset,
    weeks: Sequence[NDArray[np.int64]],
) -> Experiment:
    """Let the weeks go by at the service, and look at the experiment after each."""
    with serving(folder, registry, str(champion.manifest.tag)) as url:
        service = ExperimentService(url, _SECRET)
        deploy(folder, registry, url, "start", str(challenger.manifest.tag), "--share", str(_SHARE))
        _, begun = service.look()
        assert begun is not None  # noqa: S101  # it was started just now
        first, *_ = begun.phases
        # The weeks before today: a reading is kept for each day.
        service.keep(structs.replace(begun, phases=(Phase(share=_SHARE, since=first.since - timedelta(days=1)),)))
        readings = []
        for number, rows in enumerate(weeks, start=1):
            answer_week(url, data, rows, champion.contract.target.classes)
            deploy(folder, registry, url, "readout")
            _, experiment = service.look()
            assert experiment is not None  # noqa: S101  # as above
            reading, *_ = reversed(experiment.readings)
            readings.append(reading)
            print(f"week {number}: {reading.word}", file=sys.stderr)
        return structs.replace(experiment, readings=tuple(readings))


def answer_week(url: str, data: Dataset, rows: NDArray[np.int64], classes: Sequence[str]) -> None:
    """Ask about every flight of a week, a request for each route, and report what became of it."""
    flights = list(data.rows[rows].iter_rows(named=True))
    by_route: dict[str, list[int]] = {}
    for place, route in enumerate(routes(data, rows)):
        by_route.setdefault(route, []).append(place)
    session, outcomes = requests.Session(), []
    for route, places in by_route.items():
        body = {"rows": [flights[place] for place in places]}
        headers = _HEADERS | {"X-Subject": route}
        answer = session.post(f"{url}/v1/predict/batch", json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        for place, row in zip(places, answer.json()["predictions"], strict=True):
            outcomes.append({"id": row["id"], "outcome": classes[int(data.target[rows[place]])]})
    for start in range(0, len(outcomes), 5_000):
        body = {"outcomes": outcomes[start : start + 5_000]}
        session.post(f"{url}/v1/outcomes", json=body, headers=_HEADERS, timeout=60).raise_for_status()


def deploy(folder: Path, registry: DirectoryRegistry, url: str, *arguments: str) -> None:
    """Run `python -m deploy experiment`."""
    environment = os.environ | {
        "MODEL_REGISTRY": str(registry),
        "DEPLOYMENT_LEDGER": f"file:{folder / 'ledger.jsonl'}",
        "SERVICE_URL": url,
        "SERVICE_KEY": _SECRET,
    }
    command = [sys.executable, "-m", "deploy", "experiment", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def serving(folder: Path, registry: DirectoryRegistry, tag: str) -> Iterator[str]:
    """A real service on loopback."""
    environment = os.environ | {
        "MODEL_REGISTRY": str(registry),
        "MODEL_TAG": tag,
        "DEPLOYMENT_LEDGER": f"file:{folder / 'ledger.jsonl'}",
        "JOURNAL_DIR": str(folder / "journal"),
        "SUBJECT_KEY": "s" * 32,
        "API_KEYS": str(_ENTRY),
        "PORT": str(_PORT),
        "LOG_LEVEL": "warning",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    url, deadline = f"http://127.0.0.1:{_PORT}", time.monotonic() + _READY_S
    try:
        while not _is_ready(url):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"error: the service did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def show(experiment: Experiment, truth: Truth) -> None:
    """Print the table, and the truth."""
    print("| after week | the readout | gain, Brier a row | not below | not above |\n|---|---|---|---|---|")
    for number, each in enumerate(experiment.readings, start=1):
        cells = ["-" if end is None else f"{end:+.4f}" for end in (each.value, each.low, each.high)]
        print(f"| {number} | {each.word} | {' | '.join(cells)} |")
    print(
        f"\nThe truth, from both models on every flight: {truth.champion:.4f} and {truth.challenger:.4f}, a gain of "
        f"{truth.gain:+.4f} ({truth.gain - truth.half:+.4f} to {truth.gain + truth.half:+.4f})."
    )
    decided: Any = experiment.decided
    print(f"Decided: {decided.word if decided else 'not'}. {decided.reason if decided else ''}")


if __name__ == "__main__":
    main()
