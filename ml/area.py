"""The area under the ROC curve, for many weightings of the same rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_AREA_BINS = 2000


class AreaUnderCurve:
    """
    Area under the ROC curve of weighted rows, the sort done once for all weights.

    scikit-learn's `roc_auc_score` sorts at every call, which made the intervals take minutes.
    """

    def __init__(self, scores: NDArray[np.float64], target: NDArray[np.float64]) -> None:
        self._order = np.argsort(scores, kind="stable")
        ordered = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self._positive = target[self._order] == 1

    def __call__(self, weights: NDArray[np.float64]) -> float:
        """The area with such weights, shape (n,); NaN where only one class has any."""
        ordered = weights[self._order]
        positives = np.add.reduceat(np.where(self._positive, ordered, 0.0), self._starts)
        negatives = np.add.reduceat(np.where(self._positive, 0.0, ordered), self._starts)
        pairs = positives.sum() * negatives.sum()
        if pairs == 0:
            return float("nan")
        below = np.cumsum(negatives) - negatives
        return float((positives * (below + negatives / 2)).sum() / pairs)

    def of_draws(self, blocks: NDArray[np.int64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        The areas of bootstrap draws.

        Rows are counted by score and block once, whatever the number of draws. Of more than 2,000 different scores
        neighbours count as equal, which moves an area by less than 1e-4; as it moves that of all rows alike, that
        much is put back.

        Args:
            blocks: The block of each row, from 0, shape (n,).
            counts: How often each block occurs in each draw, shape (draws, blocks).

        Returns:
            NaN for a draw of one class only; shape (draws,).
        """
        size = counts.shape[1]
        bins = np.minimum(self._starts * _AREA_BINS // len(blocks), _AREA_BINS - 1)
        if len(bins) <= _AREA_BINS:
            bins = np.arange(len(bins))
        places = np.repeat(bins, np.diff(np.r_[self._starts, len(blocks)])) * size + blocks[self._order]
        length = (int(bins[-1]) + 1) * size
        all_rows = np.bincount(places, minlength=length).reshape(-1, size).astype(np.float64)
        positive = np.bincount(places, self._positive, length).reshape(-1, size)
        areas = _areas(positive @ counts.T, (all_rows - positive) @ counts.T)
        whole = _areas(positive.sum(axis=1, keepdims=True), (all_rows - positive).sum(axis=1, keepdims=True))
        areas += self(np.ones(len(blocks))) - whole[0]
        return areas


def _areas(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area of each column, where the rows of both classes are counted by rising score; NaN without both."""
    below = np.cumsum(negatives, axis=0) - negatives
    pairs = positives.sum(axis=0) * negatives.sum(axis=0)
    with np.errstate(invalid="ignore"):
        areas: NDArray[np.float64] = (positives * (below + negatives / 2)).sum(axis=0) / pairs
    return areas
