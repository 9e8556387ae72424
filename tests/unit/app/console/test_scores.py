"""Scores of what was answered beside those of the holdout."""

from __future__ import annotations

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from app.console.collected import Collected
from app.console.scores import Scores, scores_of
from app.metrics.answers import AnswerMeter
from core.contract import Contract, Task
from core.reference import Knots, Reference, numeric_reference
from tests.factories import TARGETS, make_contract, make_reference

TAG, OTHER = "model-v1.0.0", "model-v1.1.0"
KNOTS = Knots.of(np.array([0.1, 0.5, 0.52, 0.9]))


def shown(
    values: dict[str, list[float]], task: Task = Task.BINARY, reference: Reference | None = None
) -> tuple[Scores, ...]:
    registry = CollectorRegistry()
    contract = Contract(features=make_contract().features, target=TARGETS[task])
    meter = AnswerMeter(registry, contract, reference or make_reference(), tag="model-v1.0.0")
    for tag, scores in values.items():
        for score in scores:
            meter._kind(tag, "champion" if tag == TAG else "challenger", "", "").scores.observe(score)
    promised = None if task is Task.MULTICLASS else KNOTS
    return scores_of(Collected(registry.collect()), TARGETS[task], TAG, promised)


def test_a_probability_is_shown_in_twentieths_beside_the_holdout() -> None:
    (found,) = shown({TAG: [0.1, 0.5, 0.91, 0.92]})
    assert found.title == "model-v1.0.0"
    assert found.summary.replace("\u00a0", " ") == "4 rows; most have a score from 0.9 to 0.95 (50 %)"
    assert (len(found.buckets), len(found.boxes), len(found.expected)) == (20, 3, 20)
    # A bucket holds its upper bound.
    assert (found.buckets[1].name, found.buckets[1].share, found.buckets[1].expected) == (
        "from 0.05 to 0.1", "25\u00a0%", "25\u00a0%",
    )  # fmt: skip
    assert [each.expected for each in found.buckets if each.expected != "0\u00a0%"] == ["25\u00a0%"] * 4
    assert (found.first, found.last, found.peak) == ("0", "1", "50\u00a0%")


def test_the_holdout_is_the_champion_s_which_comes_first() -> None:
    champion, challenger = shown({OTHER: [0.4], TAG: [0.5]})
    assert (champion.title, challenger.title) == ("model-v1.0.0", "model-v1.1.0")
    assert challenger.expected == ()
    assert {bucket.expected for bucket in challenger.buckets} == {""}


def test_of_several_classes_the_reference_has_no_score_of_the_label() -> None:
    (found,) = shown({TAG: [0.97]}, Task.MULTICLASS)
    assert "most have a probability of the label from 0.95 to 1" in found.summary
    assert found.expected == ()


@pytest.mark.parametrize("values", [[5.0, 100.0], [5.0]])
def test_a_value_is_shown_in_the_reference_s_quantiles(values: list[float]) -> None:
    scores = {"value": numeric_reference(np.array([1.0, 2.0, 8.0]))}
    reference = Reference(numeric={}, categorical={}, scores=scores, rows=3)
    (found,) = shown({TAG: values}, Task.REGRESSION, reference)
    names = [bucket.name for bucket in found.buckets]
    assert names[:3] == ["up to 1", "from 1 to 2", "from 2 to 8"]
    assert names[3:] == (["above 8"] if 100.0 in values else [])
    assert (found.first, found.last) == ("up to 1", "above 8" if 100.0 in values else "8")


def test_values_of_which_nothing_is_known_have_one_bound() -> None:
    reference = Reference(numeric={}, categorical={}, scores={}, rows=3)
    (found,) = shown({TAG: [5.0]}, Task.REGRESSION, reference)
    assert [bucket.name for bucket in found.buckets] == ["up to 0", "above 0"]


def test_nothing_answered_is_nothing_shown() -> None:
    assert shown({}) == ()
