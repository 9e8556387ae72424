"""The ends of prediction intervals: what lies below and above a value, out of a manifest's knots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.manifest import Intervals


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Band:
    """A manifest's intervals, ready to be used; the arrays are of shape (knots,)."""

    level: float
    values: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    @classmethod
    def of(cls, intervals: Intervals) -> Band:
        """The band of a manifest."""
        return cls(
            level=intervals.level,
            values=np.array(intervals.values),
            lower=np.array(intervals.lower),
            upper=np.array(intervals.upper),
        )

    def around(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        The two ends around each value.

        Args:
            values: As a model answers them, shape (n,).

        Returns:
            Low and high, in the same unit, shape (n, 2); a value is never outside of its own.
        """
        ends = np.empty((len(values), 2))
        ends[:, 0] = values + np.interp(values, self.values, self.lower)
        ends[:, 1] = values + np.interp(values, self.values, self.upper)
        return ends


def held(outcomes: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.bool_]:
    """
    Which outcomes lie within their interval, both ends included.

    Args:
        outcomes: Shape (n,).
        ends: Low and high of each, shape (n, 2).
    """
    inside: NDArray[np.bool_] = (outcomes >= ends[:, 0]) & (outcomes <= ends[:, 1])
    return inside
