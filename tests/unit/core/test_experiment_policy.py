"""`[experiment]` of model.toml: defaults, bounds, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.contract import Task
from core.errors import ModelFileError
from core.experiment_policy import (
    LOSSES,
    ExperimentPolicy,
    Loss,
    OnDecision,
    default_policy,
    holdout_loss,
    read_experiment_policy,
    read_policy_file,
)
from core.manifest import Metric
from core.reading import Table
from tests.factories import FEATURES, make_contract

MODEL_FILE = f"""
[target]
name = "churn"
task = "binary"
positive = "yes"
[gate]
segments = ["city"]
[experiment]
margin = 0.05
{FEATURES}"""

BOUNDS = [
    ("margin", 0.0001, 1),
    ("confidence", 0.6, 0.9999),
    ("min_subjects", 30, 10**9),
    ("min_rows", 50, 10**9),
    ("max_days", 1, 3650),
    ("max_latency_ratio", 1, 1000),
    ("max_fallback_share", 0, 1),
    ("max_subject_share", 0.001, 1),
]
WRONG: list[tuple[str, Any, str]] = [
    ("loss", "mae", "experiment.loss: takes one of brier, log_loss, error, found 'mae'"),
    ("loss", "absolute_error", "experiment.loss: takes one of brier, log_loss, error, found 'absolute_error'"),
    ("min_rows", 100.5, "experiment.min_rows: takes a whole number, found 100.5"),
    ("segments", ["age"], "experiment.segments[0]: 'age' is not a categorical feature"),
    ("on_decision", "promote", "experiment.on_decision: takes one of tell, act, found 'promote'"),
    ("shares", 0.5, "experiment.shares: unknown key; known here: confidence, loss, margin, max_days, "),
]


def read(task: Task = Task.BINARY, **values: Any) -> tuple[ExperimentPolicy, list[str]]:
    table = Table(values, "experiment")
    policy = read_experiment_policy(table, contract=make_contract(task), segments=())
    return policy, [str(fault) for fault in table.faults]


@pytest.mark.parametrize(
    ("task", "loss"),
    [(Task.BINARY, Loss.BRIER), (Task.MULTICLASS, Loss.LOG_LOSS), (Task.REGRESSION, Loss.ABSOLUTE_ERROR)],
)
def test_nothing_needs_to_be_said(task: Task, loss: Loss) -> None:
    assert read(task) == (ExperimentPolicy(loss=loss), [])
    assert default_policy(task) == ExperimentPolicy(loss=loss)


@pytest.mark.parametrize("task", list(Task))
def test_every_loss_of_the_task_may_be_chosen(task: Task) -> None:
    for loss in LOSSES[task]:
        assert read(task, loss=loss.value) == (ExperimentPolicy(loss=loss), [])


def test_everything_that_is_said_is_taken() -> None:
    policy, faults = read(segments=["city"], on_decision="act", max_days=7, min_subjects=50)
    assert faults == []
    assert policy == ExperimentPolicy(
        loss=Loss.BRIER, segments=("city",), on_decision=OnDecision.ACT, max_days=7, min_subjects=50
    )


@pytest.mark.parametrize(("key", "low", "high"), BOUNDS, ids=[key for key, *_ in BOUNDS])
def test_numbers_lie_within_their_bounds(key: str, low: float, high: float) -> None:
    for value in (low, high):
        policy, faults = read(Task.BINARY, **{key: value})
        assert (getattr(policy, key), faults) == (value, [])
    step = 1 if isinstance(low, int) and high > 1 else 0.00005
    for value in (low - step, high + step):
        (fault,) = read(Task.BINARY, **{key: value})[1]
        assert fault.startswith(f"experiment.{key}: ")


@pytest.mark.parametrize(("key", "value", "fault"), WRONG, ids=[f"{key}={value}" for key, value, _ in WRONG])
def test_a_mistake_is_named_with_its_place(key: str, value: Any, fault: str) -> None:
    (found,) = read(Task.BINARY, **{key: value})[1]
    assert found.startswith(fault)


def test_a_file_is_read_as_far_as_it_matters(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_text(MODEL_FILE)
    assert read_policy_file(path) == ExperimentPolicy(loss=Loss.BRIER, margin=0.05, segments=("city",))
    path.write_text(MODEL_FILE.replace("margin = 0.05", "margin = 5"))
    with pytest.raises(ModelFileError, match=r"experiment\.margin"):
        read_policy_file(path)


@pytest.mark.parametrize(
    ("loss", "metric", "value", "expected"),
    [
        (Loss.BRIER, "brier", 0.13, 0.13),
        (Loss.LOG_LOSS, "log_loss", 0.4, 0.4),
        (Loss.ERROR, "accuracy", 0.9, 0.1),
        (Loss.ABSOLUTE_ERROR, "mae", 250.0, 250.0),
        (Loss.SQUARED_ERROR, "rmse", 3.0, 9.0),
        (Loss.ERROR, "accuracy", 1.0, None),
        (Loss.BRIER, "accuracy", 0.9, None),
        (Loss.BRIER, "brier", None, None),
    ],
)
def test_the_loss_on_the_holdout_is_read_off_the_metrics(
    loss: Loss, metric: str, value: float | None, expected: float | None
) -> None:
    found = holdout_loss(loss, {metric: Metric(value=value)})
    assert found == (None if expected is None else pytest.approx(expected))
