"""Figures equal scikit-learn's, and their intervals hold what they promise."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from core.contract import Task
from core.manifest import Metric
from ml.area import AreaUnderCurve
from ml.metrics import (
    CALIBRATION_BINS,
    MIN_BLOCKS,
    UNDEFINED,
    blocks_of,
    calibration_chance,
    draw_block_counts,
    loss_rows,
    measure,
    widening,
)
from tests.factories import known
from tests.unit.ml.factories import START

SEEDS = range(6)


def _binary(seed: int, rows: int = 300) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores with many ties, and outcomes that lean their way."""
    random = np.random.default_rng(seed)
    scores = random.integers(1, 20, rows) / 20
    return scores[:, np.newaxis], (random.random(rows) < scores).astype(float)


def _multiclass(seed: int, rows: int = 300) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    return random.dirichlet(np.ones(4), rows), random.integers(0, 4, rows).astype(float)


def _regression(
    seed: int, rows: int = 300, scale: float = 1.0, shift: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    target = random.normal(size=rows)
    scores = target + random.normal(0, 0.5, rows)
    return scale * scores[:, np.newaxis] + shift, scale * target + shift


def _figures(
    scores: NDArray[np.float64], target: NDArray[np.float64], task: Task, threshold: float = 0.5
) -> dict[str, Metric]:
    return measure(scores, target, np.arange(len(target)), task=task, threshold=threshold, draws=50)


def _calibration_error(confidence: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """By its definition: the gap of each bin, weighted by the bin's share of the rows."""
    error = 0.0
    for number in range(CALIBRATION_BINS):
        low, high = number / CALIBRATION_BINS, (number + 1) / CALIBRATION_BINS
        rows = (confidence >= low) & ((confidence < high) | (number == CALIBRATION_BINS - 1))
        if rows.any():
            error += rows.mean() * abs(confidence[rows].mean() - happened[rows].mean())
    return float(error)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("seed", SEEDS)
def test_binary_figures_are_scikit_learns(seed: int, threshold: float) -> None:
    scores, target = _binary(seed)
    answered = scores[:, 0] >= threshold
    expected = {
        "accuracy": sk.accuracy_score(target, answered),
        "auc": sk.roc_auc_score(target, scores[:, 0]),
        "brier": sk.brier_score_loss(target, scores[:, 0]),
        "calibration_error": _calibration_error(scores[:, 0], target == 1),
        "f1": sk.f1_score(target, answered),
        "log_loss": sk.log_loss(target, scores[:, 0]),
        "precision": sk.precision_score(target, answered),
        "recall": sk.recall_score(target, answered),
    }
    found = _figures(scores, target, Task.BINARY, threshold)
    assert {name: metric.value for name, metric in found.items()} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_multiclass_figures_are_scikit_learns(seed: int) -> None:
    scores, target = _multiclass(seed)
    expected = {
        "accuracy": sk.accuracy_score(target, scores.argmax(axis=1)),
        "calibration_error": _calibration_error(scores.max(axis=1), scores.argmax(axis=1) == target),
        "log_loss": sk.log_loss(target, scores, labels=[0, 1, 2, 3]),
        "macro_f1": sk.f1_score(target, scores.argmax(axis=1), average="macro"),
    }
    found = _figures(scores, target, Task.MULTICLASS)
    assert {name: metric.value for name, metric in found.items()} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1e5, 3e5), (1.0, 1e8)])
@pytest.mark.parametrize("seed", SEEDS)
def test_regression_figures_are_scikit_learns(seed: int, scale: float, shift: float) -> None:
    scores, target = _regression(seed, scale=scale, shift=shift)
    expected = {
        "mae": sk.mean_absolute_error(target, scores[:, 0]),
        "rmse": sk.root_mean_squared_error(target, scores[:, 0]),
        "r2": sk.r2_score(target, scores[:, 0]),
    }
    found = _figures(scores, target, Task.REGRESSION)
    assert {name: metric.value for name, metric in found.items()} == pytest.approx(expected, rel=1e-6, abs=2e-6)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 4)), min_size=2, max_size=40).filter(
        lambda rows: len({positive for _, positive, weight in rows if weight}) == 2
    )
)
def test_the_area_of_weighted_rows_is_scikit_learns(rows: list[tuple[int, bool, int]]) -> None:
    scores, target, weights = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    expected = sk.roc_auc_score(target, scores, sample_weight=weights)
    assert AreaUnderCurve(scores, target)(weights) == pytest.approx(expected)


