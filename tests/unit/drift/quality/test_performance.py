"""Figures equal scikit-learn's and training's, and their intervals hold the truth 95 times in 100."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from core.contract import Task
from core.manifest import Metric
from drift.quality.labelled import NO_CLASS
from drift.quality.performance import area_under_curve, mean, measure, wilson
from ml.metrics import measure as measure_at_training
from tests.factories import known

SEEDS = range(5)
Rows = tuple[NDArray[np.float64], NDArray[np.float64]]


def _binary(seed: int, rows: int = 400) -> Rows:
    """Scores with many ties, and outcomes that lean their way."""
    random = np.random.default_rng(seed)
    scores = random.integers(1, 20, rows) / 20
    return scores[:, np.newaxis], (random.random(rows) < scores).astype(float)


def _multiclass(seed: int, rows: int = 400) -> Rows:
    random = np.random.default_rng(seed)
    return random.dirichlet(np.ones(4), rows), random.integers(0, 4, rows).astype(float)


def _regression(seed: int, rows: int = 400) -> Rows:
    random = np.random.default_rng(seed)
    outcomes = random.normal(size=rows)
    return outcomes[:, np.newaxis] + random.normal(0, 0.5, (rows, 1)), outcomes


def _values(found: dict[str, Metric]) -> dict[str, float | None]:
    return {name: metric.value for name, metric in found.items()}


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("seed", SEEDS)
def test_binary_figures_are_scikit_learns(seed: int, threshold: float) -> None:
    scores, outcomes = _binary(seed)
    expected = {
        "accuracy": sk.accuracy_score(outcomes, scores[:, 0] >= threshold),
        "auc": sk.roc_auc_score(outcomes, scores[:, 0]),
        "brier": sk.brier_score_loss(outcomes, scores[:, 0]),
        "log_loss": sk.log_loss(outcomes, scores[:, 0]),
    }
    assert _values(measure(scores, outcomes, Task.BINARY, threshold)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_multiclass_figures_are_scikit_learns(seed: int) -> None:
    scores, outcomes = _multiclass(seed)
    expected = {
        "accuracy": sk.accuracy_score(outcomes, scores.argmax(axis=1)),
        "log_loss": sk.log_loss(outcomes, scores, labels=[0, 1, 2, 3]),
    }
    assert _values(measure(scores, outcomes, Task.MULTICLASS, None)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_regression_figures_are_scikit_learns(seed: int) -> None:
    scores, outcomes = _regression(seed)
    expected = {
        "mae": sk.mean_absolute_error(outcomes, scores[:, 0]),
        "rmse": sk.root_mean_squared_error(outcomes, scores[:, 0]),
    }
    assert _values(measure(scores, outcomes, Task.REGRESSION, None)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("task", "rows"),
    [(Task.BINARY, _binary(1)), (Task.MULTICLASS, _multiclass(1)), (Task.REGRESSION, _regression(1))],
)
def test_figures_are_those_of_training(task: Task, rows: Rows) -> None:
    promised = measure_at_training(*rows, np.arange(len(rows[1])), task=task, threshold=0.4, draws=20)
    found = measure(*rows, task, 0.4)
    assert _values(found) == pytest.approx({name: promised[name].value for name in found}, abs=1e-6)


def test_an_outcome_that_is_no_class_is_a_miss_and_the_greatest_loss() -> None:
    scores, outcomes = np.array([[0.9], [0.1], [0.0]]), np.array([1.0, 0.0, NO_CLASS])
    found = measure(scores, outcomes, Task.BINARY, 0.5)
    assert found["accuracy"].value == pytest.approx(2 / 3)
    assert found["brier"].value == pytest.approx((0.01 + 0.01 + 1) / 3)
    assert found["log_loss"].value == pytest.approx((-2 * np.log(0.9) - np.log(1e-7)) / 3)
    assert found["auc"].value == 1.0
    several = measure(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0.0, NO_CLASS]), Task.MULTICLASS, None)
    assert several["accuracy"].value == 0.5
    assert several["log_loss"].value == pytest.approx((np.log(2) - np.log(1e-7)) / 2)


def test_an_area_under_the_curve_of_one_class_is_not_defined() -> None:
    assert measure(np.full((20, 1), 0.3), np.ones(20), Task.BINARY, 0.5)["auc"] == Metric(value=None)


def test_an_area_under_the_curve_of_few_rows_of_a_class_has_no_interval() -> None:
    found = area_under_curve(np.linspace(0, 1, 100), np.arange(100) >= 91)
    assert found == Metric(value=1.0)


@pytest.mark.parametrize("task", list(Task))
def test_figures_of_no_rows_are_not_defined(task: Task) -> None:
    width = 3 if task is Task.MULTICLASS else 1
    assert set(measure(np.empty((0, width)), np.empty(0), task, None).values()) == {Metric(value=None)}


def test_one_row_has_figures_without_a_spread() -> None:
    found = measure(np.array([[3.0]]), np.array([1.0]), Task.REGRESSION, None)
    assert found == {"mae": Metric(value=2.0), "rmse": Metric(value=2.0)}


def test_answers_without_an_error_have_none_at_both_ends() -> None:
    found = measure(np.ones((9, 1)), np.ones(9), Task.REGRESSION, None)
    assert set(found.values()) == {Metric(value=0.0, low=0.0, high=0.0)}


def _draw(name: str, random: np.random.Generator, rows: int) -> Metric:
    outcomes = (random.random(rows) < 0.25).astype(float)
    if name == "auc":
        return area_under_curve(random.normal(size=rows) + outcomes, outcomes == 1)
    if name == "accuracy":
        return wilson(outcomes == 1)
    if name == "mae":
        return mean(random.exponential(size=rows))
    return measure(random.normal(size=(rows, 1)), np.zeros(rows), Task.REGRESSION, None)["rmse"]


@pytest.mark.parametrize(("name", "truth"), [("auc", 0.76025), ("accuracy", 0.25), ("mae", 1.0), ("rmse", 1.0)])
def test_the_truth_is_in_95_of_100_intervals(name: str, truth: float) -> None:
    random = np.random.default_rng(4)
    found = [known(_draw(name, random, 600)) for _ in range(600)]
    assert np.mean([low <= truth <= high for low, _, high in found]) == pytest.approx(0.95, abs=0.025)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60))
def test_an_area_under_the_curve_and_its_interval_are_shares(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in rows], dtype=np.float64)
    happened = np.array([positive for _, positive in rows], dtype=bool)
    found, mirrored = area_under_curve(scores, happened), area_under_curve(-scores, happened)
    assert (found.value is None) == (happened.all() or not happened.any())
    if found.value is not None and mirrored.value is not None:
        assert found.value == pytest.approx(1 - mirrored.value)
        assert 0 <= (found.low or 0) <= found.value <= (1 if found.high is None else found.high) + 1e-12
