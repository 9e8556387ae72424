"""Days and weeks by UTC, whatever zone a moment is in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from drift.periods import ONE_DAY, ONE_WEEK, complete, midnight, monday

NEW_YORK = timezone(timedelta(hours=-5))
THURSDAY = datetime(2026, 11, 26, tzinfo=UTC)


def test_a_day_and_a_week_begin_by_utc() -> None:
    evening = datetime(2026, 11, 25, 21, 30, tzinfo=NEW_YORK)
    assert (midnight(evening), monday(evening)) == (THURSDAY, THURSDAY - 3 * ONE_DAY)
    assert monday(monday(evening)) == monday(evening)


@pytest.mark.parametrize(("hours", "count"), [(0, 0), (167, 0), (168, 1), (191, 1), (336, 2)])
def test_only_what_is_over_is_complete(hours: int, count: int) -> None:
    found = list(complete(THURSDAY, ONE_WEEK, THURSDAY + timedelta(hours=hours)))
    assert found == [THURSDAY + week * ONE_WEEK for week in range(count)]