@pytest.mark.parametrize(("distinct", "tolerance"), [(50, 1e-12), (2000, 1e-12), (9000, 1e-4)])
def test_areas_of_draws_are_those_of_their_weighted_rows(distinct: int, tolerance: float) -> None:
    random = np.random.default_rng(0)
    scores, blocks = random.integers(0, distinct, 9000) / distinct, random.integers(0, 40, 9000)
    target = (random.random(9000) < scores).astype(np.float64)
    area, counts = AreaUnderCurve(scores, target), draw_block_counts(40, 20, 0)
    expected = [area(count[blocks]) for count in counts]
    np.testing.assert_allclose(area.of_draws(blocks, counts), expected, atol=tolerance)


def test_scores_at_both_ends_fall_into_a_bin() -> None:
    figures = _figures(np.array([[0.0], [1.0], [0.0], [1.0]]), np.array([0.0, 1.0, 0.0, 1.0]), Task.BINARY)
    assert figures["calibration_error"].value == 0
    assert figures["log_loss"].value == 0


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_rows_of_one_class_have_every_figure_but_the_area(only: float) -> None:
    figures = _figures(_binary(0)[0], np.full(300, only), Task.BINARY)
    assert figures["auc"] == UNDEFINED
    low, value, high = known(figures["accuracy"])
    assert low < value < high


def test_values_without_spread_have_no_r2() -> None:
    figures = _figures(_regression(0)[0], np.full(300, 5.0), Task.REGRESSION)
    assert figures["r2"] == UNDEFINED
    assert known(figures["mae"])[1] > 0


def test_nothing_answered_yes_has_no_precision_and_no_f1() -> None:
    figures = _figures(*_binary(0), Task.BINARY, threshold=1.0)
    assert (figures["precision"].value, figures["recall"].value, figures["f1"].value) == (0, 0, 0)


def test_a_single_row_can_be_measured() -> None:
    assert _figures(np.array([[0.7]]), np.array([1.0]), Task.BINARY)["accuracy"].value == 1


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("blocks", [5, 20, 300])
def test_a_figure_lies_in_its_interval_and_the_interval_in_its_range(task: Task, blocks: int) -> None:
    make = {Task.BINARY: _binary, Task.MULTICLASS: _multiclass, Task.REGRESSION: _regression}[task]
    for name, metric in measure(*make(0), np.arange(300) % blocks, task=task).items():
        low, value, high = known(metric)
        assert low <= value <= high
        assert low >= 0 or name == "r2"
        assert high <= 1 or name in {"log_loss", "mae", "rmse"}


def test_a_handful_of_days_gives_a_figure_without_an_interval() -> None:
    for metric in measure(*_binary(0), np.arange(300) % (MIN_BLOCKS - 1), task=Task.BINARY).values():
        assert metric.value is not None
        assert (metric.low, metric.high) == (None, None)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_figures_keep_their_digits_at_any_scale(scale: float) -> None:
    figures = _figures(*_regression(0, scale=scale), Task.REGRESSION)
    assert figures["mae"].value == pytest.approx(
        scale * known(_figures(*_regression(0), Task.REGRESSION)["mae"])[1], rel=1e-5
    )


def test_equal_seeds_give_equal_intervals_and_others_do_not() -> None:
    def interval(seed: int) -> Metric:
        return measure(*_binary(0), np.arange(300), task=Task.BINARY, seed=seed)["auc"]

    assert interval(1) == interval(1) != interval(2)


def _covered(blocked: bool, seed: int, days: int = 60) -> tuple[bool, float]:
    """Whether the interval of a mean error covers the truth, for days that each have an error of their own."""
    random = np.random.default_rng(seed)
    rows = np.repeat(np.arange(days), 20)
    error = 9 + random.normal(0, 1, days)[rows] + random.normal(0, 1, len(rows))
    blocks = rows if blocked else np.arange(len(rows))
    low, _, high = known(
        measure(error[:, np.newaxis], np.zeros(len(rows)), blocks, task=Task.REGRESSION, seed=seed)["mae"]
    )
    return low <= 9 <= high, high - low


@pytest.mark.parametrize("days", [5, 10, 20, 60])
def test_intervals_cover_the_truth_about_as_often_as_they_say(days: int) -> None:
    covered = np.mean([_covered(blocked=True, seed=seed, days=days)[0] for seed in range(300)])
    # Three standard errors on either side of 95 %, and a little more below.
    assert 0.905 <= covered <= 0.99


def test_intervals_that_ignore_the_days_are_too_narrow() -> None:
    by_day, by_row = (np.array([_covered(blocked, seed) for seed in range(50)]) for blocked in (True, False))
    assert by_day[:, 1].mean() > 2 * by_row[:, 1].mean()
    assert by_row[:, 0].mean() < 0.75


