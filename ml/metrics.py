"""Figures of a model on given rows, with intervals that respect what rows have in common."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from core.contract import Task
from core.intervals import held
from core.manifest import Metric
from ml.area import AreaUnderCurve
from ml.calibration import log_loss_rows
from ml.classes import count_classes, macro_f1

CALIBRATION_BINS = 15
UNDEFINED = Metric(value=None)
# With fewer blocks there is nothing to tell chance by.
MIN_BLOCKS = 5
DRAWS = 400
_CHANCE_DRAWS = 200
_RANDOM_BLOCKS = 500
# Where figures end; others reach from 0 up.
_LOWEST = {"r2": -np.inf}
_HIGHEST = dict.fromkeys(("log_loss", "mae", "rmse", "interval_width"), np.inf)


def blocks_of(times: pl.Series | None, length: int, seed: int) -> NDArray[np.int64]:
    """
    Which rows to resample together.

    Rows of one day share weather, news and outages, so resampling them one by one would promise too much. Days
    are the blocks; without times, up to 500 random groups, which stand for single rows.

    Returns:
        Block numbers from 0, shape (length,).
    """
    if times is None:
        order = np.random.default_rng(seed).permutation(length)
        return order % min(_RANDOM_BLOCKS, length)
    return times.dt.date().rank("dense").to_numpy().astype(np.int64) - 1


def widening(blocks: int, level: float) -> float:
    """
    What the distance of a percentile from its figure is multiplied by, for few blocks.

    A bootstrap of k blocks has the spread of k and not of k - 1, and the tails of a normal distribution, where
    Student's are right: its intervals are too narrow: by 10 % at 20 blocks and by 60 % at 5.

    Args:
        blocks: At least 2.
        level: Of the percentile, in (0, 1) and not 0.5.

    Source:
        Hesterberg, "What teachers should know about the bootstrap" (2015), section 3.2: expanded percentiles.
    """
    ratio = stats.t.ppf(level, blocks - 1) / stats.norm.ppf(level)
    return float(np.sqrt(blocks / (blocks - 1)) * ratio)


def draw_block_counts(blocks: int, draws: int, seed: int) -> NDArray[np.float64]:
    """How often each block occurs in each bootstrap draw; shape (draws, blocks)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(blocks, np.full(blocks, 1 / blocks), size=draws).astype(np.float64)


def measure(
    scores: NDArray[np.float64],
    target: NDArray[np.float64],
    blocks: NDArray[np.int64],
    *,
    task: Task,
    threshold: float = 0.5,
    seed: int = 0,
    draws: int = DRAWS,
    ends: NDArray[np.float64] | None = None,
) -> dict[str, Metric]:
    """
    All figures of the task with 95 % intervals.

    Args:
        scores: Shape (n, score columns).
        target: Class codes or values, shape (n,).
        blocks: From `blocks_of`, shape (n,).
        task: Decides which figures there are.
        threshold: Of a binary answer.
        seed: Of the bootstrap.
        draws: Bootstrap draws.
        ends: Low and high of each value of a regression, shape (n, 2); None where the model has no intervals.

    Returns:
        By name: accuracy, auc, brier, f1, log_loss, precision, recall, calibration_error (binary); accuracy,
        log_loss, calibration_error, macro_f1 (multiclass); mae, rmse, r2, and with intervals coverage (the share of
        rows that they hold) and interval_width (regression).

    Source:
        Percentile bootstrap over blocks, expanded as `widening` says: Kuensch, "The jackknife and the bootstrap for
        general stationary observations" (1989). Calibration error: Naeini et al. (2015), 15 equal-width bins.
    """
    columns = _row_columns(scores, target, task, threshold, ends)
    _, dense = np.unique(blocks, return_inverse=True)
    sums = np.stack([np.bincount(dense, weights=column) for column in columns.values()], axis=1)
    counts = draw_block_counts(len(sums), draws, seed)
    exact = _figures(dict(zip(columns, sums.sum(axis=0)[:, np.newaxis], strict=True)), task)
    drawn = _figures(dict(zip(columns, (counts @ sums).T, strict=True)), task)
    if task is Task.BINARY:
        area = AreaUnderCurve(scores[:, 0], target)
        exact["auc"] = np.array([area(np.ones(len(target)))])
        drawn["auc"] = area.of_draws(dense, counts)
    if task is Task.MULTICLASS:
        classes = count_classes(scores.argmax(axis=1), target.astype(np.int64), dense, scores.shape[1])
        exact["macro_f1"] = macro_f1(classes.sum(axis=1, keepdims=True))
        drawn["macro_f1"] = macro_f1(counts @ classes)
    return {name: _metric(name, float(exact[name][0]), drawn[name], len(sums)) for name in sorted(exact)}


