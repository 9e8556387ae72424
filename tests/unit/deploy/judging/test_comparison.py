"""Green's answers beside blue's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.contract import Task
from deploy.judging.comparison import (
    Numbers,
    Side,
    distance_beyond_chance,
    distance_of,
    judge_answers,
    judge_latency,
    judge_scores,
    mean_change,
)
from deploy.judging.policy import Policy

POLICY = Policy()
SAMPLE = arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]))


def side(scores: Numbers, labels: tuple[str, ...] = (), answered: list[bool] | None = None) -> Side:
    table = scores.reshape(len(scores), -1)
    was_answered = np.array(answered or [True] * len(scores))
    return Side(scores=table, labels=labels or ("",) * len(scores), was_answered=was_answered)


def spread_out(count: int) -> Numbers:
    return np.linspace(0.05, 0.95, count) ** 2


@given(SAMPLE, SAMPLE)
def test_the_distance_is_the_largest_gap_between_the_shares_up_to_a_score(green: Numbers, blue: Numbers) -> None:
    gaps = [abs((green <= score).mean() - (blue <= score).mean()) for score in (*green, *blue)]
    assert distance_of(green, blue) == pytest.approx(max(gaps), abs=1e-12)


@given(SAMPLE)
def test_equal_scores_are_no_distance_apart(scores: Numbers) -> None:
    assert distance_of(scores, scores) == 0
    assert distance_beyond_chance(scores, scores) == 0
    assert mean_change(scores, scores, Task.BINARY) == 0


@pytest.mark.parametrize("task", list(Task))
def test_the_same_model_is_let_pass(task: Task) -> None:
    scores = side(spread_out(200))
    assert judge_scores(scores, scores, task, POLICY).problem == ""


@pytest.mark.parametrize(
    ("bend", "breaches"),
    [
        (lambda scores: scores + 0.01, []),
        (np.sqrt, ["mean score"]),
        (lambda scores: 1 - scores, ["score distribution", "mean score"]),
        (lambda scores: np.clip(scores + 0.15, 0, 1), ["mean score"]),
        (lambda scores: np.full_like(scores, scores.mean()), ["score distribution"]),
    ],
    ids=["a little", "root", "inverted", "shifted", "constant"],
)
def test_a_skewed_model_is_found_by_one_or_the_other(bend: object, breaches: list[str]) -> None:
    scores = spread_out(200)
    assert callable(bend)
    found = judge_scores(side(bend(scores)), side(scores), Task.BINARY, POLICY)
    assert set(breaches) <= {each.name for each in found.breaches}
    assert bool(found.breaches) == bool(breaches)


@pytest.mark.parametrize(("count", "is_breach"), [(3, False), (30, False), (300, True)])
def test_of_few_rows_the_distance_may_be_larger(count: int, is_breach: bool) -> None:  # a table
    scores = np.linspace(0, 0.2, count)
    moved = scores + 0.2 * 0.34
    found = judge_scores(side(moved), side(scores), Task.BINARY, POLICY)
    assert [each.name for each in found.breaches] == ["score distribution"] * is_breach


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_rows_that_are_all_alike_speak_against_nobody_whose_scores_hardly_moved(task: Task) -> None:
    blue = np.full(59, 0.5)
    assert not judge_scores(side(blue + 0.001), side(blue), task, POLICY).breaches
    assert judge_scores(side(blue + 0.15), side(blue), task, POLICY).breaches


def test_of_several_classes_the_worst_counts() -> None:
    blue = np.column_stack([spread_out(100), 1 - spread_out(100)])
    green = blue.copy()
    green[:, 1] = 0.5
    assert "score distribution" in judge_scores(side(green), side(blue), Task.MULTICLASS, POLICY).problem


def test_values_are_measured_by_their_own_spread() -> None:
    blue = 1000 * spread_out(100)
    assert mean_change(blue + blue.std() / 20, blue, Task.REGRESSION) == pytest.approx(0.05)
    assert mean_change(np.full(9, 110.0), np.full(9, 100.0), Task.REGRESSION) == pytest.approx(0.1)
    assert mean_change(np.full(9, 0.0), np.full(9, 0.0), Task.REGRESSION) == 0


def test_changed_labels_are_shown_and_no_breach() -> None:
    green, blue = side(spread_out(4), ("yes", "no", "no", "no")), side(spread_out(4), ("no",) * 4)
    *_, labels = judge_scores(green, blue, Task.BINARY, POLICY).evidence
    assert (labels.found, labels.is_breach) == ("25.0% of 4 changed", False)


def test_rows_that_only_one_answered_are_not_compared() -> None:
    green = side(np.array([0.5, np.nan, 0.5]), answered=[True, True, False])
    found = judge_scores(green, side(np.array([0.5, 0.1, 0.1])), Task.BINARY, POLICY)
    assert found.problem == ""
    assert "the same 1 rows" in found.evidence[0].found


def test_without_a_common_row_nothing_is_said_of_the_scores() -> None:
    nobody = side(np.array([np.nan]), answered=[False])
    (found,) = judge_scores(nobody, side(np.array([0.5])), Task.BINARY, POLICY).evidence
    assert (found.is_breach, found.found) == (False, "no row that both answered")


def test_what_is_not_answered_or_not_finite_is_a_breach() -> None:
    found = judge_answers(side(np.array([0.5, np.nan, np.nan]), answered=[True, True, False]), "answered 500")
    assert [each.name for each in found.breaches] == ["answers", "finite scores"]
    assert "2 of 3 rows answered (answered 500)" in found.problem
    assert judge_answers(side(spread_out(3))).problem == ""


@pytest.mark.parametrize(
    ("green_ms", "breaches"),
    [
        ([2.0] * 20, []),
        ([9.0] * 20, []),
        ([9.1] * 20, ["median latency", "p95 latency"]),
        ([2.0] * 18 + [50.0] * 2, ["p95 latency"]),
    ],
)
def test_time_may_be_twice_that_of_blue_and_a_little_more(green_ms: list[float], breaches: list[str]) -> None:
    found = judge_latency(np.array(green_ms), np.full(20, 2.0), factor=2, slack_ms=5)
    assert [each.name for each in found.breaches] == breaches


def test_without_blue_time_is_only_shown() -> None:
    found = judge_latency(np.array([900.0]), np.array([]), factor=2, slack_ms=5)
    assert found.problem == ""
    assert found.evidence[0].found == "900.0 ms, no blue beside it"


def test_chance_is_taken_off_the_distance_of_different_rows() -> None:
    generator = np.random.default_rng(1)
    beyond = [distance_beyond_chance(generator.random(300), generator.random(300)) for _ in range(100)]
    assert sum(each > 0 for each in beyond) <= 4
