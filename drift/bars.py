"""A column's distribution in few bars, to be drawn: the reference beside the window."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.drift import Bar
from core.effects import KnotCounts
from core.reference import Knots
from drift.counts import CategoricalCounts

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
    """
    values = knots.values
    if len(values) <= _MOST_INTERVALS and knots.is_exact:
        before, now = knots.at / knots.count, (window.at + window.between[:-1]) / window.count
        now[-1] += window.between[-1] / window.count
        return _bars([_number(value) for value in values.tolist()], before, now)
    low, high = knots.quantiles(_OUTER)
    # The outer intervals are open, so that no value is left out.
    inner = np.linspace(low, high, _MOST_INTERVALS + 1)[1:-1]
    upper = np.unique(np.searchsorted(values, inner, "right"))
    before = _by_interval(knots.at, np.append(knots.between, 0), upper) / knots.count
    now = _by_interval(window.at, window.between, upper) / window.count
    ends = [_number(values[min(end, len(values) - 1)]) for end in upper.tolist()]
    labels = [f"under {ends[0]}", *(f"from {end}" for end in ends)] if ends else ["all"]
    return _bars(labels, before, now)


def bars_of_categories(
    names: tuple[str, ...], reference: NDArray[np.int64], window: CategoricalCounts
) -> tuple[Bar, ...]:
    """
    The shares of the categories that changed most or are most frequent, and of all others together.

    Args:
        names: Of the reference's categories.
        reference: Rows of each; shape (k,).
        window: In the same order, and what the reference does not have.
    """
    labels = [*names, *window.unseen]
    before = np.concatenate([reference, np.zeros(len(window.unseen))]) / max(reference.sum(), 1)
    now = np.concatenate([window.known, np.array(list(window.unseen.values()))]) / max(window.present, 1)
    order = np.argsort(-np.maximum(np.maximum(before, now), 5 * np.abs(now - before)), kind="stable")[:MOST_BARS]
    shown = _bars([labels[place] for place in order], before[order], now[order])
    rest = Bar(
        label="all others",
        reference=round(max(1 - float(before[order].sum()), 0.0), _DIGITS),
        window=round(max(1 - float(now[order].sum()), 0.0), _DIGITS),
    )
    return (*shown, rest) if len(labels) > MOST_BARS else shown


def _by_interval(at: NDArray[np.int64], between: NDArray[np.int64], upper: NDArray[np.int64]) -> NDArray[np.float64]:
    """The values in each interval; what lies between two knots counts with the upper one."""
    counts = np.append(at, 0) + between
    starts = np.concatenate([[0], upper])
    sums = np.add.reduceat(counts, starts[starts < len(counts)])
    return sums.astype(np.float64)


def _bars(labels: list[str], before: NDArray[np.float64], now: NDArray[np.float64]) -> tuple[Bar, ...]:
    return tuple(
        Bar(label=label, reference=round(float(old), _DIGITS), window=round(float(new), _DIGITS))
        for label, old, new in zip(labels, before, now, strict=True)
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
