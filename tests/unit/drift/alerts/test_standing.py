from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.drift import Severity
from core.reference import WEEK
from drift.alerts.conditions import Condition, Kind
from drift.alerts.standing import after, condition, unless_long_past
from drift.memory import Memory

OK, INFO, WARNING, ERROR = Severity.OK, Severity.INFO, Severity.WARNING, Severity.ERROR
ALERT, CRITICAL, TOO_FEW = Severity.ALERT, Severity.CRITICAL, Severity.INSUFFICIENT_DATA
FIRST = datetime(2026, 6, 8, tzinfo=UTC)


def end(window: int) -> datetime:
    return FIRST + timedelta(weeks=window)


def standing(*streams: Sequence[Severity], columns: Sequence[str] = ("age",)) -> Condition:
    """How rows of windows stand, each about the same columns where it is alarming."""
    found = []
    for severities in streams:
        stream = Memory().stream(Kind.DRIFT, WEEK)
        for place, severity in enumerate(severities):
            stream = after(stream, severity, columns, end(place))
        found.append(stream)
    return condition("model", Kind.DRIFT, found)


@pytest.mark.parametrize(
    ("severities", "severity", "since", "clean"),
    [
        ([], OK, None, 0),
        ([OK], OK, None, 1),
        ([OK, INFO, WARNING], WARNING, None, 3),
        ([ALERT], ALERT, 0, 0),
        ([OK, ALERT, CRITICAL], CRITICAL, 1, 0),
        ([ALERT, OK], OK, 0, 1),
        ([ALERT, OK, ALERT], ALERT, 0, 0),
        ([ALERT, OK, WARNING], WARNING, None, 2),
        ([ALERT, OK, OK, OK], OK, None, 3),
        ([ALERT, OK, OK, ALERT], ALERT, 3, 0),
        ([ALERT, TOO_FEW, ERROR], ALERT, 0, 0),
        ([ALERT, OK, TOO_FEW], OK, 0, 1),
        ([TOO_FEW, ERROR], OK, None, 0),
    ],
)
def test_a_row_of_windows_stands_as_its_newest_do(
    severities: list[Severity], severity: Severity, since: int | None, clean: int
) -> None:
    found = standing(severities)
    assert (found.severity, found.since, found.clean_windows) == (
        severity,
        None if since is None else end(since),
        clean,
    )
    assert found.columns == (("age",) if severity.is_alarming else ())


@pytest.mark.parametrize(
    ("days", "weeks", "severity", "since", "clean"),
    [
        ([OK, OK, OK], [OK], OK, None, 3),
        ([ALERT], [OK], ALERT, 0, 0),
        ([OK, OK], [OK, ALERT], ALERT, 1, 0),
        ([ALERT, OK, OK], [OK, ALERT], ALERT, 1, 0),
        ([OK, ALERT, OK], [ALERT, OK, OK], OK, 1, 1),
        ([ALERT, CRITICAL], [OK, OK, ALERT], CRITICAL, 0, 0),
        ([TOO_FEW], [ALERT, OK, OK], OK, None, 2),
        ([ALERT, OK], [], OK, 0, 1),
    ],
)
def test_a_condition_is_alarming_while_any_row_is_and_clean_when_all_are(
    days: list[Severity], weeks: list[Severity], severity: Severity, since: int | None, clean: int
) -> None:
    found = standing(days, weeks)
    assert (found.severity, found.since, found.clean_windows) == (
        severity,
        None if since is None else end(since),
        clean,
    )


def test_the_columns_are_sorted_and_each_is_named_once() -> None:
    assert standing([ALERT], [ALERT], columns=("city", "age", "city")).columns == ("age", "city")


def test_before_the_first_window_nothing_is_known_to_be_clean() -> None:
    assert condition("model", Kind.DRIFT, []).clean_windows == 0


@pytest.mark.parametrize(("days", "is_over"), [(0, False), (1, True)])
def test_trouble_is_over_when_no_window_has_counted_for_long(days: int, *, is_over: bool) -> None:
    stream = after(Memory().stream(Kind.DRIFT, WEEK), ALERT, ["age"], end(0))
    stream = after(stream, TOO_FEW, [], end(3))
    found = condition("model", Kind.DRIFT, [unless_long_past(stream, end(0) + timedelta(days=days))])
    assert (found.severity, found.since is None) == ((OK, True) if is_over else (ALERT, False))
    assert found.clean_windows == (2 if is_over else 0)
