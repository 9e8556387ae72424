"""Makes scores honest: of the rows scored 0.3, three in ten should be positive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from core.contract import Task
from core.ensemble import combine
from core.manifest import Calibration, CalibrationCurve

IDENTITY, SIGMOID, ISOTONIC = "identity", "sigmoid", "isotonic"
# Isotonic regression overfits small samples; scikit-learn's guide puts the limit at about 1,000.
ISOTONIC_MIN_ROWS = 1000
_FOLDS = 5
_SIGMOID_KNOTS = 200
_ISOTONIC_KNOTS = 101


def fit_calibration(
    mean: NDArray[np.float64], target: NDArray[np.float64], task: Task, *, shuffle_seed: int | None = None
) -> Calibration:
    """
    The simplest curve that predicts well on rows it was not fitted on: none, Platt's sigmoid, or isotonic regression.

    Args:
        mean: The members' weighted mean on validation rows, in time order; shape (n, score columns).
        target: Class codes, shape (n,).
        task: Regression is left as it is.
        shuffle_seed: Shuffles the rows of the folds; for rows that are in no order of time, whose order in a file
            may hide a class from a fold.

    Returns:
        A method, fitted on all rows: of their log losses over five contiguous folds, a later one's must be smaller by
        more than the standard error of the difference, as a curve that helps by chance alone does harm later.

    Source:
        Platt, "Probabilistic outputs for support vector machines" (1999); Niculescu-Mizil and Caruana, "Predicting good
        probabilities with supervised learning" (2005); Breiman et al., "Classification and regression trees" (1984),
        for the rule of one standard error.
    """
    if task is Task.REGRESSION:
        return Calibration(method=IDENTITY)
    if shuffle_seed is not None:
        order = np.random.default_rng(shuffle_seed).permutation(len(target))
        mean, target = mean[order], target[order]
    methods = [IDENTITY, SIGMOID] + ([ISOTONIC] if len(target) >= ISOTONIC_MIN_ROWS else [])
    losses = {method: _cross_validated_losses(method, mean, target, task) for method in methods}
    chosen = IDENTITY
    for method in methods[1:]:
        gains = losses[chosen] - losses[method]
        if gains.mean() > gains.std() / np.sqrt(len(gains)):
            chosen = method
    return _fit(chosen, mean, target, task)


def _cross_validated_losses(
    method: str, mean: NDArray[np.float64], target: NDArray[np.float64], task: Task
) -> NDArray[np.float64]:
    """The loss of every row by a curve that was fitted without its fold, shape (n,)."""
    losses = []
    for fold in np.array_split(np.arange(len(target)), _FOLDS):
        rest = np.setdiff1d(np.arange(len(target)), fold)
        calibration = _fit(method, mean[rest], target[rest], task)
        scores = combine(mean[fold][np.newaxis], np.ones(1), calibration, task)
        losses.append(log_loss_rows(scores, target[fold]))
    return np.concatenate(losses)


def _fit(method: str, mean: NDArray[np.float64], target: NDArray[np.float64], task: Task) -> Calibration:
    if method == IDENTITY:
        return Calibration(method=IDENTITY)
    positives = [target == 1] if task is Task.BINARY else [target == code for code in range(mean.shape[1])]
    fit_curve = _sigmoid if method == SIGMOID else _isotonic
    curves = tuple(fit_curve(mean[:, column], positive) for column, positive in enumerate(positives))
    return Calibration(method=method, curves=curves)


def _isotonic(raw: NDArray[np.float64], positive: NDArray[np.bool_]) -> CalibrationCurve:
    model = IsotonicRegression(out_of_bounds="clip").fit(raw, positive)
    steps = model.predict(raw)
    # No finite sample proves a probability of 0 or 1; half a row either way is what the rows of one step can tell.
    lowest, highest = (0.5 / (np.count_nonzero(steps == end) + 1) for end in (steps.min(), steps.max()))
    # The fitted steps are so steep that float32 noise in a score would move the answer; on a grid they are slopes.
    knots = np.linspace(0, 1, _ISOTONIC_KNOTS)
    calibrated = model.predict(knots).clip(lowest, 1 - highest)
    return CalibrationCurve(raw=tuple(knots.tolist()), calibrated=tuple(calibrated.tolist()))


def _sigmoid(raw: NDArray[np.float64], positive: NDArray[np.bool_]) -> CalibrationCurve:
    knots = 1 / (1 + np.exp(-np.linspace(-9, 9, _SIGMOID_KNOTS)))
    if positive.all() or not positive.any():
        return CalibrationCurve(raw=(0.0, 1.0), calibrated=(0.0, 1.0))
    # Outcomes that a score tells apart without an error would make the curve a step: as many rows as there are tell
    # of a probability of (k + 1) / (k + 2), not of 1 (Platt, 1999, section 2.2).
    present, absent = np.count_nonzero(positive), np.count_nonzero(~positive)
    believed = np.where(positive, (present + 1) / (present + 2), 1 / (absent + 2))
    logits = np.tile(_logit(raw), 2)[:, np.newaxis]
    outcomes, weights = np.repeat([True, False], len(raw)), np.concatenate([believed, 1 - believed])
    model = LogisticRegression(C=1e6).fit(logits, outcomes, sample_weight=weights)
    calibrated = model.predict_proba(_logit(knots)[:, np.newaxis])[:, 1]
    return CalibrationCurve(raw=tuple(knots.tolist()), calibrated=tuple(calibrated.tolist()))


def _logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    logit: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return logit


def log_loss_rows(scores: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Each row's negative log probability of what happened.

    Args:
        scores: Shape (n, 1) for binary, (n, classes) for multiclass.
        target: Class codes, shape (n,).

    Returns:
        Shape (n,), at most 16 (probabilities are kept above 1e-7).
    """
    if scores.shape[1] == 1:
        happened = np.where(target == 1, scores[:, 0], 1 - scores[:, 0])
    else:
        happened = scores[np.arange(len(target)), target.astype(int)]
    loss: NDArray[np.float64] = -np.log(np.clip(happened, 1e-7, 1))
    return loss
