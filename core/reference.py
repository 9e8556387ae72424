"""The reference: what training looked like, column by column, for warnings now and for drift tests later."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.documents import Document

MAX_KNOTS = 1000


class NumericReference(Document, frozen=True, kw_only=True):
    """
    A numeric column of the training rows.

    `knots` are all distinct values where there are at most 1,000, else 1,000 values at equal ranks; `below`
    and `at_or_below` count the values smaller than, and not greater than, each knot, so the empirical
    distribution is exact at every knot. All three are empty for a column without values.
    """

    count: int
    missing: int
    knots: tuple[float, ...]
    below: tuple[int, ...]
    at_or_below: tuple[int, ...]

    @property
    def low(self) -> float:
        """Smallest training value; -inf when there was none, so that nothing is out of range."""
        return self.knots[0] if self.knots else -np.inf

    @property
    def high(self) -> float:
        """Largest training value; inf when there was none."""
        return self.knots[-1] if self.knots else np.inf


class CategoricalReference(Document, frozen=True, kw_only=True):
    """Counts of every category among the training rows, those outside the contract included."""

    count: int
    missing: int
    counts: dict[str, int]


class Reference(Document, frozen=True, kw_only=True):
    """The training rows' columns, and the validation rows' scores (one entry per score column)."""

    numeric: dict[str, NumericReference]
    categorical: dict[str, CategoricalReference]
    scores: tuple[NumericReference, ...]


def numeric_reference(values: NDArray[np.float64]) -> NumericReference:
    """
    Summarise a numeric column.

    Args:
        values: Shape (n,), NaN where missing.

    Source:
        Rank knots with left and right counts bound the error of a Kolmogorov-Smirnov distance by the largest
        mass between two knots, at most 1/999 here.
    """
    present = np.sort(values[~np.isnan(values)])
    knots = np.unique(present)
    if len(knots) > MAX_KNOTS:
        ranks = np.linspace(0, len(present) - 1, MAX_KNOTS).round().astype(int)
        knots = np.unique(present[ranks])
    return NumericReference(
        count=len(values),
        missing=len(values) - len(present),
        knots=tuple(knots.tolist()),
        below=tuple(np.searchsorted(present, knots, "left").tolist()),
        at_or_below=tuple(np.searchsorted(present, knots, "right").tolist()),
    )


def categorical_reference(values: Sequence[str | None]) -> CategoricalReference:
    """Count a categorical column; None is missing."""
    counts: dict[str, int] = {}
    for value in values:
        if value is not None:
            counts[value] = counts.get(value, 0) + 1
    present = sum(counts.values())
    return CategoricalReference(count=len(values), missing=len(values) - present, counts=dict(sorted(counts.items())))
