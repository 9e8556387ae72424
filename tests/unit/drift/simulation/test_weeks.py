from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import SourceError
from core.journal.sqlite import SqliteStore
from core.registry import DirectoryRegistry
from drift.columns import Columns
from drift.models import Models
from drift.simulation.weeks import last_weeks
from drift.sources import open_source
from tests.factories import make_bundle

TAG, OTHER = "model-v1.0.0", "model-v1.1.0"
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def models(tmp_path: Path) -> Models:
    registry = DirectoryRegistry(tmp_path / "registry")
    for tag in (TAG, OTHER):
        registry.publish(make_bundle(tmp_path / tag, tag=tag))
    return Models(registry=registry)


def row(day: float, *, age: float = 40.0, tag: str = TAG) -> dict[str, Any]:
    """A row so many days after the first Monday."""
    return {"at": (MONDAY + timedelta(days=day)).isoformat(), "tag": tag, "age": age, "city": "Oslo", "score": 0.5}


def weeks(
    models: Models, folder: Path, rows: list[dict[str, Any]], *, now: float = 99, count: int = 8
) -> tuple[str, list[list[float]]]:
    """The tag, and the ages of each week in the order of their times."""
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    model, found = last_weeks(
        open_source(str(path), {}, folder=folder), models, now=MONDAY + timedelta(days=now), count=count
    )
    return model.tag, [ages(week) for week in found]


def ages(week: Columns) -> list[float]:
    return [float(week.numeric["age"][place]) for place in week.at.argsort()]


def test_weeks_go_from_monday_to_sunday(models: Models, tmp_path: Path) -> None:
    rows = [row(0, age=1), row(6.99, age=2), row(7, age=3), row(13.5, age=4), row(14, age=5)]
    assert weeks(models, tmp_path, rows) == (TAG, [[1, 2], [3, 4]])


@pytest.mark.parametrize(("now", "expected"), [(13.9, 1), (14, 2), (20, 2), (21, 3), (22, 3)])
def test_a_week_that_is_not_over_is_left_out(models: Models, tmp_path: Path, now: float, expected: int) -> None:
    assert len(weeks(models, tmp_path, [row(day) for day in range(21)], now=now)[1]) == expected


def test_of_many_weeks_the_last_are_taken_and_empty_ones_passed_over(models: Models, tmp_path: Path) -> None:
    rows = [row(7 * week + 6, age=week) for week in range(6) if week != 4]
    assert weeks(models, tmp_path, rows, count=3) == (TAG, [[3], [5]])


def test_only_the_rows_of_the_newest_model_count(models: Models, tmp_path: Path) -> None:
    rows = [row(1, age=1), row(2, age=2, tag=OTHER), row(8, age=3), row(9, age=4, tag=OTHER), row(13, age=5)]
    assert weeks(models, tmp_path, rows) == (TAG, [[1], [3, 5]])
    assert weeks(models, tmp_path, [*rows, row(13.5, age=6, tag=OTHER)]) == (OTHER, [[2], [4, 6]])


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([row(1)], "holds no complete week, from Monday to Sunday, yet"),
        ([row(500)], "holds no complete week, from Monday to Sunday, yet"),
        ([row(6, tag="model-v9.0.0")], "the rows of model-v9.0.0 cannot be compared: "),
        ([row(6, tag="nonsense")], "the rows of nonsense cannot be compared: "),
    ],
)
def test_where_there_is_nothing_to_try_it_is_said_why(
    models: Models, tmp_path: Path, rows: list[dict[str, Any]], sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence):
        weeks(models, tmp_path, rows)


def test_an_empty_journal_is_named(models: Models, tmp_path: Path) -> None:
    SqliteStore(tmp_path / "journal.db").close()
    source = open_source(f"sqlite:{tmp_path}/journal.db", {}, folder=tmp_path)

    with pytest.raises(SourceError, match=r"journal\.db holds no rows yet"):
        last_weeks(source, models, now=MONDAY, count=8)
