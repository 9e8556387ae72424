"""What answers cost."""

from __future__ import annotations

import math

import pytest

from core.contract import Target, Task
from core.experiment_policy import LOSSES, Loss
from deploy.experiments.losses import loss_of
from deploy.judging.asking import Answer
from tests.factories import TARGETS

BINARY = Answer(label="yes", score=0.7)
CLASSES = Answer(label="plus", scores={"basic": 0.2, "plus": 0.5, "pro": 0.3})
VALUE = Answer(value=12.5)


@pytest.mark.parametrize(
    ("task", "loss", "answer", "outcome", "expected"),
    [
        (Task.BINARY, Loss.BRIER, BINARY, "yes", 0.09),
        (Task.BINARY, Loss.BRIER, BINARY, "no", 0.49),
        (Task.BINARY, Loss.LOG_LOSS, BINARY, "no", -math.log(0.3)),
        (Task.BINARY, Loss.ERROR, BINARY, "yes", 0),
        (Task.BINARY, Loss.ERROR, BINARY, "no", 1),
        (Task.MULTICLASS, Loss.LOG_LOSS, CLASSES, "pro", -math.log(0.3)),
        (Task.MULTICLASS, Loss.ERROR, CLASSES, "plus", 0),
        (Task.REGRESSION, Loss.ABSOLUTE_ERROR, VALUE, 10.0, 2.5),
        (Task.REGRESSION, Loss.SQUARED_ERROR, VALUE, 10.0, 6.25),
    ],
)
def test_a_loss_is_that_of_its_definition(
    task: Task, loss: Loss, answer: Answer, outcome: str | float, expected: float
) -> None:
    assert loss in LOSSES[task]
    assert loss_of(loss, TARGETS[task])(answer, outcome) == pytest.approx(expected)


@pytest.mark.parametrize("loss", LOSSES[Task.BINARY])
def test_an_outcome_that_is_no_class_is_the_greatest_loss(loss: Loss) -> None:
    greatest = {Loss.BRIER: 1.0, Loss.ERROR: 1.0, Loss.LOG_LOSS: -math.log(1e-7)}
    assert loss_of(loss, TARGETS[Task.BINARY])(BINARY, "perhaps") == pytest.approx(greatest[loss])


def test_where_any_other_text_is_negative_it_is_no_stranger() -> None:
    target = Target(name="late", task=Task.BINARY, classes=("not yes", "yes"), catch_all=True)
    assert loss_of(Loss.BRIER, target)(BINARY, "perhaps") == pytest.approx(0.49)


def test_classes_may_be_reported_as_numbers() -> None:
    target = Target(name="stars", task=Task.BINARY, classes=("0", "1"))
    assert loss_of(Loss.BRIER, target)(Answer(label="1", score=0.7), 1.0) == pytest.approx(0.09)


@pytest.mark.parametrize("outcome", ["much", math.nan, math.inf])
def test_what_is_no_number_is_no_outcome_of_a_regression(outcome: str | float) -> None:
    assert loss_of(Loss.ABSOLUTE_ERROR, TARGETS[Task.REGRESSION])(VALUE, outcome) is None


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (Task.BINARY, Answer(label="no")),
        (Task.MULTICLASS, Answer(label="basic", scores={"basic": None, "plus": None, "pro": None})),
    ],
)
def test_a_score_that_is_no_number_is_the_greatest_loss(task: Task, answer: Answer) -> None:
    outcome = TARGETS[task].classes[1]
    assert loss_of(Loss.LOG_LOSS, TARGETS[task])(answer, outcome) == pytest.approx(-math.log(1e-7))


def test_a_value_that_is_no_number_is_left_out() -> None:
    assert loss_of(Loss.ABSOLUTE_ERROR, TARGETS[Task.REGRESSION])(Answer(), 10.0) is None
