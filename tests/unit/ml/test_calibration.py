"""Scores become honest probabilities, and honest ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from core.contract import Task
from core.ensemble import combine
from core.manifest import Calibration
from ml.calibration import IDENTITY, ISOTONIC, ISOTONIC_MIN_ROWS, SIGMOID, _isotonic, fit_calibration, log_loss_rows
from ml.metrics import measure
from tests.factories import known


def _honest(rows: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities, and outcomes that follow them."""
    random = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-random.normal(0, 1.5, rows)))
    return probability[:, np.newaxis], (random.random(rows) < probability).astype(float)


def _squeezed(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of a model that is far too sure of itself, by a sigmoid."""
    logit = np.log(probability / (1 - probability))
    return np.asarray(1 / (1 + np.exp(-3 * logit - 1)))


def _stepped(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores that no sigmoid can mend."""
    return np.where(probability < 0.5, probability * 0.2, 0.9 + probability * 0.1)


def _dishonest_classes(rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(0)
    probability = random.dirichlet(np.ones(3), rows)
    target = np.array([random.choice(3, p=row) for row in probability]).astype(float)
    sharpened = probability**3
    return sharpened / sharpened.sum(axis=1, keepdims=True), target


def _apply(calibration: Calibration, mean: NDArray[np.float64], task: Task = Task.BINARY) -> NDArray[np.float64]:
    return combine(mean[np.newaxis], np.ones(1), calibration, task)


def _error(scores: NDArray[np.float64], target: NDArray[np.float64], task: Task = Task.BINARY) -> float:
    return known(measure(scores, target, np.arange(len(target)), task=task, draws=2)["calibration_error"])[1]


@pytest.mark.parametrize("distort", [_squeezed, _stepped])
def test_dishonest_scores_become_honest_on_rows_that_were_not_fitted_on(distort: object) -> None:
    assert callable(distort)
    mean, target = _honest(4000)
    calibration = fit_calibration(distort(mean), target, Task.BINARY)
    fresh, outcome = _honest(20_000, seed=1)
    before = _error(distort(fresh), outcome)
    after = _error(_apply(calibration, distort(fresh)), outcome)
    assert before > 0.1
    assert after < 0.03


def test_a_sigmoid_is_mended_by_a_sigmoid() -> None:
    mean, target = _honest(900)
    assert fit_calibration(_squeezed(mean), target, Task.BINARY).method == SIGMOID


def test_what_no_sigmoid_mends_is_mended_step_by_step() -> None:
    mean, target = _honest(4000)
    assert fit_calibration(_stepped(mean), target, Task.BINARY).method == ISOTONIC


def test_honest_scores_stay_as_they_are() -> None:
    kept = [fit_calibration(*_honest(2000, seed), Task.BINARY).method == IDENTITY for seed in range(10)]
    assert sum(kept) >= 8


def test_honest_scores_that_are_calibrated_after_all_stay_honest() -> None:
    for seed in range(5):
        calibration = fit_calibration(*_honest(2000, seed), Task.BINARY)
        fresh, outcome = _honest(20_000, seed=100 + seed)
        assert _error(_apply(calibration, fresh), outcome) < 0.04


@pytest.mark.parametrize("seed", range(5))
def test_a_small_sample_never_gets_steps(seed: int) -> None:
    mean, target = _honest(ISOTONIC_MIN_ROWS - 1, seed)
    assert fit_calibration(_stepped(mean), target, Task.BINARY).method != ISOTONIC


def test_no_calibrated_probability_is_certain() -> None:
    mean, target = _honest(4000)
    calibration = fit_calibration(_stepped(mean), target, Task.BINARY)
    scores = _apply(calibration, np.array([[0.0], [1.0]]))
    assert scores.min() >= 0.5 / 4000
    assert scores.max() <= 1 - 0.5 / 4000


def test_a_step_of_few_rows_is_not_taken_for_nearly_certain() -> None:
    raw = np.append(np.full(3980, 0.5), np.full(20, 0.9))
    curve = _isotonic(raw, np.append(np.arange(3980) % 2 == 0, np.ones(20, dtype=bool)))
    assert curve.calibrated[0] == pytest.approx(0.5)
    assert curve.calibrated[-1] == pytest.approx(1 - 0.5 / 21)


def test_curves_rise_in_their_knots_and_never_fall_in_value() -> None:
    mean, target = _honest(4000)
    for distort in (_squeezed, _stepped):
        (curve,) = fit_calibration(distort(mean), target, Task.BINARY).curves
        assert (np.diff(curve.raw) > 0).all()
        assert (np.diff(curve.calibrated) >= 0).all()


def test_every_class_is_calibrated_and_the_row_still_adds_up_to_one() -> None:
    mean, target = _dishonest_classes(6000)
    calibration = fit_calibration(mean[:3000], target[:3000], Task.MULTICLASS)
    assert len(calibration.curves) == 3
    scores = _apply(calibration, mean[3000:], Task.MULTICLASS)
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    assert _error(scores, target[3000:], Task.MULTICLASS) < 0.5 * _error(mean[3000:], target[3000:], Task.MULTICLASS)


def test_a_class_that_validation_rows_never_have_does_not_stop_calibration() -> None:
    mean, target = _dishonest_classes(1500)
    present = target < 2
    calibration = fit_calibration(mean[present], target[present], Task.MULTICLASS)
    assert np.isfinite(_apply(calibration, mean, Task.MULTICLASS)).all()


def test_a_fold_of_one_class_does_not_stop_calibration() -> None:
    mean, target = _honest(500)
    order = np.argsort(target, kind="stable")
    assert np.isfinite(_apply(fit_calibration(mean[order], target[order], Task.BINARY), mean)).all()


@pytest.mark.parametrize("rows", [500, 2000])
def test_one_score_for_all_rows_does_not_stop_calibration(rows: int) -> None:
    _, target = _honest(rows)
    calibration = fit_calibration(np.full((rows, 1), 0.2), target, Task.BINARY)
    assert _apply(calibration, np.array([[0.2]]))[0, 0] == pytest.approx(target.mean(), abs=0.02)


def test_values_are_left_as_they_are() -> None:
    assert fit_calibration(np.ones((10, 1)), np.ones(10), Task.REGRESSION) == Calibration(method=IDENTITY)


@given(hnp.arrays(np.float64, 30, elements=st.floats(0, 1)), st.integers(0, 2**30 - 1))
def test_log_loss_is_scikit_learns(scores: NDArray[np.float64], outcomes: int) -> None:
    target = np.array([outcomes >> bit & 1 for bit in range(30)]).astype(float)
    clipped = np.clip(scores, 1e-7, 1 - 1e-7)
    expected = log_loss(target, clipped, labels=[0, 1])
    assert log_loss_rows(scores[:, np.newaxis], target).mean() == pytest.approx(expected, abs=1e-6)


def test_log_loss_of_classes_is_scikit_learns() -> None:
    mean, target = _dishonest_classes(200)
    assert log_loss_rows(mean, target).mean() == pytest.approx(log_loss(target, mean, labels=[0, 1, 2]))


def test_the_loss_of_a_certain_error_is_bounded() -> None:
    assert log_loss_rows(np.array([[1.0]]), np.array([0.0]))[0] == pytest.approx(-np.log(1e-7))


def test_few_rows_without_an_error_promise_no_certainty() -> None:
    raw = np.repeat([0.1, 0.9], [30, 10])
    calibration = fit_calibration(raw[:, np.newaxis], (raw > 0.5).astype(float), Task.BINARY, shuffle_seed=1)
    assert calibration.method == SIGMOID
    low, high = combine(np.array([[[0.1], [0.9]]]), np.ones(1), calibration, Task.BINARY)[:, 0]
    assert low == pytest.approx(1 / 32, abs=1e-3)
    assert high == pytest.approx(11 / 12, abs=1e-3)
