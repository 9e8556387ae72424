"""A window as counts beside a reference: small, additive, and all that the tests need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.contract import MAX_MAGNITUDE, CategoricalFeature, Contract, NumericFeature
from core.effects import KnotCounts, count_at_knots
from core.reference import Knots, Reference
from drift.columns import Columns

# Of categories that the reference does not have, so many are kept by name.
MAX_UNSEEN: Final = 1000
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, kw_only=True, slots=True)
class NumericCounts:
    """
    A numeric column of a window; the counts of two windows add up.

    Attributes:
        rows: Of the window.
        missing: Rows without a value, the wrong ones included.
        wrong: Values of another type or no finite number.
        outside: Values beyond the contract's bounds.
        total: Sum of the values, of each at most what a contract allows, so that it is always finite.
        quantiles: At 5, 25, 50, 75 and 95 %; of two windows the mean, weighted by rows; empty without values.
        knots: The values, counted at the reference's knots.
    """

    rows: int
    missing: int
    wrong: int
    outside: int
    total: float
    quantiles: tuple[float, ...]
    knots: KnotCounts

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    def __add__(self, other: NumericCounts) -> NumericCounts:
        return NumericCounts(
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            wrong=self.wrong + other.wrong,
            outside=self.outside + other.outside,
            total=self.total + other.total,
            quantiles=_mixed(self, other),
            knots=self.knots + other.knots,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoricalCounts:
    """
    A categorical column of a window; the counts of two windows add up.

    Attributes:
        rows: Of the window.
        missing: Rows without a value, the wrong ones included.
        wrong: Values that are no text.
        known: Rows of each category of the reference, in its order; int64, shape (k,).
        unseen: Rows of each other category, the most frequent first, at most 1,000 of them.
        other: Rows of the categories beyond these.
    """

    rows: int
    missing: int
    wrong: int
    known: NDArray[np.int64]
    unseen: Mapping[str, int]
    other: int = 0

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    def __add__(self, other: CategoricalCounts) -> CategoricalCounts:
        names = dict(self.unseen)
        for name, count in other.unseen.items():
            names[name] = names.get(name, 0) + count
        unseen, beyond = _most_frequent(names)
        return CategoricalCounts(
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            wrong=self.wrong + other.wrong,
            known=self.known + other.known,
            unseen=unseen,
            other=self.other + other.other + beyond,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowCounts:
    """
    A window of one tag; the counts of two windows add up.

    Attributes:
        rows: In it.
        numeric, categorical: By feature; those that are absent or redacted are there too.
        scores: By score column.
        absent: Features that no row has.
        redacted: Features of which only is known whether they were missing.
    """

    rows: int
    numeric: Mapping[str, NumericCounts]
    categorical: Mapping[str, CategoricalCounts]
    scores: Mapping[str, NumericCounts]
    absent: frozenset[str] = field(default=frozenset())
    redacted: frozenset[str] = field(default=frozenset())

    def __add__(self, other: WindowCounts) -> WindowCounts:
        return WindowCounts(
            rows=self.rows + other.rows,
            numeric={name: counts + other.numeric[name] for name, counts in self.numeric.items()},
            categorical={name: counts + other.categorical[name] for name, counts in self.categorical.items()},
            scores={name: counts + other.scores[name] for name, counts in self.scores.items()},
            absent=_absent_in_both(self, other),
            redacted=self.redacted | other.redacted,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """
    A reference, unpacked once for many windows.

    Attributes:
        contract: Of the model.
        reference: As it lies in the bundle.
        knots: By numeric feature.
        scores: The knots of each score column.
        places: By categorical feature, the place of each category of the reference.
        shares: By categorical feature, rows of each category, in the same order; int64, shape (k,).
    """

    contract: Contract
    reference: Reference
    knots: Mapping[str, Knots]
    scores: Mapping[str, Knots]
    places: Mapping[str, Mapping[str, int]]
    shares: Mapping[str, NDArray[np.int64]]

    @classmethod
    def of(cls, contract: Contract, reference: Reference) -> Profile:
        """
        Unpack a reference.

        Raises:
            ValueError: if it was damaged.
        """
        categories = {name: column.counts for name, column in reference.categorical.items()}
        return cls(
            contract=contract,
            reference=reference,
            knots={name: column.knots() for name, column in reference.numeric.items()},
            scores={name: column.knots() for name, column in reference.scores.items()},
            places={name: {category: i for i, category in enumerate(counts)} for name, counts in categories.items()},
            shares={name: np.array(list(counts.values()), dtype=np.int64) for name, counts in categories.items()},
        )


def count_window(columns: Columns, profile: Profile) -> WindowCounts:
    """Count the rows of a window at the reference's knots and categories."""
    rows, features = len(columns), profile.contract.features
    # Of what is dropped nobody knows which rows had it: none of them counts, also where days are put together.
    known = {feature.name: 0 if feature.name in columns.dropped else rows for feature in features}
    return WindowCounts(
        rows=rows,
        numeric={
            feature.name: _numeric(
                columns.numeric[feature.name][: known[feature.name]],
                profile.knots[feature.name].values,
                columns.wrong.get(feature.name, 0),
                feature,
            )
            for feature in features
            if isinstance(feature, NumericFeature)
        },
        categorical={
            feature.name: _categorical(
                columns.categorical[feature.name].codes[: known[feature.name]],
                columns.categorical[feature.name].categories,
                profile.places[feature.name],
                columns.wrong.get(feature.name, 0),
            )
            for feature in features
            if isinstance(feature, CategoricalFeature)
        },
        scores={
            name: _numeric(columns.scores.get(name, np.full(rows, np.nan)), knots.values, columns.wrong.get(name, 0))
            for name, knots in profile.scores.items()
        },
        absent=columns.absent,
        redacted=columns.redacted,
    )


