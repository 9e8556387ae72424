"""What the members of an ensemble say together: their weighted mean, calibrated, and how far they lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.contract import Target, Task
from core.manifest import Calibration

# Of a disagreement.
DIGITS: Final = 6

Weights = Sequence[float] | NDArray[np.float64]


class Opinions(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    What the members say of rows, and what they say together.

    Attributes:
        scores: The ensemble's, calibrated; shape (n, score columns).
        disagreement: How far its members lie apart, as `disagreement` says, to six decimals; one a row.
        members: The scores of each, as its graph gave them; float32, shape (n, score columns).
    """

    scores: NDArray[np.float64]
    disagreement: list[float]
    members: Sequence[NDArray[np.float32]]


def weighted_mean(members: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """
    The members' scores as one.

    Summed member by member: a matrix product adds up in an order that depends on how many rows there are, and a row
    must score the same alone and in a batch.

    Args:
        members: Shape (members, n, score columns).
        weights: Shape (members,).

    Returns:
        Shape (n, score columns).
    """
    mean: NDArray[np.float64] = np.zeros(members.shape[1:])
    for weight, scores in zip(weights, members, strict=True):
        mean = mean + weight * scores
    return mean


def disagreement(members: NDArray[np.float64], weights: Weights, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    How far the members lie apart: their weighted standard deviation around their mean.

    Of several score columns the variances are added up, so that it is sqrt(sum_m w_m sum_c (s_mc - mean_c)^2).

    Args:
        members: Shape (members, n, score columns).
        weights: Shape (members,), adding up to 1.
        mean: The members' weighted mean, shape (n, score columns).

    Returns:
        In the unit of a score, at least 0; shape (n,).
    """
    variance: NDArray[np.float64] = np.zeros(len(mean))
    for weight, scores in zip(weights, members, strict=True):
        variance = variance + weight * ((scores - mean) ** 2).sum(axis=1)
    return np.sqrt(variance)


def combine(
    members: NDArray[np.float64], weights: Weights, calibration: Calibration, task: Task
) -> NDArray[np.float64]:
    """
    The members' weighted mean, calibrated.

    Args:
        members: Shape (members, n, score columns).
        weights: Shape (members,), adding up to 1.
        calibration: One curve per score column, or none.
        task: Multiclass scores are made to add up to 1 after calibration.

    Returns:
        Shape (n, score columns).
    """
    return calibrate(weighted_mean(members, weights), calibration, task)


def calibrate(mean: NDArray[np.float64], calibration: Calibration, task: Task) -> NDArray[np.float64]:
    """
    The members' weighted mean along the calibration's curves.

    Args:
        mean: Shape (n, score columns).
        calibration: One curve per score column, or none.
        task: Multiclass scores are made to add up to 1 after calibration.

    Returns:
        Shape (n, score columns).
    """
    if not calibration.curves:
        return mean
    columns = [np.interp(mean[:, index], curve.raw, curve.calibrated) for index, curve in enumerate(calibration.curves)]
    calibrated = np.stack(columns, axis=1)
    if task is Task.MULTICLASS:
        total = calibrated.sum(axis=1, keepdims=True)
        # All classes calibrated to zero says nothing; the uncalibrated mean then stands.
        calibrated = np.where(total > 0, calibrated / np.where(total > 0, total, 1.0), mean)
    return calibrated


def labels(scores: NDArray[np.float64], target: Target, threshold: float | None) -> list[str] | None:
    """
    What is answered to rows of such scores.

    Args:
        scores: Shape (n, score columns).
        target: What they are scores of.
        threshold: From which probability on the positive class is answered; None for never, and for other tasks.

    Returns:
        A class for each row, the first one of several that are as likely; None for regression.
    """
    if target.task is Task.REGRESSION:
        return None
    if target.task is Task.MULTICLASS:
        return [target.classes[code] for code in scores.argmax(axis=1).tolist()]
    least = math.inf if threshold is None else threshold
    negative, positive = target.classes
    return [positive if value >= least else negative for value in scores[:, 0].tolist()]
