from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.drift import Point, Rule, Severity
from core.effects import KnotCounts
from core.errors import SourceError
from core.packing import pack
from core.reference import DAY, WEEK
from drift.alerts.conditions import Kind
from drift.alerts.standing import after
from drift.counts import CategoricalCounts, NumericCounts, WindowCounts
from drift.memory import MOST_POINTS, Memory, read_memory, write_memory

OK, WARNING, ALERT = Severity.OK, Severity.WARNING, Severity.ALERT
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = st.text(max_size=8)
COUNTS = st.integers(0, 2**40)
SHARES = st.floats(0, 1)
MOMENTS = st.integers(0, 400).map(lambda day: MONDAY + timedelta(days=day))


@st.composite
def numeric(draw: st.DrawFn) -> NumericCounts:
    at = draw(st.lists(COUNTS, max_size=5))
    between = draw(st.lists(COUNTS, min_size=len(at) + 1, max_size=len(at) + 1))
    return NumericCounts(
        rows=draw(COUNTS),
        missing=draw(COUNTS),
        wrong=draw(COUNTS),
        outside=draw(COUNTS),
        total=draw(st.floats(allow_nan=False, allow_infinity=False)),
        quantiles=draw(st.one_of(st.just(()), st.tuples(*[st.floats(-1e38, 1e38)] * 5))),
        knots=KnotCounts(at=np.array(at, dtype=np.int64), between=np.array(between, dtype=np.int64)),
    )


CATEGORICAL = st.builds(
    CategoricalCounts,
    rows=COUNTS,
    missing=COUNTS,
    wrong=COUNTS,
    known=st.lists(COUNTS, max_size=5).map(lambda counts: np.array(counts, dtype=np.int64)),
    unseen=st.dictionaries(NAMES, COUNTS, max_size=3),
    other=COUNTS,
)
WINDOWS = st.builds(
    WindowCounts,
    rows=COUNTS,
    numeric=st.dictionaries(NAMES, numeric(), max_size=2),
    categorical=st.dictionaries(NAMES, CATEGORICAL, max_size=2),
    scores=st.dictionaries(NAMES, numeric(), max_size=2),
    absent=st.frozensets(NAMES, max_size=2),
    redacted=st.frozensets(NAMES, max_size=2),
)
POINTS = st.builds(
    Point,
    end=MOMENTS,
    effect=st.none() | SHARES,
    threshold=st.none() | SHARES,
    severity=st.sampled_from(Severity),
    rule=st.none() | st.sampled_from(Rule),
)


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    memory = Memory(
        days_until=draw(st.none() | MOMENTS),
        quality_until=draw(st.none() | MOMENTS),
        newest_day=draw(st.none() | MOMENTS),
        newest_tag=draw(st.none() | NAMES),
    )
    for name in draw(st.lists(NAMES, max_size=2)):
        tag = memory.tag(name)
        tag.days = draw(st.dictionaries(MOMENTS, WINDOWS, max_size=2))
        tag.season = draw(st.dictionaries(MOMENTS, WINDOWS, max_size=2))
        tag.history = {WEEK: draw(st.dictionaries(NAMES, st.lists(POINTS, max_size=3), max_size=2))}
        figures = st.dictionaries(NAMES, st.none() | st.floats(-1e9, 1e9), max_size=2)
        tag.quality = draw(st.lists(st.tuples(MOMENTS, figures), max_size=2))
    for kind in draw(st.lists(st.sampled_from(Kind))):
        severity, columns = draw(st.sampled_from(Severity)), draw(st.lists(NAMES, max_size=2))
        memory.keep_stream(kind, DAY, after(memory.stream(kind, DAY), severity, columns, draw(MOMENTS)))
    return memory


