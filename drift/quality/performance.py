"""Figures of quality on rows whose outcome is known, with 95 % intervals from formulas."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import special

from core.contract import Task
from core.intervals import held
from core.manifest import Metric
from drift.quality.labelled import NO_CLASS

# Of all others less is better.
HIGHER_IS_BETTER: Final = frozenset({"accuracy", "auc", "coverage"})
_DEFAULT_THRESHOLD: Final = 0.5
_Z: Final = float(special.ndtri(0.975))
_UNDEFINED: Final = Metric(value=None)
# With fewer rows of a class the spread of an area under the curve is not known.
_MIN_OF_CLASS: Final = 10
# As at training: no loss is above 16.
_LEAST_PROBABILITY: Final = 1e-7


def measure(
    scores: NDArray[np.float64],
    outcomes: NDArray[np.float64],
    task: Task,
    threshold: float | None,
    ends: NDArray[np.float64] | None = None,
) -> dict[str, Metric]:
    """
    The figures of the task, by the same definitions as at training.

    The intervals take rows for independent, which those of one day are not: they tell how well so many rows can know a
    figure, not how much days differ.

    Args:
        scores: Finite, shape (n, score columns).
        outcomes: Class codes or values, shape (n,); `NO_CLASS` is a miss and the greatest loss, and left out of the
            area under the curve.
        task: Decides which figures there are.
        threshold: Of a binary answer; None is 0.5.
        ends: Low and high of each value of a regression, shape (n, 2); None without intervals.

    Returns:
        By name: accuracy, auc, brier, log_loss (binary); accuracy, log_loss (multiclass); mae, rmse, and with intervals
        coverage, the share of outcomes that they hold (regression). A figure is undefined without rows, an area under
        the curve with one class.

    Source:
        Wilson, "Probable inference" (1927), for accuracy and coverage; DeLong, DeLong and Clarke-Pearson (1988) for the
        area under the curve; the normal approximation for means of losses.
    """
    if task is Task.REGRESSION:
        error = np.abs(scores[:, 0] - outcomes)
        figures = {"mae": mean(error), "rmse": _root(mean(error**2))}
        return figures if ends is None else {**figures, "coverage": wilson(held(outcomes, ends))}
    if task is Task.MULTICLASS:
        hits = scores.argmax(axis=1) == outcomes if len(outcomes) else np.zeros(0, dtype=bool)
        return {"accuracy": wilson(hits), "log_loss": mean(_log_loss_rows(scores, outcomes))}
    score, happened, is_class = scores[:, 0], outcomes == 1, outcomes != NO_CLASS
    answered = score >= (_DEFAULT_THRESHOLD if threshold is None else threshold)
    both = np.stack([1 - score, score], axis=1)
    return {
        "accuracy": wilson((answered == happened) & is_class),
        "auc": area_under_curve(score[is_class], happened[is_class]),
        "brier": mean(np.where(is_class, (score - happened) ** 2, 1.0), highest=1.0),
        "log_loss": mean(_log_loss_rows(both, outcomes)),
    }


def _log_loss_rows(scores: NDArray[np.float64], outcomes: NDArray[np.float64]) -> NDArray[np.float64]:
    given = scores[np.arange(len(outcomes)), outcomes.astype(np.int64)]
    loss: NDArray[np.float64] = -np.log(np.clip(np.where(outcomes == NO_CLASS, 0.0, given), _LEAST_PROBABILITY, 1))
    return loss


def wilson(hits: NDArray[np.bool_]) -> Metric:
    """A share with the interval of Wilson, which stays in [0, 1] and is right near its ends; hits of shape (n,)."""
    n = len(hits)
    if not n:
        return _UNDEFINED
    share, shrink = float(hits.mean()), 1 + _Z**2 / n
    centre = (share + _Z**2 / (2 * n)) / shrink
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / shrink
    return Metric(value=share, low=max(centre - half, 0.0), high=min(centre + half, 1.0))


def mean(losses: NDArray[np.float64], *, highest: float = math.inf) -> Metric:
    """The mean of losses from 0 to `highest`, shape (n,); without an interval where there are fewer than two."""
    n = len(losses)
    if not n:
        return _UNDEFINED
    value = float(losses.mean())
    if n == 1:
        return Metric(value=value)
    half = _Z * float(losses.std(ddof=1)) / math.sqrt(n)
    return Metric(value=value, low=max(value - half, 0.0), high=min(value + half, highest))


def _root(squared: Metric) -> Metric:
    """
    The root of a mean of squares, and of the ends of its interval.

    The delta method, which gives the same to first order, is too sure when a few errors make up most of the mean.
    """
    value, low, high = (None if end is None else math.sqrt(end) for end in (squared.value, squared.low, squared.high))
    return Metric(value=value, low=low, high=high)


def area_under_curve(scores: NDArray[np.float64], happened: NDArray[np.bool_]) -> Metric:
    """
    The share of pairs, one that happened and one that did not, in which the former has the higher score.

    Args:
        scores: Shape (n,).
        happened: Shape (n,).

    Returns:
        Undefined with one class; without an interval with fewer than 10 rows of a class. Equal scores are half a pair.

    Source:
        Sun and Xu, "Fast implementation of DeLong's algorithm" (2014): by midranks, in n log n.
    """
    positives, negatives = int(happened.sum()), int((~happened).sum())
    if not positives or not negatives:
        return _UNDEFINED
    ranks, rank = scipy.stats.rankdata(scores), scipy.stats.rankdata
    above = (ranks[happened] - rank(scores[happened])) / negatives
    below = 1 - (ranks[~happened] - rank(scores[~happened])) / positives
    value = float(above.mean())
    if min(positives, negatives) < _MIN_OF_CLASS:
        return Metric(value=value)
    half = _Z * math.sqrt(above.var(ddof=1) / positives + below.var(ddof=1) / negatives)
    return Metric(value=value, low=max(value - half, 0.0), high=min(value + half, 1.0))