def merged(windows: Iterable[WindowCounts]) -> WindowCounts:
    """The counts of several windows, at least one, as those of one."""
    return reduce(add, windows)


def aligned(reference: CategoricalCounts, window: CategoricalCounts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both as rows of the same categories; what is kept by no name on either side is one category."""
    names = sorted(reference.unseen.keys() | window.unseen.keys())
    if reference.other or window.other:
        # A category that is named here may be among the nameless there.
        others = [each.other + sum(each.unseen.values()) for each in (reference, window)]
        return np.append(reference.known, others[0]), np.append(window.known, others[1])
    before, now = (
        np.concatenate([each.known, np.array([each.unseen.get(name, 0) for name in names], dtype=np.int64)])
        for each in (reference, window)
    )
    return before, now


def _numeric(
    values: NDArray[np.float64], knots: NDArray[np.float64], wrong: int, feature: NumericFeature | None = None
) -> NumericCounts:
    # Sorted here, as both the counts and the quantiles want it.
    present = np.sort(values[~np.isnan(values)])
    inside = len(present)
    if feature is not None:
        inside = int(np.searchsorted(present, feature.high, "right") - np.searchsorted(present, feature.low, "left"))
    return NumericCounts(
        rows=len(values),
        missing=len(values) - len(present),
        wrong=wrong,
        outside=len(present) - inside,
        total=_total(present),
        quantiles=_quantiles(present),
        knots=count_at_knots(present, knots),
    )


def _total(ordered: NDArray[np.float64]) -> float:
    if len(ordered) and max(-ordered[0], ordered[-1]) > MAX_MAGNITUDE:
        ordered = ordered.clip(-MAX_MAGNITUDE, MAX_MAGNITUDE)
    return float(ordered.sum())


def _quantiles(ordered: NDArray[np.float64]) -> tuple[float, ...]:
    if not len(ordered):
        return ()
    return tuple(ordered[[int(level * (len(ordered) - 1)) for level in QUANTILES]].tolist())


def _mixed(first: NumericCounts, second: NumericCounts) -> tuple[float, ...]:
    if not (first.quantiles and second.quantiles):
        return first.quantiles or second.quantiles
    share = first.present / (first.present + second.present)
    return tuple(share * a + (1 - share) * b for a, b in zip(first.quantiles, second.quantiles, strict=True))


def _absent_in_both(first: WindowCounts, second: WindowCounts) -> frozenset[str]:
    # A window without rows knows of no column whether it would have it.
    if not (first.rows and second.rows):
        return first.absent | second.absent
    return first.absent & second.absent


def _categorical(
    codes: NDArray[np.int32], categories: Sequence[str], places: Mapping[str, int], wrong: int
) -> CategoricalCounts:
    # The place of a missing value is before all others.
    counts = np.bincount(codes + 1, minlength=len(categories) + 1)
    known, unseen = np.zeros(len(places), dtype=np.int64), {}
    for category, count in zip(categories, counts[1:].tolist(), strict=True):
        place = places.get(category)
        if place is not None:
            known[place] = count
        elif count:
            unseen[category] = count
    named, beyond = _most_frequent(unseen)
    return CategoricalCounts(
        rows=len(codes), missing=int(counts[0]), wrong=wrong, known=known, unseen=named, other=beyond
    )


def _most_frequent(unseen: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """The most frequent categories by name, and the rows of all others."""
    ordered = sorted(unseen.items(), key=lambda entry: (-entry[1], entry[0]))
    return dict(ordered[:MAX_UNSEEN]), sum(count for _, count in ordered[MAX_UNSEEN:])
