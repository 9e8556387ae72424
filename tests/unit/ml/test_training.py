"""The whole ensemble, fitted on a few hundred rows."""

from __future__ import annotations

from functools import cache
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from core.contract import Task
from ml.candidate import Graphs, export_ensemble
from ml.members import build_member, raw_scores
from ml.metrics import loss_rows
from ml.problem import TrainingPlan
from ml.progress import Progress
from ml.training import TrainedEnsemble, train_ensemble
from tests.factories import make_contract
from tests.unit.ml.factories import make_split

PLAN = TrainingPlan(seed=0, trials=1, threshold_rule="cost", false_positive_cost=1, false_negative_cost=3)


def _train(task: Task) -> TrainedEnsemble:
    return train_ensemble(make_split(task), make_contract(task), PLAN, Progress(Console(file=StringIO())))


@cache
def _trained(task: Task) -> TrainedEnsemble:
    return _train(task)


def _exported(task: Task) -> Graphs:
    return export_ensemble(_trained(task), make_contract(task))


@pytest.mark.parametrize("task", Task)
def test_members_that_count_nothing_are_left_out(task: Task) -> None:
    trained = _trained(task)
    assert set(trained.members) == set(trained.weights)
    assert all(weight > 0 for weight in trained.weights.values())
    assert sum(trained.weights.values()) == pytest.approx(1)
    assert set(trained.parameters) == {"xgboost", "hist-gradient-boosting", "neural-network"}


@pytest.mark.parametrize("task", Task)
def test_the_ensemble_beats_the_base_rate_on_the_holdout(task: Task) -> None:
    parts = make_split(task)
    scores = _trained(task).score(parts.holdout.matrix, task)
    if task is Task.REGRESSION:
        blind = np.full_like(scores, parts.train.target.mean())
    else:
        shares = np.bincount(parts.train.target.astype(int)) / len(parts.train)
        blind = np.tile(shares if task is Task.MULTICLASS else shares[1:], (len(scores), 1))
    target = parts.holdout.target
    assert loss_rows(scores, target, task).mean() < 0.9 * loss_rows(blind, target, task).mean()


@pytest.mark.parametrize("task", Task)
def test_only_binary_targets_have_a_threshold(task: Task) -> None:
    threshold = _trained(task).threshold
    assert (threshold is not None) is (task is Task.BINARY)
    assert threshold is None or threshold.value == 0.25


@pytest.mark.parametrize("task", Task)
def test_only_regression_targets_have_intervals(task: Task) -> None:
    intervals = _trained(task).intervals
    assert (intervals is not None) is (task is Task.REGRESSION)
    assert intervals is None or (intervals.level, len(intervals.values)) == (0.9, 1)


@pytest.mark.parametrize("task", Task)
def test_the_graphs_score_as_the_estimators_do(task: Task) -> None:
    trained, matrix = _trained(task), make_split(task).holdout.matrix
    served = _exported(task).scorer(trained, make_contract(task)).score(matrix)
    np.testing.assert_allclose(served, trained.score(matrix, task), rtol=1e-5, atol=1e-5)


def test_equal_trainings_give_equal_graphs() -> None:
    again = export_ensemble(_train(Task.BINARY), make_contract())
    assert again == _exported(Task.BINARY)


# The network is trained for a fixed number of epochs on purpose.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("task", Task)
def test_members_know_the_validation_rows_in_the_end(task: Task) -> None:
    parts, trained = make_split(task), _trained(task)
    matrix, target = parts.fitted.matrix, parts.fitted.target
    assert len(target) == len(parts.train) + len(parts.validation)
    for name, member in trained.members.items():
        again = build_member(name, trained.parameters[name], make_contract(task), matrix=matrix, seed=PLAN.seed)
        expected = raw_scores(again.fit(matrix, target), parts.holdout.matrix, task)
        np.testing.assert_array_equal(raw_scores(member, parts.holdout.matrix, task), expected)


def test_every_step_is_told() -> None:
    told = StringIO()
    train_ensemble(make_split(rows=300), make_contract(), PLAN, Progress(Console(file=told)))
    for title in (
        "Searching hyperparameters",
        "Fitting members",
        "Fitting weights, calibration and threshold",
        "Fitting members on validation rows too",
    ):
        assert f"  {title} ..." in told.getvalue()
