"""A column's distribution in few bars, to be drawn: the reference beside the window."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.drift import Bar
from core.effects import KnotCounts
from core.reference import Knots
from drift.counts import CategoricalCounts
from drift.phrases import numbers

MOST_BARS: Final = 11
_MOST_INTERVALS: Final = 24
_DIGITS: Final = 6
# What lies farther out is drawn in the outer intervals.
_OUTER: Final = (0.005, 0.995)


def bars_of_numbers(knots: Knots, window: KnotCounts) -> tuple[Bar, ...]:
    """
    A number's shares by value, where there are few, or by interval.

    Args:
        knots: Of the reference, with at least one value.
        window: Counted at them, with at least one value.

    Returns:
        At most 24, the values rising; the outer ones hold what lies farther out, so that no value is left out. The
        labels are distinct, and of up to 15 signs.
    """
    values = knots.values
    if len(values) <= _MOST_INTERVALS and knots.is_exact:
        before, now = knots.at / knots.count, (window.at + window.between[:-1]) / window.count
        now[-1] += window.between[-1] / window.count
        return _bars(numbers(values.tolist()), before, now)
    upper = _upper_ends(knots)
    before = _by_interval(knots.at, np.append(knots.between, 0), upper) / knots.count
    now = _by_interval(window.at, window.between, upper) / window.count
    ends = numbers(values[upper - 1].tolist())
    return _bars([*(f"≤ {end}" for end in ends), f"> {ends[-1]}"], before, now)


def _upper_ends(knots: Knots) -> NDArray[np.int64]:
    """How many knots lie below the upper end of each interval, or at it; rising, without the last, open interval."""
    low, high = knots.quantiles(_OUTER)
    # Where nearly all values are one, what is below it, it, and what is above.
    inner = np.linspace(low, high, _MOST_INTERVALS + 1)[1:-1] if low < high else [np.nextafter(low, -np.inf), low]
    upper = np.unique(np.searchsorted(knots.values, inner, "right"))
    return upper[upper > 0]


def bars_of_categories(
    names: tuple[str, ...], reference: NDArray[np.int64], window: CategoricalCounts, *, other: int = 0
) -> tuple[Bar, ...]:
    """
    The shares of the categories that changed most or are most frequent, and of all others together.

    Args:
        names: Of the reference's categories.
        reference: Rows of each; shape (k,).
        window: In the same order, and what the reference does not have.
        other: Rows of the categories that the reference has and does not name; any that it does not name may be one.
    """
    unseen = {} if other else window.unseen
    labels = [*names, *unseen]
    before = np.concatenate([reference, np.zeros(len(unseen))]) / max(reference.sum() + other, 1)
    now = np.concatenate([window.known, np.array(list(unseen.values()))]) / max(window.present, 1)
    order = np.argsort(-np.maximum(np.maximum(before, now), 5 * np.abs(now - before)), kind="stable")[:MOST_BARS]
    shown = _bars([labels[place] for place in order], before[order], now[order])
    if len(labels) <= MOST_BARS and not other:
        return shown
    rest = Bar(
        label=_rest_beside({bar.label for bar in shown}),
        reference=round(max(1 - float(before[order].sum()), 0.0), _DIGITS),
        window=round(max(1 - float(now[order].sum()), 0.0), _DIGITS),
    )
    return (*shown, rest)


def _rest_beside(names: set[str]) -> str:
    return "all others" if "all others" not in names else "(all others)"


def _by_interval(at: NDArray[np.int64], between: NDArray[np.int64], upper: NDArray[np.int64]) -> NDArray[np.float64]:
    """The values in each interval; what lies between two knots counts with the upper one."""
    sums = np.add.reduceat(np.append(at, 0) + between, np.append(0, upper))
    return sums.astype(np.float64)


def _bars(labels: list[str], before: NDArray[np.float64], now: NDArray[np.float64]) -> tuple[Bar, ...]:
    return tuple(
        Bar(label=label, reference=round(float(old), _DIGITS), window=round(float(new), _DIGITS))
        for label, old, new in zip(labels, before, now, strict=True)
    )
