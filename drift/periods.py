"""Days and weeks by UTC, weeks from Monday on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

ONE_DAY: Final = timedelta(days=1)
ONE_WEEK: Final = timedelta(days=7)


def midnight(moment: datetime) -> datetime:
    """With which the day of a moment begins."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def monday(moment: datetime) -> datetime:
    """With which the week of a moment begins."""
    day = midnight(moment)
    return day - day.weekday() * ONE_DAY


def complete(start: datetime, length: timedelta, now: datetime) -> Iterator[datetime]:
    """The beginnings of the periods from `start` on that are over, at a day's end."""
    end = midnight(now)
    while start + length <= end:
        yield start
        start += length
