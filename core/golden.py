"""Golden rows: inputs with the scores a bundle must give before it may serve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.contract import Task
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

    def largest_gap(self, scores: NDArray[np.float64], task: Task) -> float:
        """
        How far given scores are from the golden ones at most; see `score_gap`.

        Args:
            scores: Shape (len(rows), score columns), in the order of `rows`.
            task: What the scores are.
        """
        expected = np.array([golden.score for golden in self.rows], dtype=np.float64)
        return score_gap(scores, expected, task)


def score_gap(scores: NDArray[np.float64], expected: NDArray[np.float64], task: Task) -> float:
    """
    Largest difference between scores.

    Probabilities are compared absolutely. A value is compared relative to its own size, or to the mean size of all
    where that is larger: a value near zero is often the sum of large ones, of which float32 keeps seven digits.

    Args:
        scores: Shape (n, score columns).
        expected: The same shape.
        task: What the scores are.

    Returns:
        The largest difference; infinity if any score is not finite; 0 for no rows.
    """
    gaps = np.abs(scores - expected)
    if not np.isfinite(gaps).all():
        return float("inf")
    if task is Task.REGRESSION and len(gaps):
        sizes = np.abs(expected)
        gaps = gaps / np.maximum(np.maximum(sizes, sizes.mean()), np.finfo(np.float64).tiny)
    return float(gaps.max(initial=0.0))