def _metric(name: str, value: float, drawn: NDArray[np.float64], blocks: int) -> Metric:
    # A draw may hold one class only; its undefined figures say nothing and are passed over.
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value):
        return UNDEFINED
    if blocks < MIN_BLOCKS or not len(drawn):
        return Metric(value=_rounded(value))
    if name == "calibration_error":
        # A sum of absolute values, which resampling makes larger: the spread is right, its place is not.
        drawn = drawn - drawn.mean() + value
    low, high = value + (np.quantile(drawn, [0.025, 0.975]) - value) * widening(blocks, 0.975)
    return Metric(
        value=_rounded(value),
        low=_rounded(max(low, _LOWEST.get(name, 0.0))),
        high=_rounded(min(high, _HIGHEST.get(name, 1.0))),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.7g}")


def _row_columns(
    scores: NDArray[np.float64],
    target: NDArray[np.float64],
    task: Task,
    threshold: float,
    ends: NDArray[np.float64] | None,
) -> dict[str, NDArray[np.float64]]:
    """What each row adds to the sums that the figures are made of."""
    if task is Task.REGRESSION:
        return _value_columns(scores[:, 0], target, ends)
    if task is Task.BINARY:
        confidence, happened = scores[:, 0], target == 1
        answered = confidence >= threshold
        hit = answered == happened
    else:
        confidence = scores.max(axis=1)
        happened = hit = scores.argmax(axis=1) == target
    columns = {
        "n": np.ones(len(target)),
        "hit": hit.astype(np.float64),
        "log_loss": log_loss_rows(scores, target),
    }
    bins = np.clip((confidence * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    for number in range(CALIBRATION_BINS):
        columns[f"gap {number}"] = np.where(bins == number, confidence - happened, 0.0)
    if task is Task.BINARY:
        columns |= {
            "squared": (confidence - happened) ** 2,
            "answered": answered.astype(np.float64),
            "positive": happened.astype(np.float64),
            "found": (answered & happened).astype(np.float64),
        }
    return columns


def _value_columns(
    values: NDArray[np.float64], target: NDArray[np.float64], ends: NDArray[np.float64] | None
) -> dict[str, NDArray[np.float64]]:
    error = values - target
    # Squares of values far from zero would drown their spread in rounding.
    centred = target - target.mean()
    columns = {
        "n": np.ones(len(target)), "absolute": np.abs(error), "squared": error**2,
        "target": centred, "target_squared": centred**2,
    }  # fmt: skip
    if ends is None:
        return columns
    return {**columns, "held": held(target, ends).astype(np.float64), "width": ends[:, 1] - ends[:, 0]}


def _figures(sums: dict[str, NDArray[np.float64]], task: Task) -> dict[str, NDArray[np.float64]]:
    n = sums["n"]
    with np.errstate(divide="ignore", invalid="ignore"):
        if task is Task.REGRESSION:
            spread = sums["target_squared"] / n - (sums["target"] / n) ** 2
            figures = {
                "mae": sums["absolute"] / n,
                "rmse": np.sqrt(sums["squared"] / n),
                "r2": 1 - sums["squared"] / n / spread,
            }
            if "held" in sums:
                figures |= {"coverage": sums["held"] / n, "interval_width": sums["width"] / n}
            return figures
        gaps = np.stack([sums[f"gap {number}"] for number in range(CALIBRATION_BINS)])
        figures = {
            "accuracy": sums["hit"] / n,
            "log_loss": sums["log_loss"] / n,
            "calibration_error": np.abs(gaps).sum(axis=0) / n,
        }
        if task is Task.BINARY:
            figures |= {
                "brier": sums["squared"] / n,
                "precision": sums["found"] / np.maximum(sums["answered"], 1e-12),
                "recall": sums["found"] / np.maximum(sums["positive"], 1e-12),
                "f1": 2 * sums["found"] / np.maximum(sums["answered"] + sums["positive"], 1e-12),
            }
        return figures


def calibration_chance(scores: NDArray[np.float64], task: Task, seed: int) -> float:
    """
    The calibration error that scores would show by chance if they were perfectly calibrated.

    Binned errors are never zero: with few rows a bin's share wanders, and a small table would look badly
    calibrated however good its model.

    Args:
        scores: Shape (n, score columns).
        task: Of classes.
        seed: Of the simulated outcomes.

    Returns:
        The mean error over 200 sets of outcomes drawn from the scores themselves; 0 for regression.

    Source:
        Broecker and Smith, "Increasing the reliability of reliability diagrams" (2007): consistency resampling.
    """
    if task is Task.REGRESSION:
        return 0.0
    confidence = scores.max(axis=1)
    bins = np.clip((confidence * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    generator = np.random.default_rng(seed)
    errors = []
    for _ in range(_CHANCE_DRAWS):
        happened = generator.random(len(confidence)) < confidence
        gaps = np.bincount(bins, weights=confidence - happened, minlength=CALIBRATION_BINS)
        errors.append(np.abs(gaps).sum() / len(confidence))
    return float(np.mean(errors))


def loss_rows(scores: NDArray[np.float64], target: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    """
    Each row's loss, by which models are compared: log loss for classes, squared error for values.

    Returns:
        Shape (n,).
    """
    if task is Task.REGRESSION:
        squared: NDArray[np.float64] = (scores[:, 0] - target) ** 2
        return squared
    return log_loss_rows(scores, target)
