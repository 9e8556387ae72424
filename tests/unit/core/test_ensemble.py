"""What members say together: their weighted mean, calibrated, and how far they lie apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from core.contract import Task
from core.ensemble import combine, disagreement, weighted_mean
from core.manifest import Calibration, CalibrationCurve

NONE = Calibration(method="identity")
CURVE = CalibrationCurve(raw=(0.2, 0.6), calibrated=(0.1, 0.9))
FALLING_TO_ZERO = CalibrationCurve(raw=(0.0, 0.5, 1.0), calibrated=(0.0, 0.0, 1.0))
ONE = np.array([1.0])

# A raw score and what CURVE makes of it.
CALIBRATED = [(0.0, 0.1), (0.2, 0.1), (0.3, 0.3), (0.4, 0.5), (0.6, 0.9), (1.0, 0.9), (-5.0, 0.1), (5.0, 0.9)]


@pytest.mark.parametrize(
    ("weights", "expected"), [([1.0, 0.0], 0.2), ([0.0, 1.0], 0.6), ([0.5, 0.5], 0.4), ([0.25, 0.75], 0.5)]
)
def test_members_are_averaged_by_their_weights(weights: list[float], expected: float) -> None:
    members = np.array([[[0.2]], [[0.6]]])
    assert combine(members, np.array(weights), NONE, Task.BINARY)[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize(("raw", "expected"), CALIBRATED)
def test_a_score_is_calibrated_along_the_curve_and_constant_outside_it(raw: float, expected: float) -> None:
    calibration = Calibration(method="isotonic", curves=(CURVE,))
    assert combine(np.array([[[raw]]]), ONE, calibration, Task.BINARY)[0, 0] == pytest.approx(expected)


def test_the_mean_is_calibrated_not_the_members() -> None:
    calibration = Calibration(method="isotonic", curves=(FALLING_TO_ZERO,))
    members = np.array([[[0.0]], [[1.0]]])
    assert combine(members, np.array([0.5, 0.5]), calibration, Task.BINARY)[0, 0] == 0.0


def test_every_class_has_a_curve_of_its_own_and_classes_add_up_to_one() -> None:
    flat = CalibrationCurve(raw=(0.0, 1.0), calibrated=(0.3, 0.3))
    calibration = Calibration(method="isotonic", curves=(flat, CURVE, FALLING_TO_ZERO))
    scores = combine(np.array([[[0.2, 0.6, 0.2]]]), ONE, calibration, Task.MULTICLASS)
    np.testing.assert_allclose(scores, [[0.25, 0.75, 0.0]])


def test_classes_that_are_all_calibrated_to_zero_keep_their_uncalibrated_scores() -> None:
    calibration = Calibration(method="isotonic", curves=(FALLING_TO_ZERO,) * 3)
    members = np.array([[[0.2, 0.4, 0.4], [0.1, 0.1, 0.8]]])
    np.testing.assert_allclose(combine(members, ONE, calibration, Task.MULTICLASS), [[0.2, 0.4, 0.4], [0.0, 0.0, 1.0]])


def test_a_single_column_is_not_made_to_add_up_to_one() -> None:
    calibration = Calibration(method="isotonic", curves=(CURVE,))
    assert combine(np.array([[[0.4]]]), ONE, calibration, Task.BINARY)[0, 0] == pytest.approx(0.5)


@given(
    members=arrays(np.float64, st.tuples(st.just(2), st.integers(1, 5), st.just(3)), elements=st.floats(0, 1)),
    weight=st.floats(0, 1),
)
def test_calibrated_class_scores_are_a_distribution(members: NDArray[np.float64], weight: float) -> None:
    # The members' own scores are made a distribution first, as a softmax would.
    members = (members + 0.01) / (members + 0.01).sum(axis=2, keepdims=True)
    calibration = Calibration(method="isotonic", curves=(FALLING_TO_ZERO, CURVE, FALLING_TO_ZERO))
    scores = combine(members, np.array([weight, 1 - weight]), calibration, Task.MULTICLASS)
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)


def test_a_row_scores_the_same_alone_and_among_others_to_the_last_bit() -> None:
    members = np.random.default_rng(0).random((3, 4000, 1))
    weights = np.array([0.2469, 0.1374, 0.6157])
    calibration = Calibration(method="identity")
    together = combine(members, weights, calibration, Task.BINARY)
    alone = [combine(members[:, row : row + 1], weights, calibration, Task.BINARY)[0] for row in range(4000)]
    np.testing.assert_array_equal(together, np.array(alone))


def apart(members: NDArray[np.float64], weights: list[float]) -> list[float]:
    found: list[float] = disagreement(members, weights, weighted_mean(members, weights)).tolist()
    return found


@pytest.mark.parametrize(
    ("scores", "weights", "expected"),
    [([0.2, 0.6], [0.5, 0.5], 0.2), ([0.2, 0.6], [0.9, 0.1], 0.12), ([0.3, 0.3], [0.4, 0.6], 0.0), ([7.0], [1.0], 0.0)],
)
def test_disagreement_is_the_weighted_standard_deviation(
    scores: list[float], weights: list[float], expected: float
) -> None:
    assert apart(np.array(scores)[:, np.newaxis, np.newaxis], weights) == pytest.approx([expected])


def test_of_classes_the_variances_are_added_up() -> None:
    members = np.array([[[0.2, 0.8], [1.0, 0.0]], [[0.4, 0.6], [0.0, 1.0]]])
    assert apart(members, [0.5, 0.5]) == pytest.approx([np.sqrt(0.01 + 0.01), np.sqrt(0.25 + 0.25)])


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(0, 5), st.integers(1, 9)), elements=st.floats(0, 1)))
def test_disagreement_is_that_of_numpy(members: NDArray[np.float64]) -> None:
    weights = [1 / len(members)] * len(members)
    expected = np.sqrt(members.var(axis=0).sum(axis=1))
    np.testing.assert_allclose(apart(members, weights), expected, atol=1e-12)
