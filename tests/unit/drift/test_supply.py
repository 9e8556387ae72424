from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.drift import Severity
from drift.supply import supply_of

NOW = datetime(2026, 11, 26, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest", "allowed", "severity", "quiet_days"),
    [
        (NOW, 0, Severity.OK, 0),
        (NOW - timedelta(hours=29), 0, Severity.OK, 0),
        (NOW - timedelta(hours=31), 0, Severity.ALERT, 1),
        (NOW - timedelta(hours=31), 1, Severity.OK, 1),
        (NOW - timedelta(days=4), 3, Severity.OK, 3),
        (NOW - timedelta(days=5), 3, Severity.ALERT, 4),
        (NOW + timedelta(days=9), 0, Severity.OK, 0),
    ],
)
def test_more_complete_days_without_a_row_than_are_usual_are_an_alert(
    newest: datetime, allowed: int, severity: Severity, quiet_days: int
) -> None:
    found = supply_of(newest, NOW, allowed, is_known=True)
    assert (found.severity, found.quiet_days, found.allowed_quiet_days) == (severity, quiet_days, allowed)


def test_days_are_those_of_utc() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert supply_of(late, NOW, 0, is_known=True).quiet_days == 0


@pytest.mark.parametrize(
    ("is_known", "severity", "sentence"),
    [
        (False, Severity.INSUFFICIENT_DATA, "The journal holds no row yet."),
        (True, Severity.ALERT, "The journal is empty, and was not before."),
    ],
)
def test_an_empty_journal_is_an_alert_only_if_it_was_not_before(
    is_known: bool, severity: Severity, sentence: str
) -> None:
    found = supply_of(None, NOW, 2, is_known=is_known)
    assert (found.severity, found.sentence, found.newest) == (severity, sentence, None)


@pytest.mark.parametrize(
    ("allowed", "sentence"),
    [
        (0, "No row comes any more; a complete day without one is not usual."),
        (1, "No row comes any more; up to a complete day without one is usual."),
        (2, "No row comes any more; up to 2 complete days without one are usual."),
    ],
)
def test_the_sentence_is_the_same_each_day(allowed: int, sentence: str) -> None:
    days = [supply_of(NOW, NOW + timedelta(days=days), allowed, is_known=True).sentence for days in (5, 6, 9)]
    assert days == [sentence] * 3


def test_rows_that_come_are_no_news() -> None:
    assert supply_of(NOW, NOW, 0, is_known=True).sentence == "Rows come as usual."
