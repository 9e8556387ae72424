"""What an answer costs, once its outcome is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from core.contract import Target, Task
from core.experiment_policy import Loss
from deploy.judging.asking import Answer

# As at training: no loss is above 16.
_LEAST: Final = 1e-7
LossOf = Callable[[Answer, str | float], float | None]


def loss_of(loss: Loss, target: Target) -> LossOf:
    """
    A function from an answer, as the journal has it, and its outcome to the loss.

    It gives None where an outcome or a value is no number, and the greatest loss where an outcome is no class of the
    target, as that could only be answered wrongly, or the score is no number. A target that takes any other text for
    its negative class has no such outcome.

    Args:
        loss: Of the target's task.
        target: What is predicted.
    """
    if target.task is Task.REGRESSION:
        return _of_value(squared=loss is Loss.SQUARED_ERROR)
    if loss is Loss.ERROR:
        return lambda answer, outcome: float(answer.label != _class(target, outcome))
    return lambda answer, outcome: _of_probability(loss, _probability(target, answer, outcome))


def _of_value(*, squared: bool) -> LossOf:
    def of(answer: Answer, outcome: str | float) -> float | None:
        if isinstance(outcome, str) or not math.isfinite(outcome) or answer.value is None:
            return None
        error = abs(answer.value - outcome)
        return error**2 if squared else error

    return of


def _probability(target: Target, answer: Answer, outcome: str | float) -> float:
    """That the answer gave to what happened."""
    happened = _class(target, outcome)
    if happened is None:
        return 0.0
    if target.task is Task.MULTICLASS:
        return answer.scores.get(happened) or 0.0
    if answer.score is None:
        return 0.0
    return answer.score if happened == target.classes[1] else 1 - answer.score


def _of_probability(loss: Loss, probability: float) -> float:
    return (1 - probability) ** 2 if loss is Loss.BRIER else -math.log(min(max(probability, _LEAST), 1.0))


def _class(target: Target, outcome: str | float) -> str | None:
    """The class that happened; None if it is none of the target's."""
    text = outcome if isinstance(outcome, str) else str(int(outcome)) if float(outcome).is_integer() else str(outcome)
    if text in target.classes:
        return text
    return target.classes[0] if target.catch_all else None
