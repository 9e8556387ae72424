"""Rows that both models answered, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest

from core.contract import Task
from core.experiment_policy import LOSSES
from core.intervals import Band
from deploy.experiments.losses import loss_of
from deploy.judging.asking import Answer
from deploy.judging.journal import Line
from deploy.replay.pairs import Pairs, group, pair
from tests.experiments import BEGAN
from tests.factories import INTERVALS, TARGETS

_CURSORS = count(1)


def line(**changes: Any) -> Line:
    """A row that got a score of 0.7."""
    values: dict[str, Any] = {
        "cursor": next(_CURSORS),
        "at": BEGAN,
        "tag": "model-v1.0.0",
        "latency_ms": 2.0,
        "inputs": {"city": "Oslo"},
        "label": "yes",
        "score": 0.7,
    }
    return Line(**(values | changes))


def paired(
    lines: Sequence[Line], answers: Sequence[Answer], task: Task = Task.BINARY, band: Band | None = None
) -> Pairs:
    return pair(
        lines,
        answers,
        target=TARGETS[task],
        band=band,
        loss=loss_of(LOSSES[task][0], TARGETS[task]),
        segments=["city"],
        is_judged=lambda each: each.at >= BEGAN,
    )


def test_labels_and_scores_of_both_stand_side_by_side() -> None:
    found = paired([line(), line()], [Answer(label="yes", score=0.9), Answer(label="no", score=0.2)])
    assert found.champion.tolist() == [[0.7], [0.7]]
    assert found.challenger.tolist() == [[0.9], [0.2]]
    assert found.is_alike.tolist() == [True, False]
    assert np.isnan(found.champion_loss).all()


def test_each_pays_for_its_own_answer() -> None:
    found = paired([line(outcome="yes")], [Answer(label="yes", score=0.9)])
    assert (found.champion_loss[0], found.challenger_loss[0]) == pytest.approx((0.09, 0.01))


def test_an_outcome_that_the_challenger_may_have_learnt_does_not_count() -> None:
    found = paired(
        [line(outcome="yes", at=BEGAN - timedelta(seconds=1)), line(outcome="no")],
        [Answer(label="yes", score=0.9)] * 2,
    )
    assert np.isfinite(found.champion_loss).tolist() == [False, True]


def test_a_score_that_is_no_number_leaves_its_row_out() -> None:
    answers = [Answer(label="yes", score=0.1), Answer(label="yes", score=0.2), Answer(label="yes", score=np.nan)]
    found = paired([line(score=None, outcome="yes"), line(), line()], answers)
    assert found.challenger.tolist() == [[0.2]]
    assert len(paired([line(score=None)], answers[:1])) == 0


def test_classes_have_a_score_each() -> None:
    scores: dict[str, float | None] = {"basic": 0.2, "plus": 0.5, "pro": 0.3}
    found = paired(
        [line(label="plus", score=None, scores=scores, outcome="pro")],
        [Answer(label="pro", scores={"basic": 0.0, "plus": 0.0, "pro": 1.0})],
        Task.MULTICLASS,
    )
    assert found.champion.tolist() == [[0.2, 0.5, 0.3]]
    assert found.is_alike.tolist() == [False]
    assert (found.champion_loss[0], found.challenger_loss[0]) == pytest.approx((-np.log(0.3), 0))


@pytest.mark.parametrize(("band", "expected"), [(None, [True, True, False]), (Band.of(INTERVALS), [True, True, True])])
def test_values_are_alike_within_the_interval_or_within_a_twentieth(band: Band | None, expected: list[bool]) -> None:
    lines = [line(label="", score=None, value=-10.0 * each, outcome=1.0) for each in (0, 1, 1)]
    answers = [Answer(value=value) for value in (0.0, -9.5, -9.4)]
    found = paired(lines, answers, Task.REGRESSION, band)
    assert found.is_alike.tolist() == expected
    assert found.champion_loss.tolist() == [1, 11, 11]


def test_an_outcome_that_is_no_number_is_none_of_a_value() -> None:
    found = paired([line(value=1.0, outcome="much")], [Answer(value=2.0)], Task.REGRESSION)
    assert np.isnan(found.champion_loss).all()


def test_a_category_is_missing_or_not_known() -> None:
    inputs: list[dict[str, Any]] = [{"city": "Rome"}, {"city": None}, {"city": "*"}, {}]
    found = paired([line(inputs=each) for each in inputs], [Answer(label="yes", score=0.7)] * 4)
    assert found.categories["city"].tolist() == ["Rome", "missing", "", ""]


def grouped(*lines: Line, known: int = 1000) -> str:
    return group(lines, np.arange(len(lines)) < known).name


def test_rows_hang_together_by_subject_where_each_has_one() -> None:
    lines = [line(subject=f"s{number % 12}") for number in range(24)]
    found = group(lines, np.ones(24, dtype=np.bool_))
    assert (found.name, found.number.tolist()) == ("subject", [*range(12), *range(12)])


def test_otherwise_they_hang_together_by_the_longest_time_that_leaves_enough_groups() -> None:
    days = [line(at=BEGAN + timedelta(days=number)) for number in range(10)]
    hours = [line(at=BEGAN + timedelta(hours=number)) for number in range(10)]
    assert grouped(*days) == "day"
    assert grouped(*days, line(subject="s")) == "day"
    assert grouped(*hours) == "hour"
    assert grouped(*hours, known=9) == ""
    assert grouped(line(), line()) == ""
