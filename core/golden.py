"""Golden rows: inputs with the scores a bundle must give before it may serve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.documents import Document

GOLDEN_COUNT = 32
TOLERANCE = 1e-5


class GoldenRow(Document, frozen=True, kw_only=True):
    """One row as a caller would send it, and its score, one number per score column."""

    row: dict[str, float | str | None]
    score: tuple[float, ...]


class GoldenRows(Document, frozen=True, kw_only=True):
    """The golden rows of a bundle."""

    rows: tuple[GoldenRow, ...]

    def largest_gap(self, scores: NDArray[np.float64]) -> float:
        """
        How far given scores are from the golden ones at most.

        Args:
            scores: Shape (len(rows), score columns), in the order of `rows`.
        """
        expected = np.array([golden.score for golden in self.rows], dtype=np.float64)
        return relative_gap(scores, expected)


def relative_gap(scores: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """
    Largest difference between scores, relative to the largest expected score, or to 1 where that is smaller.

    Probabilities are so compared absolutely; a regression's values on the scale that they have, as float32 keeps seven
    digits of the largest number in a sum and not of the result.

    Args:
        scores: Shape (n, score columns).
        expected: The same shape.

    Returns:
        The largest difference; infinity if any score is not finite; 0 for no rows.
    """
    gaps = np.abs(scores - expected) / np.abs(expected).max(initial=1.0)
    if not np.isfinite(gaps).all():
        return float("inf")
    return float(gaps.max(initial=0.0))
