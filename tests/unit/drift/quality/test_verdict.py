"""A model that got worse is called so, one that did not is not, and people can read it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.contract import Target, Task
from core.drift import Figure, Severity
from core.manifest import Metric
from drift.columns import Coded
from drift.quality.labelled import NO_CLASS, Labelled
from drift.quality.performance import measure
from drift.quality.verdict import QualityPolicy, compare, judge_quality
from tests.factories import TARGETS

LATE = Target(name="late", task=Task.BINARY, classes=("no", "yes"))
POLICY = QualityPolicy()
SHARE = 0.25


def _labelled(target: Target, scores: NDArray[np.float64], outcomes: NDArray[np.float64], **changes: Any) -> Labelled:
    values: dict[str, Any] = {
        "target": target,
        "scores": scores if scores.ndim == 2 else scores[:, np.newaxis],
        "outcomes": outcomes,
        "threshold": 0.5 if target.task is Task.BINARY else None,
        "segments": {},
        "predictions": len(outcomes),
    }
    return Labelled(**values | changes)


def _answers(right: int, wrong: int, **changes: Any) -> Labelled:
    """Binary answers of which so many are right, whose score separates nothing better than that."""
    outcomes = np.arange(right + wrong) % 2
    answered = np.where(np.arange(right + wrong) < right, outcomes, 1 - outcomes)
    return _labelled(LATE, np.where(answered == 1, 0.9, 0.1), outcomes.astype(float), **changes)


def _week(random: np.random.Generator, rows: int, separation: float = 1.9) -> Labelled:
    """Calibrated scores of outcomes of which a quarter happened, better told apart by more separation."""
    happened = (random.random(rows) < SHARE).astype(float)
    evidence = random.normal(size=rows) + separation * happened
    odds = SHARE / (1 - SHARE) * np.exp(separation * evidence - separation**2 / 2)
    return _labelled(LATE, odds / (1 + odds), happened)


def _misses(*misses: float, rows: int = 600) -> Labelled:
    """A regression that misses by so much, in turn."""
    return _labelled(TARGETS[Task.REGRESSION], np.resize(np.array(misses), rows), np.zeros(rows))


def _held(share: float, rows: int = 2000) -> Labelled:
    """A regression whose errors are as they were, and whose intervals hold such a share of the outcomes."""
    outcomes = np.where(np.arange(rows) < round(share * rows), 1.0, -1.0)
    return _labelled(TARGETS[Task.REGRESSION], np.zeros(rows), outcomes, ends=np.tile(np.array([-0.5, 1.5]), (rows, 1)))


def _holdout(**values: float | None) -> dict[str, Metric]:
    return {name: Metric(value=value) for name, value in values.items()}


# What is worse


@pytest.mark.parametrize(
    ("name", "value", "baseline", "worse_by", "at_least"),
    [
        ("accuracy", Metric(value=0.8, low=0.7, high=0.85), 0.9, 0.1, 0.05),
        ("auc", Metric(value=0.95, low=0.9, high=0.99), 0.9, -0.05, -0.09),
        ("mae", Metric(value=12.0, low=11.0, high=13.0), 10.0, 2.0, 1.0),
        ("log_loss", Metric(value=0.2, low=0.1, high=0.3), 0.4, -0.2, -0.3),
        ("auc", Metric(value=0.8), 0.9, 0.1, None),
    ],
)
def test_worse_is_positive_for_every_figure(
    name: str, value: Metric, baseline: float, worse_by: float, at_least: float | None
) -> None:
    found = compare(name, value, Metric(value=baseline, low=0.0, high=1.0))
    assert found.worse_by == pytest.approx(worse_by)
    assert found.worse_by_at_least == pytest.approx(at_least)


@pytest.mark.parametrize("baseline", [None, Metric(value=None)])
def test_a_figure_that_the_holdout_lacks_stands_alone(baseline: Metric | None) -> None:
    assert compare("auc", Metric(value=0.8, low=0.7, high=0.9), baseline) == Figure(
        baseline=None, value=0.8, low=0.7, high=0.9
    )


@pytest.mark.parametrize(
    ("right", "severity"),
    [(920, Severity.OK), (900, Severity.OK), (891, Severity.OK), (881, Severity.WARNING), (870, Severity.CRITICAL)],
)
def test_accuracy_is_judged_by_points_that_are_beyond_doubt(right: int, severity: Severity) -> None:
    baseline = _holdout(accuracy=0.9, auc=0.8)
    assert judge_quality(_answers(4 * right, 4000 - 4 * right), baseline, POLICY).severity is severity


def test_a_drop_that_may_be_chance_is_none() -> None:
    found = judge_quality(_answers(435, 65), _holdout(accuracy=0.895, auc=0.8), POLICY)
    assert found.figures["accuracy"].worse_by == pytest.approx(0.025)
    assert found.severity is Severity.OK


def test_the_area_under_the_curve_is_judged_as_well() -> None:
    found = judge_quality(_answers(3600, 400), _holdout(accuracy=0.9, auc=0.95), POLICY)
    assert found.severity is Severity.CRITICAL
    assert found.sentence == (
        "The model has become worse: of a 'yes' and another, the 'yes' had the higher score 90.0 % of the time; on the "
        "holdout it was 95.0 %, 5.0 points less (at least 4.1). "
        "The outcome is known of 4,000 of 4,000 predictions (100.0 %)."
    )


@pytest.mark.parametrize(
    ("misses", "severity"),
    [
        ((8.0, 9.0), Severity.OK),
        ((10.3, 10.5), Severity.OK),
        ((10.6, 10.8), Severity.WARNING),
        ((11.5, 11.6), Severity.CRITICAL),
        # The mean is as it was, but some answers are far off.
        ((0.1, 19.9), Severity.CRITICAL),
        # Mostly as good as ever, and chance decides how many are far off.
        ((9.0,) * 299 + (700.0,), Severity.OK),
    ],
)
def test_a_regression_is_judged_by_shares_of_its_errors(misses: tuple[float, ...], severity: Severity) -> None:
    assert judge_quality(_misses(*misses), _holdout(mae=10.0, rmse=10.0), POLICY).severity is severity


def test_several_classes_are_judged_by_accuracy() -> None:
    random = np.random.default_rng(2)
    scores = random.dirichlet(np.ones(3), 2000)
    labelled = _labelled(TARGETS[Task.MULTICLASS], scores, random.integers(0, 3, 2000).astype(float))
    found = judge_quality(labelled, _holdout(accuracy=0.4, log_loss=1.0), POLICY)
    assert (found.severity, set(found.figures)) == (Severity.CRITICAL, {"accuracy", "log_loss"})


# What people read


def test_a_verdict_says_what_was_told_right_how_much_worse_and_of_how_many() -> None:
    found = judge_quality(
        _answers(4206, 606, predictions=5120), _holdout(accuracy=0.9, auc=0.8, brier=0.1, log_loss=0.3), POLICY
    )
    assert found.sentence == (
        "The model has become worse: 'late' was told right 87.4 % of the time; on the holdout it was 90.0 %, "
        "2.6 points less (at least 1.7). The outcome is known of 4,812 of 5,120 predictions (94.0 %)."
    )


def test_an_error_is_told_in_its_unit() -> None:
    found = judge_quality(_misses(11.5, 11.6), _holdout(mae=10.0, rmse=13.0), POLICY)
    assert found.sentence == (
        "The model has become worse: 'price' was missed by 11.6 EUR on average; on the holdout it was 10 EUR, "
        "1.55 EUR more (at least 1.55 EUR). The outcome is known of 600 of 600 predictions (100.0 %)."
    )


def test_large_errors_are_told_apart() -> None:
    found = judge_quality(_misses(0.0, 12_345.6), _holdout(mae=6200.0, rmse=7000.0), POLICY)
    assert "the root mean squared error of 'price', in which large errors count more, was 8,730 EUR" in found.sentence


def test_a_good_week_says_so() -> None:
    found = judge_quality(_answers(900, 100), _holdout(accuracy=0.9, auc=0.9), POLICY)
    assert found.sentence == (
        "There is no sign that the model has become worse: 'late' was told right 90.0 % of the time; on the holdout it "
        "was 90.0 %. The outcome is known of 1,000 of 1,000 predictions (100.0 %)."
    )


def test_too_few_outcomes_are_told_with_how_many_are_needed() -> None:
    found = judge_quality(_answers(100, 399, predictions=3000, notes=("A note.",)), _holdout(accuracy=0.9), POLICY)
    assert found.severity is Severity.INSUFFICIENT_DATA
    assert found.sentence == (
        "The outcome is known of 499 of 3,000 predictions (16.6 %); "
        "500 are needed to tell whether the model has become worse. A note."
    )
    assert found.figures["accuracy"].value == pytest.approx(100 / 499)


@pytest.mark.parametrize("task", list(Task))
def test_no_outcome_at_all_has_a_verdict(task: Task) -> None:
    labelled = _labelled(TARGETS[task], np.empty((0, TARGETS[task].score_width)), np.empty(0))
    found = judge_quality(labelled, _holdout(accuracy=0.9, mae=1.0), POLICY)
    assert found.severity is Severity.INSUFFICIENT_DATA
    assert found.sentence.startswith("The outcome is known of 0 of 0 predictions (0.0 %); 500 are needed")
    assert {figure.value for figure in found.figures.values()} == {None}


def test_a_figure_that_the_bundle_lacks_leaves_the_verdict_to_the_others() -> None:
    found = judge_quality(_answers(800, 200), _holdout(accuracy=0.9, auc=None), POLICY)
    assert found.severity is Severity.CRITICAL
    assert "The bundle has no auc of the holdout to compare with." in found.sentence


def test_outcomes_of_one_class_leave_the_verdict_to_the_others() -> None:
    labelled = _labelled(LATE, np.full(1000, 0.1), np.zeros(1000))
    found = judge_quality(labelled, _holdout(accuracy=0.9, auc=0.9), POLICY)
    assert (found.severity, found.figures["auc"]) == (Severity.OK, Figure(baseline=0.9, value=None))
    assert "These outcomes are too few or too much alike to define auc." in found.sentence


def test_a_bundle_without_figures_cannot_be_compared() -> None:
    found = judge_quality(_answers(900, 100), {}, POLICY)
    assert found.severity is Severity.ERROR
    assert found.sentence.startswith(
        "There is nothing to compare the model's answers with: 'late' was told right 90.0 % of the time. The outcome"
    )


def test_a_policy_that_needs_no_outcomes_gets_a_sentence_without_any() -> None:
    found = judge_quality(_answers(0, 0), _holdout(accuracy=0.9, auc=0.9), QualityPolicy(min_labels=0))
    assert found.severity is Severity.ERROR
    assert found.sentence.startswith(
        "There is nothing to compare the model's answers with: the accuracy of 'late' is not defined. The outcome is"
    )


# Categories


def _by_plan(*parts: tuple[str, int, int]) -> Labelled:
    """Answers that are right and wrong so often, by plan."""
    weeks = [_answers(right, wrong) for _, right, wrong in parts]
    codes = np.repeat(np.arange(len(parts), dtype=np.int32), [len(week) for week in weeks])
    return _labelled(
        LATE,
        np.concatenate([week.scores for week in weeks]),
        np.concatenate([week.outcomes for week in weeks]),
        segments={"plan": Coded(codes=codes, categories=tuple(name for name, _, _ in parts))},
    )


def test_categories_with_enough_rows_have_figures_the_most_frequent_first() -> None:
    found = judge_quality(
        _by_plan(("basic", 190, 10), ("pro", 100, 99), ("gold", 900, 100)), _holdout(accuracy=0.9), POLICY
    )
    assert [(part.column, part.category, part.labels) for part in found.segments] == [
        ("plan", "gold", 1000),
        ("plan", "basic", 200),
    ]
    assert found.segments[1].figures["accuracy"].value == pytest.approx(0.95)
    assert found.segments[1].figures["accuracy"].baseline is None


def test_a_category_that_was_always_harder_is_no_news() -> None:
    week = _by_plan(("basic", 1900, 100), ("pro", 700, 300))
    promised = {("plan", "pro"): _holdout(accuracy=0.7, auc=0.7)}
    found = judge_quality(week, _holdout(accuracy=0.86, auc=0.8), POLICY, segment_baselines=promised)
    assert found.severity is Severity.OK


def test_a_category_that_became_much_worse_is_told_and_no_more() -> None:
    week = _by_plan(("basic", 1900, 100), ("pro", 700, 300))
    promised = {("plan", "pro"): _holdout(accuracy=0.8, auc=0.7)}
    found = judge_quality(week, _holdout(accuracy=0.86, auc=0.8), POLICY, segment_baselines=promised)
    assert found.severity is Severity.INFO
    assert found.sentence.endswith("It is much worse than on the holdout where plan is 'pro'.")


def test_of_many_categories_three_are_named() -> None:
    week = _by_plan(*((name, 300 - place, 200) for place, name in enumerate("ABCDE")))
    promised = {("plan", name): _holdout(accuracy=0.9) for name in "ABCDE"}
    found = judge_quality(week, _holdout(accuracy=0.9), POLICY, segment_baselines=promised)
    assert found.severity is Severity.CRITICAL
    assert found.sentence.endswith("where plan is 'A' or plan is 'B' or plan is 'C' (2 more).")


# How often the verdict is right


def _promise(separation: float) -> dict[str, Metric]:
    week = _week(np.random.default_rng(1), 400_000, separation)
    return measure(week.scores, week.outcomes, Task.BINARY, 0.5)


def test_a_model_that_did_not_change_is_called_worse_in_at_most_one_week_of_forty() -> None:
    random, promised = np.random.default_rng(3), _promise(1.9)
    found = [judge_quality(_week(random, 1500), promised, POLICY).severity for _ in range(500)]
    assert np.mean([severity is Severity.CRITICAL for severity in found]) <= 0.025


def test_a_loss_of_four_points_of_the_curve_is_nearly_always_called_critical() -> None:
    random, promised = np.random.default_rng(4), _promise(1.9)
    assert promised["auc"].value == pytest.approx(0.91, abs=0.005)
    assert _promise(1.59)["auc"].value == pytest.approx(0.87, abs=0.005)
    found = [judge_quality(_week(random, 1500, 1.59), promised, POLICY).severity for _ in range(300)]
    assert np.mean([severity is Severity.CRITICAL for severity in found]) >= 0.95


def test_outcomes_that_are_no_classes_say_nothing_of_the_model() -> None:
    outcomes = np.where(np.arange(1000) < 101, NO_CLASS, 1.0)
    found = judge_quality(_labelled(LATE, np.full(1000, 0.9), outcomes), _holdout(accuracy=0.9, auc=0.9), POLICY)
    assert (found.severity, found.figures, found.segments) == (Severity.ERROR, {}, ())
    assert (
        found.sentence == "10.1 % of the outcomes are none of the classes, which are 'no', 'yes': see what is reported."
    )


@pytest.mark.parametrize(
    ("share", "severity"),
    [(0.93, Severity.OK), (0.88, Severity.OK), (0.87, Severity.WARNING), (0.84, Severity.CRITICAL)],
)
def test_intervals_that_hold_less_than_is_expected_are_a_model_that_does_worse(
    share: float, severity: Severity
) -> None:
    found = judge_quality(_held(share), _holdout(mae=1.0, rmse=1.0, coverage=0.9), POLICY)
    assert found.severity is severity
    if severity is Severity.CRITICAL:
        text = "'price' lay between low and high 84.0 % of the time; expected was 90.0 %, 6.0 points less (at least 4."
        assert text in found.sentence


def test_a_model_without_intervals_is_judged_without_them() -> None:
    found = judge_quality(_misses(1.0), _holdout(mae=1.0, rmse=1.0), POLICY)
    assert found.severity is Severity.OK
    assert set(found.figures) == {"mae", "rmse"}
