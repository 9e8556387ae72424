"""How the scores of what was answered are distributed, beside what the holdout promised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from app.console.collected import Collected, Spread
from app.console.plots import Box, Mark, columns, strokes
from app.console.words import counted, number, share
from core.contract import Target, Task
from core.reference import Knots

SCORE: Final = "slipway_prediction_score"
# Of several classes the reference has each score, and not that of the label.
PROMISED: Final = {Task.BINARY: "score", Task.REGRESSION: "value"}
_NAMES: Final = {
    Task.BINARY: "score",
    Task.MULTICLASS: "probability of the label",
    Task.REGRESSION: "value",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """Scores between two bounds, as shares; of the holdout's none where it does not say."""

    name: str
    share: str
    expected: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """
    The scores that a model gave.

    Attributes:
        title: Whose they are.
        summary: In a sentence.
        peak: The share that the upper edge stands for.
        first, last: The ends of the axis.
        buckets: From the lowest.
        boxes: A column for each bucket with scores.
        expected: A stroke for each bucket, where the holdout says; else empty.
    """

    title: str
    summary: str
    peak: str
    first: str
    last: str
    buckets: tuple[Bucket, ...]
    boxes: tuple[Box, ...]
    expected: tuple[Mark, ...]


def scores_of(found: Collected, target: Target, champion: str, promised: Knots | None) -> tuple[Scores, ...]:
    """
    What each model answered, the champion first.

    Args:
        found: What was counted.
        target: What is predicted.
        champion: The tag that `promised` is of.
        promised: The distribution on its holdout; None where there is none of one score.
    """
    spreads = {tag: spread for (tag,), spread in found.spreads(SCORE, "model_tag").items()}
    ordered = sorted(spreads, key=lambda tag: (tag != champion, tag))
    return tuple(_shown(tag, spreads[tag], target, promised if tag == champion else None) for tag in ordered)


def _shown(tag: str, spread: Spread, target: Target, promised: Knots | None) -> Scores:
    spread = _without_empty_end(spread)
    shares = [count / spread.total for count in spread.counts]
    expected = _expected(spread, promised) if promised else []
    most = max([*shares, *expected])
    names = _bucket_names(spread.bounds)
    largest = shares.index(max(shares))
    rows = counted(spread.total, "row")
    what = _NAMES[target.task]
    return Scores(
        title=tag,
        summary=f"{rows}; most have a {what} {names[largest]} ({share(shares[largest])})",
        peak=share(most),
        first="0" if target.task is not Task.REGRESSION else f"up to {number(spread.bounds[0])}",
        last="1" if target.task is not Task.REGRESSION else _last(spread.bounds),
        buckets=tuple(
            Bucket(name=name, share=share(part), expected=share(expected[place]) if expected else "")
            for place, (name, part) in enumerate(zip(names, shares, strict=True))
        ),
        boxes=columns(shares, most),
        expected=strokes(expected, most) if expected else (),
    )


def _without_empty_end(spread: Spread) -> Spread:
    """Of probabilities none is above 1."""
    if math.isinf(spread.bounds[-1]) and not spread.counts[-1] and len(spread.bounds) > 1:
        return Spread(bounds=spread.bounds[:-1], counts=spread.counts[:-1])
    return spread


def _expected(spread: Spread, promised: Knots) -> list[float]:
    # A bucket holds its upper bound; the next number is the first that it does not hold.
    above = [math.nextafter(bound, math.inf) for bound in spread.bounds]
    reached = [1.0 if math.isinf(bound) else promised.share_below(bound) for bound in above]
    return [after - before for before, after in pairwise([0.0, *reached])]


def _bucket_names(bounds: Sequence[float]) -> list[str]:
    names = [f"up to {number(bounds[0])}" if not math.isinf(bounds[0]) else "of any size"]
    for before, after in pairwise(bounds):
        names.append(f"above {number(before)}" if math.isinf(after) else f"from {number(before)} to {number(after)}")
    return names


def _last(bounds: Sequence[float]) -> str:
    finite = [bound for bound in bounds if not math.isinf(bound)]
    if not finite:
        return ""
    return f"above {number(finite[-1])}" if math.isinf(bounds[-1]) else number(finite[-1])