def test_the_interval_of_an_area_covers_it() -> None:
    levels = np.arange(1, 20) / 20
    truth = AreaUnderCurve(np.tile(levels, 2), np.repeat([1.0, 0.0], 19))(np.concatenate([levels, 1 - levels]))
    covered = []
    for seed in range(150):
        scores, target = _binary(seed, rows=400)
        low, _, high = known(measure(scores, target, np.arange(400), task=Task.BINARY, draws=200, seed=seed)["auc"])
        covered.append(low <= truth <= high)
    assert np.mean(covered) >= 0.90


def _hours(count: int, step_hours: float = 1.0) -> pl.Series:
    return pl.Series([START + timedelta(hours=step_hours * number) for number in range(count)])


def test_days_are_the_blocks() -> None:
    blocks = blocks_of(_hours(24 * 30), 24 * 30, 0)
    np.testing.assert_array_equal(blocks, np.repeat(np.arange(30), 24))


def test_days_without_rows_are_no_blocks() -> None:
    times = _hours(24 * 60)
    times = times.filter(times.dt.day() % 2 == 0)
    blocks = blocks_of(times, len(times), 0)
    assert np.unique(blocks).tolist() == list(range(blocks.max() + 1))


def test_few_blocks_widen_an_interval_as_much_as_student_says() -> None:
    assert widening(5, 0.975) == pytest.approx(2.776 / 1.960 * np.sqrt(5 / 4), rel=1e-3)
    assert widening(10**6, 0.975) == pytest.approx(1, abs=1e-4)
    assert widening(5, 0.025) == pytest.approx(widening(5, 0.975))


def test_without_times_rows_fall_into_random_groups_of_equal_size() -> None:
    blocks = blocks_of(None, 5000, 0)
    assert set(np.bincount(blocks)) == {10}
    assert (blocks != blocks_of(None, 5000, 1)).any()
    assert sorted(blocks_of(None, 30, 0)) == list(range(30))


def test_every_draw_takes_as_many_blocks_as_there_are() -> None:
    counts = draw_block_counts(30, 500, 0)
    assert counts.shape == (500, 30)
    assert (counts.sum(axis=1) == 30).all()
    # A block's count is binomial: mean 1, variance 1 - 1/30.
    assert counts.mean() == 1
    assert counts.var() == pytest.approx(1 - 1 / 30, abs=0.03)


@pytest.mark.parametrize("rows", [200, 2000])
def test_chance_is_the_calibration_error_of_outcomes_drawn_from_the_scores(rows: int) -> None:
    scores = np.random.default_rng(0).beta(1, 3, rows)[:, np.newaxis]
    measured = []
    for seed in range(60):
        outcomes = (np.random.default_rng(seed).random(rows) < scores[:, 0]).astype(float)
        measured.append(known(_figures(scores, outcomes, Task.BINARY)["calibration_error"])[1])
    assert calibration_chance(scores, Task.BINARY, seed=1) == pytest.approx(np.mean(measured), rel=0.15)


def test_chance_falls_with_the_root_of_the_rows_and_is_none_for_values() -> None:
    scores = np.random.default_rng(0).dirichlet(np.ones(3), 400)
    few, many = (calibration_chance(np.tile(scores, (times, 1)), Task.MULTICLASS, seed=0) for times in (1, 16))
    assert few / many == pytest.approx(4, rel=0.15)
    assert calibration_chance(scores[:, :1], Task.REGRESSION, seed=0) == 0


def test_models_are_compared_by_log_loss_or_squared_error() -> None:
    assert loss_rows(np.array([[3.0]]), np.array([5.0]), Task.REGRESSION).tolist() == [4.0]
    assert loss_rows(np.array([[0.25]]), np.array([0.0]), Task.BINARY)[0] == pytest.approx(-np.log(0.75))


def test_intervals_are_measured_by_what_they_hold_and_how_wide_they_are() -> None:
    scores, target = _regression(0)
    ends = np.stack([scores[:, 0] - 0.5, scores[:, 0] + 1.0], axis=1)
    found = measure(scores, target, np.arange(300), task=Task.REGRESSION, ends=ends)
    low, value, high = known(found["coverage"])
    assert value == pytest.approx(((target >= ends[:, 0]) & (target <= ends[:, 1])).mean(), abs=1e-6)
    assert 0 <= low < value < high <= 1
    assert known(found["interval_width"]) == pytest.approx((1.5, 1.5, 1.5))


def test_without_intervals_nothing_is_said_of_any() -> None:
    assert set(_figures(*_regression(0), Task.REGRESSION)) == {"mae", "rmse", "r2"}
