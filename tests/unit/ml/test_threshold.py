"""Where a score becomes a yes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from core.manifest import Threshold
from ml.threshold import choose_threshold


def _calibrated(rows: int = 20_000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(0)
    scores = random.beta(1, 2, rows)
    return scores, (random.random(rows) < scores).astype(float)


def _choose(rule: str, scores: NDArray[np.float64], target: NDArray[np.float64], *costs: float) -> Threshold:
    false_positive, false_negative = costs or (1.0, 1.0)
    return choose_threshold(
        scores, target, rule=rule, false_positive_cost=false_positive, false_negative_cost=false_negative
    )


def test_equal_costs_put_the_threshold_in_the_middle() -> None:
    assert _choose("cost", *_calibrated()).value == 0.5


@pytest.mark.parametrize(("false_positive", "false_negative"), [(1, 4), (3, 1), (2, 5)])
def test_the_cost_rule_is_cheapest_on_calibrated_scores(false_positive: float, false_negative: float) -> None:
    scores, target = _calibrated()
    chosen = _choose("cost", scores, target, false_positive, false_negative)

    def cost(threshold: float) -> float:
        answered = scores >= threshold
        wrong_yes, wrong_no = (answered & (target == 0)).sum(), (~answered & (target == 1)).sum()
        return float(false_positive * wrong_yes + false_negative * wrong_no) / len(scores)

    assert cost(chosen.value) <= min(cost(value / 50) for value in range(51)) + 0.005


def test_the_cost_rule_names_its_costs() -> None:
    rule = _choose("cost", *_calibrated(), 1, 4.5).rule
    assert rule == "least expected cost at 1 a false positive and 4.5 a false negative"


def test_the_f1_rule_finds_the_best_f1_of_the_grid() -> None:
    scores, target = _calibrated(1000)
    chosen = _choose("f1", scores, target)
    best = max(f1_score(target, scores >= value / 100) for value in range(1, 100))
    assert f1_score(target, scores >= chosen.value) == pytest.approx(best)
    assert chosen.rule == "best F1 on the validation rows"


def test_the_f1_rule_takes_the_middle_most_of_equal_thresholds() -> None:
    assert _choose("f1", np.array([0.1, 0.9]), np.array([0.0, 1.0])).value == 0.5


def test_the_f1_rule_survives_rows_without_a_positive() -> None:
    assert 0 < _choose("f1", np.full(10, 0.001), np.zeros(10)).value < 1
