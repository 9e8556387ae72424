"""Where the marks of a plot lie: in a field that is 100 wide and 100 high, with its origin above and to the left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SIDE: Final = 100.0
# Of a column's place, that it fills.
_FILLED: Final = 0.8
# What is there at all can be seen.
_LEAST: Final = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A horizontal stroke."""

    x1: float
    x2: float
    y: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """What lies between two heights at a place, and a value between them."""

    x: float
    low: float
    value: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Intervals:
    """
    Intervals beside each other.

    Attributes:
        spans: Of each.
        zero: The height of nothing.
        top, bottom: What the upper and the lower edge stand for.
        goal: The height of a value that is to be reached.
    """

    spans: tuple[Span, ...]
    zero: float
    goal: float
    top: float
    bottom: float


def columns(values: Sequence[float], most: float | None = None) -> tuple[Box, ...]:
    """
    A column for each value that is not 0.

    Args:
        values: None is negative.
        most: What reaches the upper edge; by default the largest.
    """
    most = most or max(values, default=0.0)
    step = SIDE / len(values) if values else SIDE
    heights = [max(_LEAST, SIDE * min(1.0, value / most)) if value else 0.0 for value in values]
    return tuple(
        Box(
            x=_round((place + (1 - _FILLED) / 2) * step),
            y=_round(SIDE - height),
            width=_round(_FILLED * step),
            height=_round(height),
        )
        for place, height in enumerate(heights)
        if height
    )


def strokes(values: Sequence[float], most: float) -> tuple[Mark, ...]:
    """A stroke above each place of `columns`, as high as its value."""
    step = SIDE / len(values) if values else SIDE
    return tuple(
        Mark(x1=_round(place * step), x2=_round((place + 1) * step), y=_round(SIDE * (1 - min(1.0, value / most))))
        for place, value in enumerate(values)
    )


def intervals(found: Sequence[tuple[float, float, float]], goal: float) -> Intervals:
    """
    Intervals as low, value and high, from the left to the right.

    The newer half decides what fits, as the first ones may be so wide that nothing is seen of the others.

    Args:
        found: At least one.
        goal: A value that is shown beside 0.
    """
    newer = found[len(found) // 2 :]
    bottom = min(0.0, goal, *(low for low, _, _ in newer))
    top = max(0.0, goal, *(high for _, _, high in newer))
    # With some air above and below, where all are 0 too.
    air = 0.1 * (top - bottom) or 1.0
    top, bottom = top + air, bottom - air

    def height(value: float) -> float:
        return _round(SIDE * min(1.0, max(0.0, (top - value) / (top - bottom))))

    step = SIDE / len(found)
    spans = (
        Span(x=_round((place + 0.5) * step), low=height(low), value=height(value), high=height(high))
        for place, (low, value, high) in enumerate(found)
    )
    return Intervals(spans=tuple(spans), zero=height(0.0), goal=height(goal), top=top, bottom=bottom)


def _round(value: float) -> float:
    return round(value, 2)
