"""How much each member counts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.contract import Task
from ml.calibration import log_loss_rows
from ml.weights import fit_weights

ROWS = 2000


def _binary(seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two members that each know half of the truth, one that guesses, and the outcomes."""
    random = np.random.default_rng(seed)
    first, second = random.normal(size=ROWS), random.normal(size=ROWS)
    target = (random.random(ROWS) < 1 / (1 + np.exp(-first - second))).astype(float)
    members = np.stack([1 / (1 + np.exp(-half)) for half in (first, second)] + [random.random(ROWS)])
    return members[:, :, np.newaxis], target


def _multiclass() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(0)
    target = random.integers(0, 3, ROWS).astype(float)
    good = np.eye(3)[target.astype(int)] * 0.5 + random.dirichlet(np.ones(3), ROWS) * 0.5
    return np.stack([good, random.dirichlet(np.ones(3), ROWS)]), target


def _regression(scale: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(0)
    target = random.normal(5, 1, ROWS)
    members = np.stack([target + random.normal(0, spread, ROWS) for spread in (0.5, 1.0, 8.0)])
    return scale * members[:, :, np.newaxis], scale * target


CASES = {Task.BINARY: _binary, Task.MULTICLASS: _multiclass, Task.REGRESSION: _regression}


@pytest.mark.parametrize("task", Task)
def test_weights_are_shares(task: Task) -> None:
    weights = fit_weights(*CASES[task](), task)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-9)
    np.testing.assert_array_equal(weights, np.round(weights, 4))


def test_a_member_that_only_guesses_is_left_out() -> None:
    assert fit_weights(*_multiclass(), Task.MULTICLASS).tolist() == [1.0, 0.0]


def test_members_that_know_as_much_count_as_much() -> None:
    weights = fit_weights(*_binary(), Task.BINARY)
    assert weights[0] == pytest.approx(0.5, abs=0.1)
    assert weights[1] == pytest.approx(0.5, abs=0.1)


def test_errors_that_are_independent_are_weighted_by_their_precision() -> None:
    # The best weights of independent errors are proportional to 1 / variance: 4, 1 and 1/64.
    np.testing.assert_allclose(fit_weights(*_regression(), Task.REGRESSION), [0.8, 0.2, 0.0], atol=0.04)


@pytest.mark.parametrize("scale", [1e-6, 1e9])
def test_the_unit_of_the_target_changes_nothing(scale: float) -> None:
    expected = fit_weights(*_regression(), Task.REGRESSION)
    np.testing.assert_allclose(fit_weights(*_regression(scale), Task.REGRESSION), expected, atol=2e-3)


def test_the_mixture_is_better_than_every_member() -> None:
    members, target = _binary()
    mixture = np.tensordot(fit_weights(members, target, Task.BINARY), members, axes=1)
    assert log_loss_rows(mixture, target).mean() < min(log_loss_rows(member, target).mean() for member in members)


def test_members_that_say_the_same_share_all_of_the_weight() -> None:
    members, target = _binary()
    assert fit_weights(members[[0, 0]], target, Task.BINARY).sum() == pytest.approx(1)


def test_one_member_counts_alone() -> None:
    members, target = _binary()
    assert fit_weights(members[:1], target, Task.BINARY).tolist() == [1.0]


def test_a_member_that_is_sure_and_wrong_does_not_break_the_search() -> None:
    members, target = _binary()
    wrong = (1 - target)[:, np.newaxis]
    assert fit_weights(np.stack([members[0], wrong]), target, Task.BINARY)[0] > 0.9
