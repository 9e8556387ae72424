"""Rows of customers as a service answers them, and where a drift check finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from msgspec import structs

from core.contract import Task
from core.drift_policy import DriftPolicy
from core.journal.records import Outcome, Prediction, row_ids
from core.journal.sqlite import SqliteStore
from core.journal.store import JournalStore
from core.manifest import Metric
from core.reference import DAY, WEEK, Reference, numeric_reference
from core.registry import DirectoryRegistry
from drift.memory import Memory, read_memory
from drift.rows import MEMORY_NAME, Source
from drift.running import Checked, run_check
from drift.settings import DriftSettings
from drift.sources import open_source
from drift.sources.store import StoreSource
from tests.drift_windows import make_profile, make_spreads
from tests.factories import TARGETS, make_bundle
from tests.journal import IDS

TAG, NEXT_TAG = "model-v1.0.0", "model-v1.1.0"
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
POLICY = DriftPolicy()
Table = dict[str, list[Any]]
# What a regression promises whose answers are right nine times of ten, as those of `make_day` are.
OF_VALUES = {"mae": Metric(value=0.5), "rmse": Metric(value=1.6), "coverage": Metric(value=0.9)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """Rows of one day, by column as a journal has them."""

    at: datetime
    inputs: Table
    answers: dict[str, Any]
    outcomes: Sequence[str | float | None]
    tag: str = TAG

    def __len__(self) -> int:
        return len(self.outcomes)


def make_day(
    day: int, rows: int = 600, *, task: Task = Task.BINARY, older_by: float = 0.0, tag: str = TAG, known: float = 0.0,
    is_wrong: bool = False, **inputs: list[Any],
) -> Day:  # fmt: skip
    """
    Rows like the reference's.

    Args:
        day: After the first Monday.
        rows: How many.
        task: Of the model that answers.
        older_by: Years that are added to every age.
        tag: Of the model that answers.
        known: Share of the rows whose outcome is reported.
        is_wrong: Whether the outcomes are never what was answered.
        inputs: Columns in place of those that are drawn.
    """
    random = np.random.default_rng(100_000 + day)
    ages = np.round(random.normal(40 + older_by, 8, rows).clip(0, 120), 1)
    is_missing = random.random(rows) < 0.1
    drawn: Table = {
        "age": [None if missing else age for age, missing in zip(ages.tolist(), is_missing, strict=True)],
        "city": ["Rome" if share < 0.25 else "Oslo" for share in random.random(rows)],
    }
    answers, outcomes = _answers(task, rows, random, is_wrong=is_wrong)
    return Day(
        at=MONDAY + day * ONE_DAY + timedelta(hours=12),
        inputs=drawn | inputs,
        answers=answers,
        outcomes=[value if share < known else None for value, share in zip(outcomes, random.random(rows), strict=True)],
        tag=tag,
    )


def _answers(
    task: Task, rows: int, random: np.random.Generator, *, is_wrong: bool
) -> tuple[dict[str, Any], list[str | float]]:
    """Answers, and outcomes that bear out nine of ten of them, or none."""
    scores = random.beta(2, 3, rows).round(4)
    is_right = (random.random(rows) < 0.9) & (not is_wrong)
    if task is Task.REGRESSION:
        return {"value": scores.tolist()}, (scores + np.where(is_right, 0.0, 5.0)).tolist()
    classes = TARGETS[task].classes
    if task is Task.BINARY:
        codes = (scores >= 0.6).astype(int)
        found: dict[str, Any] = {"score": scores.tolist()}
    else:
        codes = random.integers(0, 3, rows)
        shares = np.full((rows, 3), 0.2)
        shares[np.arange(rows), codes] = 0.6
        found = {"scores": {name: shares[:, place].tolist() for place, name in enumerate(classes)}}
    labels = [classes[code] for code in codes]
    outcomes = [classes[(code + (not right)) % len(classes)] for code, right in zip(codes, is_right, strict=True)]
    return {"label": labels, **found}, list(outcomes)


def make_days(count: int, **how: Any) -> list[Day]:
    """The first days, one after the other."""
    return [make_day(day, **how) for day in range(count)]


def make_drift_reference(task: Task = Task.BINARY, *, longest_gap_days: int = 0) -> Reference:
    """Of 20,000 customers and the scores that `make_day` draws, with spreads of days and weeks."""
    spreads = {**make_spreads(), DAY: make_spreads()[WEEK]}
    random = np.random.default_rng(5)
    is_multiclass = task is Task.MULTICLASS
    shares = random.choice([0.2, 0.2, 0.6], 20_000) if is_multiclass else random.beta(2, 3, 20_000)
    plain = {Task.BINARY: ["score"], Task.REGRESSION: ["value"]}
    names = plain.get(task) or [f"score {name}" for name in TARGETS[task].classes]
    scores = structs.replace(numeric_reference(shares.round(4)), spreads=spreads)
    return structs.replace(
        make_profile(spreads=spreads).reference,
        scores=dict.fromkeys(names, scores),
        longest_gap_days=longest_gap_days,
    )


def publish(folder: Path, task: Task = Task.BINARY, tags: Sequence[str] = (TAG,), **reference: Any) -> Place:
    """A place with models that can be drifted from."""
    registry = DirectoryRegistry(folder / "registry")
    for tag in tags:
        promised: dict[str, Any] = {"metrics": OF_VALUES} if task is Task.REGRESSION else {}
        made = make_drift_reference(task, **reference)
        registry.publish(make_bundle(folder / tag, task, tag, reference=made, **promised))
    return Place(folder=folder)


def write_journal(store: JournalStore, days: Sequence[Day]) -> None:
    """Journal each day as one request, its rows answered at noon, with what was reported of them."""
    for day in days:
        store.add(list(_records(day)))


def _records(day: Day) -> Iterator[Prediction | Outcome]:
    at = int(day.at.timestamp() * 1e6)
    request = IDS.new()
    yield Prediction(
        id=request, at=at, tag=day.tag, arm="champion", subject=None, request_id="abc", latency_us=1500, rows=len(day),
        is_batch=True, inputs=_raw(day.inputs), answers=_raw(day.answers), warnings=_raw([]),
    )  # fmt: skip
    for row, value in zip(row_ids(request, len(day)), day.outcomes, strict=True):
        if value is not None:
            yield Outcome(id=IDS.new(), at=at, prediction=row, value=value)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def to_frame(days: Sequence[Day], **columns: Any) -> pl.DataFrame:
    """The same rows as a table, with an id each; `columns` are added, or replace one, or drop it if None."""
    frames = []
    for number, day in enumerate(days):
        scores = day.answers.get("scores")
        answers = {f"score {name}": values for name, values in scores.items()} if scores else day.answers
        known = {"outcome": list(day.outcomes)} if any(value is not None for value in day.outcomes) else {}
        ids = [f"{number}-{row}" for row in range(len(day))]
        table = {"id": ids, "at": [day.at] * len(day), "tag": [day.tag] * len(day), **day.inputs, **answers, **known}
        frames.append(pl.DataFrame({name: values for name, values in table.items() if name != "label"}, strict=False))
    frame = pl.concat(frames, how="diagonal_relaxed")
    added = {name: pl.lit(value) for name, value in columns.items() if value is not None}
    return frame.with_columns(**added).drop([name for name, value in columns.items() if value is None])


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder with a registry, a journal and what drift keeps."""

    folder: Path

    @property
    def journal(self) -> Path:
        """A SQLite file."""
        return self.folder / "journal.db"

    @property
    def environment(self) -> dict[str, str]:
        """For a process of drift's."""
        return {
            "DRIFT_SOURCE": f"sqlite:{self.journal}",
            "DRIFT_DIR": str(self.folder / "drift"),
            "MODEL_REGISTRY": f"directory:{self.folder / 'registry'}",
        }

    def memory(self) -> Memory:
        """What a check left in the journal."""
        with closing(SqliteStore(self.journal)) as store:
            return read_memory(StoreSource(store).recall(MEMORY_NAME), str(self.journal))

    def write(self, days: Sequence[Day]) -> None:
        """Journal some days."""
        with closing(SqliteStore(self.journal)) as store:
            write_journal(store, days)

    def export(self, days: Sequence[Day], name: str = "rows.parquet", **columns: Any) -> Path:
        """Write some days to a file."""
        path, frame = self.folder / name, to_frame(days, **columns)
        if path.suffix == ".csv":
            frame.with_columns(at=pl.col("at").dt.to_string("iso:strict")).write_csv(path)
        else:
            frame.write_parquet(path)
        return path

    def check(self, day: int, source: Source | None = None, **how: Any) -> Checked:
        """Check the journal, or another source, on the morning of a day after the first Monday."""
        if source is None:
            with closing(SqliteStore(self.journal)) as store:
                return self.check(day, StoreSource(store), **how)
        options: dict[str, Any] = {"policy": POLICY, "forgets": False, **how}
        settings = DriftSettings.from_env(self.environment)
        checked = run_check(source, settings, now=morning(day), progress=lambda _: None, **options)
        checked.keep()
        return checked

    def check_file(self, day: int, path: Path, **how: Any) -> Checked:
        """The same of a file."""
        return self.check(day, open_source(str(path), {}, folder=self.folder / "drift"), **how)


def morning(day: int) -> datetime:
    """On which a check is made."""
    return MONDAY + day * ONE_DAY + timedelta(hours=5)
