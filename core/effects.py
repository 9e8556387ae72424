"""How far a window lies from a reference: distances that training calibrates and drift tests, computed in one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.reference import Knots, Spread


@dataclass(frozen=True, kw_only=True, slots=True)
class KnotCounts:
    """
    Values counted at the knots of a reference; the counts of several windows add up.

    Attributes:
        at: How many equal each knot; int64, shape (k,).
        between: How many lie before the first knot, between two, and after the last; int64, shape (k + 1,).
    """

    at: NDArray[np.int64]
    between: NDArray[np.int64]

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: if the two do not fit together.
        """
        if len(self.between) != len(self.at) + 1:
            raise ValueError(f"{len(self.at)} knots have {len(self.at) + 1} gaps, not {len(self.between)}")

    @property
    def count(self) -> int:
        """How many values were counted."""
        return int(self.at.sum() + self.between.sum())

    @property
    def below(self) -> NDArray[np.int64]:
        """How many are smaller than each knot; shape (k,)."""
        return np.cumsum(self.at + self.between[:-1]) - self.at

    def __add__(self, other: KnotCounts) -> KnotCounts:
        return KnotCounts(at=self.at + other.at, between=self.between + other.between)


def count_at_knots(present: NDArray[np.float64], knots: NDArray[np.float64]) -> KnotCounts:
    """
    Count values at knots.

    Args:
        present: Without NaN, in any order; shape (n,).
        knots: Rising; shape (k,).
    """
    ordered = np.sort(present)
    below, at_or_below = np.searchsorted(ordered, knots, "left"), np.searchsorted(ordered, knots, "right")
    ends = np.concatenate([[0], at_or_below])
    return KnotCounts(at=at_or_below - below, between=np.append(below, len(ordered)) - ends)


def counts_of(knots: Knots) -> KnotCounts:
    """A reference's own values as counts at its knots."""
    return KnotCounts(at=knots.at, between=np.append(knots.between, 0))


def ks_distance(reference: KnotCounts, window: KnotCounts) -> float:
    """
    The Kolmogorov-Smirnov distance: the largest gap between the two empirical distributions.

    Exact, and equal to scipy's to the last bit, where every value of the reference is a knot; else too small by at
    most the reference's largest gap.

    Args:
        reference: With at least one value.
        window: Counted at the same knots, with at least one value.

    Returns:
        In [0, 1].

    Source:
        Hodges, "The significance probability of the Smirnov two-sample test" (1958).
    """
    before, now, n_before, n_now = reference.below, window.below, reference.count, window.count
    left = before / n_before - now / n_now
    right = (before + reference.at) / n_before - (now + window.at) / n_now
    return float(max(np.abs(left).max(), np.abs(right).max()))


def total_variation(reference: NDArray[np.int64], window: NDArray[np.int64]) -> float:
    """
    Half of what the shares of all categories differ by: the share of rows that would have to change.

    Args:
        reference: Rows of each category; shape (k,), with at least one row.
        window: The same, with at least one row.

    Returns:
        In [0, 1].
    """
    difference = np.abs(reference / reference.sum() - window / window.sum()).sum()
    return float(min(difference / 2, 1.0))


def ks_distances_left_out(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """
    Each window's Kolmogorov-Smirnov distance from all others together.

    Args:
        counts: Values by window and place, the places in the order of the values; shape (windows, places), with
            at least one value in each window and in any two.

    Returns:
        Shape (windows,), in [0, 1].
    """
    rest = counts.sum(axis=0) - counts
    own, others = np.cumsum(counts, axis=1), np.cumsum(rest, axis=1)
    distances: NDArray[np.float64] = np.abs(own / own[:, -1:] - others / others[:, -1:]).max(axis=1)
    return distances


def total_variations_left_out(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each window's total variation distance from all others together; as `ks_distances_left_out`."""
    rest = counts.sum(axis=0) - counts
    shares = counts / counts.sum(axis=1, keepdims=True) - rest / rest.sum(axis=1, keepdims=True)
    distances: NDArray[np.float64] = np.abs(shares).sum(axis=1) / 2
    return distances


def spread_of(distances: NDArray[np.float64]) -> Spread:
    """
    Summarise distances, rounded so that equal rows give equal bytes on every machine.

    Args:
        distances: Of each window; shape (windows,), at least two.
    """
    mean, sd, highest = distances.mean(), distances.std(ddof=1), distances.max()
    return Spread(
        windows=len(distances), mean=round(float(mean), 6), sd=round(float(sd), 6), highest=round(float(highest), 6)
    )
