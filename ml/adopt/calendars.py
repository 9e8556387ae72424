"""Columns that follow the date: months, weekdays, hours, told by their values and their name."""

from __future__ import annotations

from collections.abc import Collection

from ml.adopt.names import words
from ml.adopt.profile import NumberProfile

# The last word of a name, and the whole numbers that it can mean.
_UNITS = {
    ("month", "mnth"): (0, 12),
    ("hour", "hr"): (0, 24),
    ("weekday", "dayofweek", "dow", "wday"): (0, 7),
    ("quarter", "qtr"): (0, 4),
    ("week", "weekofyear"): (0, 53),
    ("day", "dayofmonth", "dom", "mday"): (0, 31),
    ("dayofyear", "doy", "yday"): (0, 366),
    ("season",): (0, 4),
}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_CYCLES = (
    _WEEKDAYS,
    tuple(name[:3] for name in _WEEKDAYS),
    _MONTHS,
    tuple(name[:3] for name in _MONTHS),
    ("spring", "summer", "autumn", "winter"),
    ("spring", "summer", "fall", "winter"),
    ("q1", "q2", "q3", "q4"),
)


def calendar_range(name: str, numbers: NumberProfile) -> tuple[float, float] | None:
    """The range of a month, a weekday or an hour; None for a column that is none."""
    parts = words(name)
    for names, (low, high) in _UNITS.items():
        is_named = "".join(parts) in names or (bool(parts) and parts[-1] in names) or "".join(parts[-3:]) in names
        if is_named and numbers.whole and low <= numbers.low and numbers.high <= high:
            return float(min(1, numbers.low)), float(high)
    return None


def cycle_of(values: Collection[str]) -> tuple[str, ...] | None:
    """The names of weekdays, months, seasons or quarters that all of the values are; None if they are not."""
    small = {value.strip().lower() for value in values}
    for cycle in _CYCLES:
        if len(small) > 1 and small <= set(cycle):
            return cycle
    return None


def is_year(name: str, numbers: NumberProfile) -> bool:
    """Whether a column holds years, by its name and its values."""
    is_named = any(word in ("year", "yr", "yyyy", "built", "vintage") for word in words(name))
    return is_named and numbers.whole and numbers.low >= 1500 and numbers.high <= 2200
