"""The reference: what a model was made and judged on, column by column, small enough to travel with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from msgspec import field
from numpy.typing import NDArray

from core.documents import Document
from core.packing import pack, unpack

MAX_KNOTS: Final = 1000
MAX_CATEGORIES: Final = 1000
DAY, WEEK = "1d", "7d"
# How far an ensemble's members lie apart on a row: a field of answers, and a column beside those of the scores.
DISAGREEMENT: Final = "disagreement"
WINDOW_DAYS: Final = {DAY: 1, WEEK: 7}


class Spread(Document, frozen=True, kw_only=True):
    """
    How far the windows of the reference lie from the rest of it, each left out in turn.

    Attributes:
        windows: How many there were.
        mean, sd, highest: Of the distances; the standard deviation is that of a sample.
    """

    windows: int
    mean: float
    sd: float
    highest: float


class Spreads(Document, frozen=True, kw_only=True):
    """
    The spreads of a column for windows of one length.

    Attributes:
        effect: Kolmogorov-Smirnov distance, or total variation distance.
        missing: Absolute difference of the shares without a value.
        unseen: For a categorical column: share of rows whose category the rest does not have.
        mean: For a score: absolute difference of the means.
    """

    effect: Spread
    missing: Spread
    unseen: Spread | None = None
    mean: Spread | None = None


class NumericReference(Document, frozen=True, kw_only=True):
    """
    A numeric column.

    Attributes:
        count: Rows.
        missing: Of these, without a value.
        low, high: The smallest and largest value that training saw; None if it saw none.
        mean, sd: Of the present values; None if there are none.
        packed: The knots, how many values each equals, and how many lie between it and the one before.
        spreads: By length of window; empty where the rows have no times.
    """

    count: int
    missing: int
    low: float | None
    high: float | None
    mean: float | None
    sd: float | None
    packed: str
    spreads: dict[str, Spreads] = field(default_factory=dict)

    def knots(self) -> Knots:
        """
        The distribution.

        Raises:
            ValueError: if it was damaged.
        """
        return Knots.unpack(self.packed, self.count - self.missing)


class CategoricalReference(Document, frozen=True, kw_only=True):
    """
    A categorical column.

    Attributes:
        count: Rows.
        missing: Of these, without a value.
        counts: Rows of each category, those outside the contract included; at most the 1,000 most frequent.
        other: Rows of the categories beyond these.
        singletons: How many categories have a single row.
        untrained: Categories that the training rows do not have.
        spreads: By length of window; empty where the rows have no times.
    """

    count: int
    missing: int
    counts: dict[str, int]
    other: int = 0
    singletons: int = 0
    untrained: tuple[str, ...] = ()
    spreads: dict[str, Spreads] = field(default_factory=dict)

    def was_trained(self, category: str) -> bool:
        """Whether training saw a category, or may have: where not all are kept by name, one may be among the others."""
        if category in self.counts:
            return category not in self.untrained
        return self.other > 0


class Reference(Document, frozen=True, kw_only=True):
    """
    All rows that were known at training; the scores are of those that the members were not fitted on.

    Attributes:
        numeric, categorical: By feature.
        scores: By score column: `score`, `score CLASS` for each class, or `value`; and `disagreement`, which older
            bundles and those of a single member have not.
        rows: How many.
        start, end: First and last time, ISO 8601; None without a time column.
        longest_gap_days: Most days in a row without a row; 0 if every day has some or there are no times.
        importances: How much the loss grows, in per cent, when a feature is shuffled.
    """

    numeric: dict[str, NumericReference]
    categorical: dict[str, CategoricalReference]
    scores: dict[str, NumericReference]
    rows: int
    start: str | None = None
    end: str | None = None
    longest_gap_days: int = 0
    importances: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Knots:
    """
    An empirical distribution, exact at its knots.

    All distinct values are knots where there are at most 1,000, else values at equal ranks. Between two knots the
    distribution is only known to rise by the mass that lies there, which bounds the error of a distance.

    Attributes:
        values: The knots, rising; float64, shape (k,).
        at: How many values equal each knot; int64, shape (k,).
        between: How many lie between the knot before and each knot; int64, shape (k,).
        count: Values altogether.
    """

    values: NDArray[np.float64]
    at: NDArray[np.int64]
    between: NDArray[np.int64]
    count: int

    @classmethod
    def of(cls, present: NDArray[np.float64], most: int = MAX_KNOTS) -> Knots:
        """
        The distribution of some values.

        Args:
            present: Without NaN, in any order; shape (n,).
            most: Knots at most.
        """
        ordered = np.sort(present)
        values = ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered
        if len(values) > most:
            values = np.unique(ordered[np.linspace(0, len(ordered) - 1, most).round().astype(int)])
        below, at_or_below = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
        return cls(
            values=values,
            at=at_or_below - below,
            between=below - np.concatenate([[0], at_or_below[:-1]])[: len(values)],
            count=len(ordered),
        )

    @classmethod
    def unpack(cls, packed: str, count: int) -> Knots:
        """
        The inverse of `pack`.

        Raises:
            ValueError: if the lists are not a distribution of so many values.
        """
        lists = unpack(packed)
        if len(lists) != 3 or len({len(numbers) for numbers in lists}) != 1:
            raise ValueError("is not three lists of equal length")
        values, at, between = lists[0], lists[1].astype(np.int64), lists[2].astype(np.int64)
        sound = np.isfinite(values).all() and (np.diff(values) > 0).all() and (at > 0).all() and (between >= 0).all()
        if not sound or at.sum() + between.sum() != count:
            raise ValueError(f"is no distribution of {count} values")
        return cls(values=values, at=at, between=between, count=count)

    def pack(self) -> str:
        """As a text."""
        return pack([self.values, self.at, self.between])

    @cached_property
    def at_or_below(self) -> NDArray[np.int64]:
        """How many values are not greater than each knot; shape (k,)."""
        return np.cumsum(self.at + self.between)

    @cached_property
    def below(self) -> NDArray[np.int64]:
        """How many values are smaller than each knot; shape (k,)."""
        return self.at_or_below - self.at

    @property
    def is_exact(self) -> bool:
        """Whether every value is a knot."""
        return not self.between.any()

    @property
    def largest_gap(self) -> float:
        """The largest share of the values between two knots, which bounds the error of a distance, in [0, 1]."""
        return float(self.between.max() / self.count) if self.count else 0.0

    def share_below(self, value: float) -> float:
        """The share of the values that are surely smaller than one, in [0, 1]; of no values 0."""
        place = int(np.searchsorted(self.values, value, "left"))
        return float(self.at_or_below[place - 1] / self.count) if place else 0.0

    def quantiles(self, levels: tuple[float, ...]) -> tuple[float, ...]:
        """The smallest knots at or below which at least such shares of the values lie; empty without values."""
        if not self.count:
            return ()
        wanted = np.ceil(np.array(levels) * self.count)
        return tuple(self.values[np.searchsorted(self.at_or_below, wanted).clip(max=len(self.values) - 1)].tolist())


def numeric_reference(values: NDArray[np.float64], most: int = MAX_KNOTS) -> NumericReference:
    """
    Summarise a numeric column that training saw; spreads are for others to add.

    Args:
        values: Shape (n,), NaN where missing.
        most: Knots at most.
    """
    # In order, as sums of floats depend on it and equal rows must give equal bytes.
    present = np.sort(values[~np.isnan(values)])
    return NumericReference(
        count=len(values),
        missing=len(values) - len(present),
        low=float(present.min()) if len(present) else None,
        high=float(present.max()) if len(present) else None,
        mean=_rounded(present.mean()) if len(present) else None,
        sd=_rounded(present.std(ddof=1)) if len(present) > 1 else None,
        packed=Knots.of(present, most).pack(),
    )


def categorical_reference(values: Iterable[str | None]) -> CategoricalReference:
    """Summarise a categorical column that training saw, None where missing; spreads are for others to add."""
    found = Counter(values)
    missing = found.pop(None, 0)
    return counted_reference({text: rows for text, rows in found.items() if text is not None}, missing)


def counted_reference(rows: Mapping[str, int], missing: int) -> CategoricalReference:
    """
    Summarise a categorical column that training saw; spreads are for others to add.

    Args:
        rows: How many rows each category has, at least one.
        missing: How many have none.
    """
    # The most frequent first, and by name where they are equal: equal rows must give equal bytes.
    ordered = sorted(rows.items(), key=lambda entry: (-entry[1], entry[0]))
    return CategoricalReference(
        count=sum(rows.values()) + missing,
        missing=missing,
        counts=dict(sorted(ordered[:MAX_CATEGORIES])),
        other=sum(count for _, count in ordered[MAX_CATEGORIES:]),
        singletons=sum(count == 1 for count in rows.values()),
    )


def _rounded(value: np.floating[Any]) -> float:
    return float(f"{value:.9g}")
