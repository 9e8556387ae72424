"""From the values that were seen to the range that callers may send: generous and round."""

from __future__ import annotations

import math
from collections.abc import Callable

from ml.adopt.profile import NumberProfile

_YEAR_MARGIN = 20.0


def friendly_range(numbers: NumberProfile) -> tuple[float, float]:
    """
    The values seen, and half of their span again on each side, rounded outwards.

    Never below 0 where nothing is negative, nor above 0 where nothing is positive. Percentages from 0 to 100 stay
    within, and so does what is only ever 0 or 1. A few outliers do not widen the margin, but lie within the range.
    """
    low, high = numbers.low, numbers.high
    if numbers.unit == "%" and low >= 0 and high <= 100:
        return 0.0, 100.0
    if (low, high) == (0.0, 1.0):
        return low, high
    inner_low, inner_high = bulk(numbers)
    margin = (inner_high - inner_low) / 2 or max(1.0, abs(high) / 2)
    wide_low, wide_high = min(low, inner_low - margin), max(high, inner_high + margin)
    step = _step(wide_high - wide_low)
    wide_low, wide_high = _rounded(wide_low, step, math.floor), _rounded(wide_high, step, math.ceil)
    # Rounding to a float may end a hair inside of what was seen.
    wide_low, wide_high = min(low, wide_low), max(high, wide_high)
    return (max(0.0, wide_low) if low >= 0 else wide_low), (min(0.0, wide_high) if low < 0 >= high else wide_high)


def year_range(numbers: NumberProfile) -> tuple[float, float]:
    """Of years: whole decades, with at least one decade and at most two of what is to come."""
    margin = max(10.0, (numbers.high - numbers.low) / 2)
    low, high = numbers.low - margin, numbers.high + min(margin, _YEAR_MARGIN)
    return math.floor(low / 10) * 10.0, math.ceil(high / 10) * 10.0


def bulk(numbers: NumberProfile) -> tuple[float, float]:
    """The smallest and the largest value, but for outliers on either side."""
    inner = numbers.high_tail - numbers.low_tail
    low = numbers.low_tail if has_outlier(numbers.low_tail - numbers.low, inner) else numbers.low
    high = numbers.high_tail if has_outlier(numbers.high - numbers.high_tail, inner) else numbers.high
    return low, high


def has_outlier(beyond: float, inner: float) -> bool:
    """Whether a value lies so far beyond the tail quantile that it may be an error or a code for nothing."""
    return inner > 0 and beyond > 3 * inner


def _step(span: float) -> float:
    """The largest of 1, 2, 5, 10, 20 and so on that is no more than a tenth of a span."""
    power = 10.0 ** math.floor(math.log10(span / 10))
    return power * max((factor for factor in (2, 5) if factor * power <= span / 10), default=1)


def _rounded(value: float, step: float, towards: Callable[[float], int]) -> float:
    """The next multiple of a step, written with no more digits than the step has."""
    return round(towards(value / step) * step, max(0, 1 - math.floor(math.log10(step))))
