"""The ensemble's members: their scores' shape, their determinism, and what they make of odd columns."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.contract import Task
from ml.members import (
    DENSE_ROWS,
    HIST_BOOSTING,
    MEMBER_NAMES,
    NETWORK,
    XGBOOST,
    ScaledNetwork,
    build_linear_baseline,
    build_member,
    raw_scores,
    rows_note,
    without_empty_columns,
)
from tests.factories import make_contract
from tests.unit.ml.factories import make_dataset

# The network is trained for a fixed number of epochs on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PARAMETERS: dict[str, dict[str, float | int | str]] = {
    "xgboost": {"n_estimators": 10, "max_depth": 3},
    HIST_BOOSTING: {"max_iter": 10, "max_leaf_nodes": 8},
    NETWORK: {"hidden_units": 8, "alpha": 1e-3, "learning_rate": 2e-3},
}


def _scores(name: str, task: Task, seed: int = 0) -> NDArray[np.float64]:
    data = make_dataset(task)
    member = build_member(name, PARAMETERS[name], make_contract(task), matrix=data.matrix, seed=seed)
    return raw_scores(member.fit(data.matrix, data.target), data.matrix, task)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_a_member_s_scores_have_a_column_per_score(name: str, task: Task) -> None:
    scores = _scores(name, task)
    assert scores.shape == (400, 3 if task is Task.MULTICLASS else 1)
    assert scores.dtype == np.float64


@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_the_binary_score_is_the_positive_class_s_probability(name: str) -> None:
    scores, target = _scores(name, Task.BINARY)[:, 0], make_dataset().target
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert scores[target == 1].mean() > scores[target == 0].mean() + 0.2


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_equal_seeds_give_equal_members(name: str, task: Task) -> None:
    np.testing.assert_array_equal(_scores(name, task, seed=3), _scores(name, task, seed=3))


@pytest.mark.parametrize("task", Task)
def test_the_linear_baseline_learns_too(task: Task) -> None:
    data = make_dataset(task)
    baseline = build_linear_baseline(make_contract(task), data.matrix).fit(data.matrix, data.target)
    scores = raw_scores(baseline, data.matrix, task)
    if task is Task.REGRESSION:
        assert np.corrcoef(scores[:, 0], data.target)[0, 1] > 0.5
    elif task is Task.BINARY:
        assert ((scores[:, 0] > 0.5) == data.target).mean() > 0.65
    else:
        assert (scores.argmax(axis=1) == data.target).mean() > 0.5


@pytest.mark.parametrize(("rows", "epochs"), [(1_000_000, 12), (30_720, 50), (100, 200)])
def test_the_network_sees_few_rows_more_often(rows: int, epochs: int) -> None:
    network = build_member(
        NETWORK,
        PARAMETERS[NETWORK],
        make_contract(),
        matrix=np.random.default_rng(0).random((rows, len(make_contract().features)), dtype=np.float32),
        seed=0,
    )[-1]
    assert network.max_iter == epochs
    assert network.batch_size == min(512, rows)


def test_a_network_for_values_does_not_care_about_their_unit() -> None:
    data = make_dataset(Task.REGRESSION)
    matrix = np.nan_to_num(data.matrix, nan=50.0) / np.float32(50)
    small, large = (
        ScaledNetwork(max_iter=50, random_state=0).fit(matrix, data.target * scale + shift).predict(matrix)
        for scale, shift in ((1.0, 0.0), (1e6, 1e9))
    )
    np.testing.assert_allclose((large - 1e9) / 1e6, small, atol=1e-3 * data.target.std())


@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_a_column_without_any_value_has_no_effect_on_trees_and_does_not_stop_the_network(name: str) -> None:
    data = make_dataset()
    matrix = data.matrix.copy()
    matrix[:, 0] = np.nan
    member = build_member(name, PARAMETERS[name], make_contract(), matrix=data.matrix, seed=0)
    scores = raw_scores(member.fit(without_empty_columns(matrix), data.target), matrix, Task.BINARY)
    assert np.isfinite(scores).all()
    if name != NETWORK:
        np.testing.assert_array_equal(raw_scores(member, data.matrix, Task.BINARY), scores)


def test_rows_that_are_scored_in_chunks_score_the_same() -> None:
    data = make_dataset()
    member = build_member(XGBOOST, PARAMETERS[XGBOOST], make_contract(), matrix=data.matrix, seed=0)
    member.fit(data.matrix, data.target)
    many = np.tile(data.matrix, (260, 1))
    expected = np.tile(raw_scores(member, data.matrix, Task.BINARY), (260, 1))
    np.testing.assert_array_equal(raw_scores(member, many, Task.BINARY), expected)


@pytest.mark.parametrize(("rows", "is_said"), [(DENSE_ROWS, False), (DENSE_ROWS + 1, True)])
def test_that_the_network_saw_a_part_of_the_rows_is_said(rows: int, is_said: bool) -> None:
    assert [f"of the {rows:,} training rows" in note for note in rows_note(rows)] == [True] * is_said


def test_a_matrix_without_an_empty_column_is_not_copied() -> None:
    matrix = np.array([[np.nan, 1.0], [2.0, np.nan]], dtype=np.float32)
    assert without_empty_columns(matrix) is matrix


def test_only_columns_without_any_value_are_filled() -> None:
    matrix = np.array([[np.nan, np.nan, 1.0], [np.nan, 2.0, 3.0]], dtype=np.float32)
    filled = without_empty_columns(matrix)
    np.testing.assert_array_equal(filled, [[0.0, np.nan, 1.0], [0.0, 2.0, 3.0]])
    assert filled.dtype == np.float32


@pytest.mark.parametrize("task", Task)
def test_a_slip_of_the_pen_takes_neither_the_network_nor_the_linear_model_far_out(task: Task) -> None:
    data = make_dataset(task)
    far, farther = data.matrix.copy(), data.matrix.copy()
    far[:, 0], farther[:, 0] = 1e4, 1e6
    network = build_member(NETWORK, PARAMETERS[NETWORK], make_contract(task), matrix=data.matrix, seed=0)
    for model in (network, build_linear_baseline(make_contract(task), data.matrix)):
        model.fit(data.matrix, data.target)
        np.testing.assert_array_equal(raw_scores(model, far, task), raw_scores(model, farther, task))


def test_a_network_for_values_takes_a_constant() -> None:
    matrix = np.arange(40, dtype=np.float32).reshape(20, 2) / np.float32(40)
    predicted = ScaledNetwork(max_iter=50, random_state=0).fit(matrix, np.full(20, 7.0)).predict(matrix)
    np.testing.assert_allclose(predicted, 7.0, atol=1.0)


@pytest.mark.parametrize("filler", [np.nan, 7.0], ids=["empty", "constant"])
def test_a_column_that_training_rows_do_not_vary_has_no_say_in_the_network(filler: float) -> None:
    data = make_dataset(Task.BINARY)
    column = 0
    matrix = data.matrix.copy()
    matrix[:, column] = filler
    fitted = build_member(NETWORK, PARAMETERS[NETWORK], make_contract(), matrix=matrix, seed=0).fit(matrix, data.target)
    filled = matrix.copy()
    filled[:, column] = 50.0
    np.testing.assert_array_equal(raw_scores(fitted, matrix, Task.BINARY), raw_scores(fitted, filled, Task.BINARY))
