"""What is counted of answers."""

from __future__ import annotations

from dataclasses import replace as replaced
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from app.arms import Answered
from app.metrics.answers import MOST_FEATURES, MOST_LABELS, OTHER, AnswerMeter, score_edges
from app.novelty import OUTSIDE_TRAINING_RANGE, UNSEEN_CATEGORY, InputWarning
from app.served_model import Scored
from core.contract import Contract, NumericFeature, Target, Task
from core.experiment import Arm, Fallback
from core.reference import Reference, numeric_reference

BINARY = Target(name="left", task=Task.BINARY, classes=("no", "yes"))
VALUE = Target(name="price", task=Task.REGRESSION, classes=())


def contract(target: Target, features: int = 1) -> Contract:
    numbers = (NumericFeature(name=f"f{number}", low=0, high=1, nullable=True) for number in range(features))
    return Contract(target=target, features=tuple(numbers))


def reference(**scores: list[float]) -> Reference:
    made = {name: numeric_reference(np.array(values, dtype=np.float64)) for name, values in scores.items()}
    return Reference(numeric={}, categorical={}, scores=made, rows=1)


def answered(target: Target, labels: list[str] | None, scores: list[list[float]], **changes: Any) -> Answered:
    scored = Scored(
        target=target,
        labels=labels,
        scores=scores,
        ends=None,
        disagreement=[0.0] * len(scores),
        members=(),
        opinions=(),
        warnings=changes.pop("warnings", []),
    )
    return replaced(Answered(tag="model-v1.0.0", arm=Arm.CHAMPION, fallback=None, scored=scored), **changes)


class Meter:
    """A meter, and what it shows."""

    def __init__(self, target: Target, features: int = 1, **scores: list[float]) -> None:
        self.registry = CollectorRegistry()
        self.meter = AnswerMeter(self.registry, contract(target, features), reference(**scores), tag="model-v1.0.0")

    def samples(self, name: str) -> dict[str, float]:
        """By the labels that are not the same everywhere."""
        left_out = {"model_tag", "arm"}
        return {
            " ".join(value for key, value in sample.labels.items() if key not in left_out and value): sample.value
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.name == name
        }


def test_a_row_and_rows_together_count_the_same() -> None:
    labels, scores = ["no", "yes", "yes"], [[0.05], [0.051], [0.99]]
    single, batch = Meter(BINARY), Meter(BINARY)
    for label, score in zip(labels, scores, strict=True):
        single.meter.count(answered(BINARY, [label], [score]))
    batch.meter.count(answered(BINARY, labels, scores))

    assert batch.samples("slipway_predictions_total") == {"no": 1, "yes": 2}
    for name in ("slipway_predictions_total", "slipway_prediction_score_bucket", "slipway_prediction_score_count"):
        assert single.samples(name) == batch.samples(name)
    assert batch.samples("slipway_prediction_score_sum") == {"": pytest.approx(1.091)}
    buckets = batch.samples("slipway_prediction_score_bucket")
    # A bound belongs to the bucket below it.
    assert [buckets[bound] for bound in ("0.05", "0.1", "0.95", "1.0", "+Inf")] == [1, 2, 2, 3, 3]


def test_of_several_classes_the_score_is_that_of_the_label() -> None:
    target = Target(name="fruit", task=Task.MULTICLASS, classes=("apple", "fig", "pear"))
    meter = Meter(target)
    meter.meter.count(answered(target, ["fig", "pear"], [[0.2, 0.7, 0.1], [0.1, 0.3, 0.6]]))
    meter.meter.count(answered(target, ["fig"], [[0.2, 0.7, 0.1]]))

    assert meter.samples("slipway_predictions_total") == {"apple": 0, "fig": 2, "pear": 1}
    assert meter.samples("slipway_prediction_score_sum") == {"": pytest.approx(2.0)}


