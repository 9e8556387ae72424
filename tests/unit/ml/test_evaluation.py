"""What is measured on the holdout, and what it is compared with."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from core.contract import Task
from core.documents import from_json, to_json
from core.intervals import Band
from ml.evaluation import Evaluation, base_rate_scores, baseline_scores, evaluate
from ml.members import build_linear_baseline, raw_scores
from ml.metrics import UNDEFINED, blocks_of, measure
from ml.split import Split
from tests.factories import INTERVALS, known, make_contract
from tests.unit.ml.factories import make_evaluation, make_scorer, make_split

OF_INTERVALS = {"coverage", "interval_width"}


def _evaluate(parts: Split, task: Task = Task.BINARY) -> Evaluation:
    return evaluate(
        make_scorer(task), ("linear",), parts, make_contract(task), segments=("city",), threshold=0.6, seed=0
    )


@pytest.mark.parametrize("task", Task)
def test_the_figures_are_those_of_the_served_scores(task: Task) -> None:
    holdout = make_split(task, 5000).holdout
    scores = make_scorer(task).score(holdout.matrix)
    expected = measure(
        scores,
        holdout.target,
        blocks_of(holdout.times, len(holdout), 0),
        task=task,
        threshold=0.6,
        ends=Band.of(INTERVALS).around(scores[:, 0]) if task is Task.REGRESSION else None,
    )
    assert make_evaluation(task).metrics == expected


@pytest.mark.parametrize("task", Task)
def test_baselines_and_members_have_the_same_figures(task: Task) -> None:
    evaluation = make_evaluation(task)
    assert set(evaluation.baselines) == {"base rate", "linear"}
    assert set(evaluation.members) == {"linear"}
    for figures in (*evaluation.baselines.values(), *evaluation.members.values()):
        assert set(figures) == set(evaluation.metrics) - OF_INTERVALS


def test_intervals_are_measured_of_the_model_and_its_groups_and_of_nothing_else() -> None:
    found = make_evaluation(Task.REGRESSION)
    for figures in (found.metrics, *(group.metrics for group in (*found.segments["city"], *found.months))):
        assert set(figures) >= OF_INTERVALS
    for figures in (*found.baselines.values(), *found.members.values()):
        assert not set(figures) & OF_INTERVALS


def test_only_a_multiclass_evaluation_has_figures_by_class() -> None:
    assert [each.name for each in make_evaluation(Task.MULTICLASS).classes] == ["basic", "plus", "pro"]
    assert make_evaluation(Task.MULTICLASS).confusions
    assert (make_evaluation().classes, make_evaluation(Task.REGRESSION).classes) == ((), ())


def test_the_base_rate_is_the_share_of_positives_in_what_members_are_fitted_on() -> None:
    parts = make_split()
    scores = base_rate_scores(parts, make_contract())
    assert scores.shape == (len(parts.holdout), 1)
    assert (scores == parts.fitted.target.mean()).all()


def test_the_base_rate_of_classes_is_every_class_s_share() -> None:
    parts = make_split(Task.MULTICLASS)
    scores = base_rate_scores(parts, make_contract(Task.MULTICLASS))
    assert scores.shape == (len(parts.holdout), 3)
    assert scores[0].tolist() == [(parts.fitted.target == code).mean() for code in range(3)]


def test_the_linear_baseline_knows_what_the_members_know() -> None:
    parts, contract = make_split(Task.REGRESSION), make_contract(Task.REGRESSION)
    rows = parts.fitted
    linear = build_linear_baseline(contract, rows.matrix).fit(rows.matrix, rows.target)
    np.testing.assert_array_equal(
        baseline_scores(parts, contract)["linear"], raw_scores(linear, parts.holdout.matrix, Task.REGRESSION)
    )


@pytest.mark.parametrize("task", Task)
def test_the_linear_baseline_beats_the_base_rate(task: Task) -> None:
    parts = make_split(task, 3000)
    scores = baseline_scores(parts, make_contract(task))
    assert scores["linear"].shape == scores["base rate"].shape
    figures = {name: measure(v, parts.holdout.target, np.arange(600), task=task) for name, v in scores.items()}
    name = "mae" if task is Task.REGRESSION else "log_loss"
    assert known(figures["linear"][name])[1] < known(figures["base rate"][name])[1]


def test_every_segment_has_its_rows_and_figures() -> None:
    holdout = make_split(rows=5000).holdout
    groups = make_evaluation().segments["city"]
    assert [group.name for group in groups] == ["Oslo", "Rome"]
    assert sum(group.rows for group in groups) == len(holdout)
    rows = (holdout.rows["city"] == "Oslo").to_numpy()
    scores = make_scorer().score(holdout.matrix)
    assert groups[0].metrics["accuracy"].value == pytest.approx(
        ((scores[rows, 0] >= 0.6) == holdout.target[rows]).mean(), abs=1e-6
    )


def test_segments_of_fewer_than_a_hundred_rows_are_not_reported() -> None:
    parts = make_split()
    few = pl.Series(["Bern"] * 99 + ["Rome"] * (len(parts.holdout) - 99))
    holdout = replace(parts.holdout, rows=parts.holdout.rows.with_columns(city=few))
    evaluation = _evaluate(replace(parts, holdout=holdout))
    assert [group.name for group in evaluation.segments["city"]] == []
    assert len(holdout) - 99 < 100


def test_rows_without_a_category_belong_to_no_segment() -> None:
    parts = make_split()
    holdout = replace(parts.holdout, rows=parts.holdout.rows.with_columns(city=pl.lit(None, dtype=pl.String)))
    assert _evaluate(replace(parts, holdout=holdout)).segments == {"city": ()}


def test_a_segment_of_one_outcome_has_no_area_under_the_curve() -> None:
    parts = make_split()
    holdout = replace(
        parts.holdout,
        rows=parts.holdout.rows.with_columns(city=pl.lit("Rome")),
        target=np.zeros(len(parts.holdout)),
    )
    (group,) = _evaluate(replace(parts, holdout=holdout)).segments["city"]
    assert group.metrics["auc"] == UNDEFINED


def test_months_are_in_order_and_hold_the_holdout() -> None:
    months = make_evaluation().months
    names = [group.name for group in months]
    assert names == sorted(names)
    assert len(names) >= 8
    assert all(group.rows >= 100 for group in months)


def test_without_times_there_are_no_months() -> None:
    assert _evaluate(make_split(timed=False)).months == ()


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_the_reliability_curve_holds_every_row_once(task: Task) -> None:
    evaluation = make_evaluation(task)
    bins = evaluation.reliability
    assert sum(point.rows for point in bins) == 1000
    assert all(earlier.mean_score < later.mean_score for earlier, later in pairwise(bins))
    error = sum(point.rows * abs(point.mean_score - point.observed) for point in bins) / 1000
    assert error == pytest.approx(evaluation.metrics["calibration_error"].value, abs=1e-5)


def test_values_have_no_reliability_curve() -> None:
    assert make_evaluation(Task.REGRESSION).reliability == ()


def test_the_histogram_holds_every_row_once() -> None:
    evaluation = make_evaluation()
    assert sum(evaluation.histogram_counts) == 1000
    assert len(evaluation.histogram_edges) == len(evaluation.histogram_counts) + 1


def test_a_feature_that_is_used_matters_more_than_one_that_is_not() -> None:
    parts = make_split(rows=5000)
    constant = parts.holdout.matrix.copy()
    constant[:, 0] = 50
    evaluation = _evaluate(replace(parts, holdout=replace(parts.holdout, matrix=constant)))
    importances = {entry.feature: entry.loss_increase_percent for entry in evaluation.importances}
    assert importances["age"] == 0
    assert importances["city"] > 1
    assert [entry.feature for entry in evaluation.importances] == ["city", "age"]


@pytest.mark.parametrize("task", Task)
def test_an_evaluation_survives_json(task: Task) -> None:
    evaluation = make_evaluation(task)
    assert from_json(to_json(evaluation), Evaluation, source="evaluation.json") == evaluation


def test_equal_evaluations_give_equal_bytes() -> None:
    assert to_json(_evaluate(make_split())) == to_json(_evaluate(make_split()))
