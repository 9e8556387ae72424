"""Whether a column looks as if it came in another unit than the model was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# How near the quantiles must be to what a factor makes of them, and how many of the five.
_TOLERANCE, _MIN_AGREEING = 0.05, 4
# The same for a unit that the column's own is usually mistaken for: values move a little by themselves as well.
_NAMED_TOLERANCE: Final = 0.08
# How near the median must be where any factor will do, so that a doubling is not taken for knots.
_MEDIAN_TOLERANCE: Final = 0.02

_NAMES: Final = {
    "mi": "miles", "km": "kilometres", "m": "metres", "ft": "feet", "in": "inches", "cm": "centimetres",
    "mm": "millimetres", "s": "seconds", "ms": "milliseconds", "min": "minutes", "h": "hours", "d": "days",
    "lb": "pounds", "kg": "kilograms", "g": "grams", "degF": "degrees Fahrenheit", "degC": "degrees Celsius",
    "K": "kelvins", "mph": "miles an hour", "km/h": "kilometres an hour", "m/s": "metres a second", "kn": "knots",
    "hPa": "hectopascals", "Pa": "pascals", "kPa": "kilopascals", "inHg": "inches of mercury",
}  # fmt: skip
# What one of each is in the first of its kind.
_SIZES: Final[tuple[Mapping[str, float], ...]] = (
    {"m": 1, "km": 1000, "cm": 0.01, "mm": 0.001, "mi": 1609.344, "ft": 0.3048, "in": 0.0254},
    {"s": 1, "ms": 0.001, "min": 60, "h": 3600, "d": 86_400},
    {"kg": 1, "g": 0.001, "lb": 0.45359237},
    {"m/s": 1, "km/h": 1 / 3.6, "mph": 0.44704, "kn": 1852 / 3600},
    {"Pa": 1, "hPa": 100, "kPa": 1000, "inHg": 3386.389},
)
_TEMPERATURES: Final[Mapping[tuple[str, str], tuple[float, float]]] = {
    ("degF", "degC"): (5 / 9, -160 / 9),
    ("degC", "degF"): (9 / 5, 32.0),
    ("degC", "K"): (1.0, 273.15),
    ("K", "degC"): (1.0, -273.15),
}
_FACTORS: Final = (0.3048, 0.45359237, 0.5144, 1.609344, 2.54, 24.0, 25.4, 60.0, 100.0, 1000.0, 3600.0, 1e6)
# Two units that differ by less are not told from values that changed.
_MIN_FACTOR: Final = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """Values of one unit become `slope * value + intercept` in another, whose name is empty where it is not known."""

    unit: str
    slope: float
    intercept: float = 0.0


def unit_hint(reference: Sequence[float], window: Sequence[float], unit: str) -> str | None:
    """
    A likely change of unit.

    A factor is recognised when the median is within 5 %, and it and at least 3 other quantiles within 8 %, of what it
    makes of them (2 % and 5 % where the other unit is not one that the column's own is usually mistaken for); a column
    of median 0 tells nothing. Degrees are recognised when at least 4 quantiles are within 5 % of the distance of the
    outer two, which tells other degrees from other weather.

    Args:
        reference: Quantiles at 5, 25, 50, 75 and 95 % of what the model was given at training.
        window: The same of the window.
        unit: Of the reference, such as `mi`; may be empty or unknown here, then the other unit has no name.

    Returns:
        Such as "looks like kilometres where the model was given miles (x 1.609)"; None where nothing is likely.
    """
    before, after = np.asarray(reference, dtype=np.float64), np.asarray(window, dtype=np.float64)
    if len(before) != 5 or len(after) != 5 or not (np.isfinite(before).all() and np.isfinite(after).all()):
        return None
    for change in _changes(unit):
        if _agrees(before, after, change):
            return _sentence(change, unit)
    return None


def _changes(unit: str) -> list[_Change]:
    """What may have happened to a unit, the most telling first."""
    found = [_Change(unit=to, slope=a, intercept=b) for (of, to), (a, b) in _TEMPERATURES.items() if of == unit]
    for sizes in _SIZES:
        if unit in sizes:
            found += [_Change(unit=to, slope=sizes[unit] / size) for to, size in sizes.items() if to != unit]
    found += [_Change(unit="", slope=slope) for factor in _FACTORS for slope in (factor, 1 / factor)]
    return [change for change in found if change.intercept or max(change.slope, 1 / change.slope) >= _MIN_FACTOR]


def _agrees(before: NDArray[np.float64], after: NDArray[np.float64], change: _Change) -> bool:
    expected = change.slope * before + change.intercept
    gap = np.abs(after - expected)
    if change.intercept:
        tolerance = _TOLERANCE * (expected[-1] - expected[0])
        is_possible = tolerance > 0 and int((np.abs(after - before) <= tolerance).sum()) < _MIN_AGREEING
        return is_possible and int((gap <= tolerance).sum()) >= _MIN_AGREEING
    median_tolerance, tolerance = (_TOLERANCE, _NAMED_TOLERANCE) if change.unit else (_MEDIAN_TOLERANCE, _TOLERANCE)
    is_possible = expected[2] != 0 and gap[2] <= median_tolerance * abs(expected[2])
    return is_possible and int((gap <= tolerance * np.abs(expected)).sum()) >= _MIN_AGREEING


def _sentence(change: _Change, unit: str) -> str:
    if change.unit:
        how = "" if change.intercept else f" (x {_short(change.slope)})"
        return f"looks like {_NAMES[change.unit]} where the model was given {_NAMES[unit]}{how}"
    given = f" where the model was given {_NAMES.get(unit, unit)}" if unit else " than the model was given"
    return f"looks like another unit{given} (x {_short(change.slope)})"


def _short(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 1000 else f"{factor:.4g}"