def test_values_have_buckets_of_their_own_distribution_and_no_label() -> None:
    meter = Meter(VALUE, value=[float(number) for number in range(1, 101)])
    meter.meter.count(answered(VALUE, None, [[-3.0], [50.0], [1000.0]]))

    buckets = meter.samples("slipway_prediction_score_bucket")
    assert {bound: buckets[bound] for bound in ("1.0", "50.0", "99.0", "+Inf")} == {
        "1.0": 1, "50.0": 2, "99.0": 2, "+Inf": 3
    }  # fmt: skip
    assert meter.samples("slipway_predictions_total") == {"": 3}


def test_values_that_are_all_the_same_have_one_bucket_and_those_unknown_have_one_too() -> None:
    assert score_edges(VALUE, reference(value=[7.0] * 9)) == (7.0,)
    assert score_edges(VALUE, reference()) == (0.0,)


def test_who_answered_in_whose_place_is_told_apart() -> None:
    meter = Meter(BINARY)
    one = answered(BINARY, ["no"], [[0.1]])
    for each in (one, one, replaced(one, arm=Arm.CHALLENGER, fallback=Fallback.SLOW)):
        meter.meter.count(each)

    assert meter.samples("slipway_predictions_total") == {"no": 2, "slow no": 1, "yes": 0}


def test_what_training_did_not_see_is_counted_by_feature() -> None:
    unseen = InputWarning(field="f0", code=UNSEEN_CATEGORY, message="")
    beyond = replace(unseen, code=OUTSIDE_TRAINING_RANGE)
    meter = Meter(BINARY)
    meter.meter.count(answered(BINARY, ["no"] * 3, [[0.1]] * 3, warnings=[(0, unseen), (1, unseen), (2, beyond)]))
    meter.meter.count(answered(BINARY, ["no"], [[0.1]], warnings=[(0, unseen)]))

    assert meter.samples("slipway_input_warnings_total") == {
        f"f0 {UNSEEN_CATEGORY}": 3,
        f"f0 {OUTSIDE_TRAINING_RANGE}": 1,
    }


def test_what_may_come_is_counted_from_nothing_on() -> None:
    meter = Meter(BINARY, features=2)
    assert meter.samples("slipway_predictions_total") == {"no": 0, "yes": 0}
    assert meter.samples("slipway_input_warnings_total") == {
        f"f{number} {OUTSIDE_TRAINING_RANGE}": 0 for number in range(2)
    }


def test_a_model_of_many_classes_and_columns_makes_no_more_series_than_are_allowed() -> None:
    classes = tuple(f"c{number}" for number in range(MOST_LABELS + 5))
    target = Target(name="code", task=Task.MULTICLASS, classes=classes)
    meter = Meter(target, features=MOST_FEATURES + 5)
    warnings = [
        (0, InputWarning(field=f"f{number}", code=OUTSIDE_TRAINING_RANGE, message=""))
        for number in range(MOST_FEATURES + 5)
    ]
    meter.meter.count(answered(target, list(classes), [[1.0]] * len(classes), warnings=warnings))

    labels, features = (meter.samples(f"slipway_{name}_total") for name in ("predictions", "input_warnings"))
    assert (len(labels), labels[OTHER]) == (MOST_LABELS + 1, 5)
    assert (len(features), features[f"{OTHER} {OUTSIDE_TRAINING_RANGE}"]) == (MOST_FEATURES + 1, 5)


def test_both_ways_to_ask_count_and_what_is_refused_does_not(client: FlaskClient) -> None:
    row = {"age": 30, "city": "Oslo"}
    client.post("/v1/predict", json=row)
    client.post("/v1/predict", json=row, headers={"traceparent": "x"})
    client.post("/v1/predict/batch", json={"rows": [row, row]})
    client.post("/v1/predict/batch", json={"rows": [row, {}]})
    client.post("/v1/predict", json={})

    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith("slipway_predictions_total")]
    assert sum(float(line.split()[-1]) for line in lines) == 4