def plain(value: Any) -> Any:
    """A value in parts that can be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tolist()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    fields = getattr(type(value), "__dataclass_fields__", None)
    return value if fields is None else {name: plain(getattr(value, name)) for name in fields}


def make_memory() -> Memory:
    """A week of one tag."""
    memory = Memory(days_until=MONDAY, newest_tag="model-v1.0.0")
    ages = NumericCounts(
        rows=9,
        missing=1,
        wrong=0,
        outside=0,
        total=300.0,
        quantiles=(1.0, 2.0, 3.0, 4.0, 5.0),
        knots=KnotCounts(at=np.array([3, 2]), between=np.array([1, 1, 1])),
    )
    counts = WindowCounts(rows=9, numeric={"age": ages}, categorical={}, scores={})
    memory.tag("model-v1.0.0").days[MONDAY] = counts
    memory.tag("model-v1.0.0").note(WEEK, {"age": point(0)})
    return memory


def point(week: int, severity: Severity = OK) -> Point:
    return Point(end=MONDAY + timedelta(weeks=week), effect=0.01, threshold=0.05, severity=severity)


def noted(severities: list[Severity]) -> list[Point]:
    tag = Memory().tag("model-v1.0.0")
    for week, severity in enumerate(severities):
        tag.note(WEEK, {"age": point(week, severity)})
    return tag.history[WEEK]["age"]


@settings(max_examples=60, deadline=None)
@given(memories())
def test_everything_is_remembered(memory: Memory) -> None:
    content = write_memory(memory)
    again = read_memory(content, "here")

    assert plain(again) == plain(memory)
    assert write_memory(again) == content


def test_nothing_kept_is_nothing_remembered() -> None:
    assert read_memory(None, "here") == Memory()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"days_until": "yesterday"}',
        b'{"tags": {"model-v1.0.0": {"days": 3}}}',
        write_memory(make_memory())[:-20],
    ],
)
def test_what_is_damaged_is_named_with_the_way_out(content: bytes) -> None:
    with pytest.raises(SourceError, match=r"^here: what drift remembers cannot be read .* --forget$"):
        read_memory(content, "here")


@pytest.mark.parametrize("packed", ["", "no base 64", "eJwDAAAAAAE=", pack([np.array([3])])])
def test_damaged_counts_are_named(packed: str) -> None:
    document = json.loads(write_memory(make_memory()))
    document["tags"]["model-v1.0.0"]["days"]["2026-06-01T00:00:00Z"]["numeric"]["age"]["knots"]["at"] = packed

    with pytest.raises(SourceError, match=r"cannot be read .* --forget"):
        read_memory(json.dumps(document).encode(), "here")


def test_what_a_newer_slipway_wrote_is_left_to_it() -> None:
    document = json.loads(write_memory(make_memory())) | {"format": 99}

    with pytest.raises(SourceError, match="here: what drift remembers was written by a newer Slipway"):
        read_memory(json.dumps(document).encode(), "here")


def test_a_column_is_remembered_for_as_many_windows_as_are_drawn() -> None:
    assert noted([OK] * 30) == [point(week) for week in range(30 - MOST_POINTS, 30)]


def test_of_a_long_row_of_warnings_the_first_is_not_forgotten() -> None:
    found = noted([OK, OK, *[WARNING] * 40])

    assert len(found) == MOST_POINTS
    assert found[0] == point(2, WARNING)
    assert found[1:] == [point(week, WARNING) for week in range(43 - MOST_POINTS, 42)]


def test_a_row_of_warnings_that_ended_is_forgotten_as_all_else() -> None:
    assert noted([*[ALERT] * 30, OK])[0] == point(31 - MOST_POINTS, ALERT)


def test_what_is_remembered_does_not_grow_for_ever() -> None:
    memory = make_memory()
    sizes = []
    for week in range(3 * MOST_POINTS):
        memory.tag("model-v1.0.0").note(WEEK, {"age": point(week)})
        sizes.append(len(write_memory(memory)))
    assert max(sizes[MOST_POINTS:]) - min(sizes[MOST_POINTS:]) < 100


def test_kinds_and_lengths_stand_by_themselves() -> None:
    memory = Memory()
    memory.keep_stream(Kind.DRIFT, WEEK, after(memory.stream(Kind.DRIFT, WEEK), ALERT, ["age"], MONDAY))

    assert memory.stream(Kind.DRIFT, WEEK).columns == ("age",)
    assert memory.stream(Kind.DRIFT, DAY) == memory.stream(Kind.NO_DATA, WEEK) == Memory().stream(Kind.DRIFT, DAY)
