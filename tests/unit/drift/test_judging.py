"""Windows of a temperature that follows the season, seen one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from core.drift import ColumnFinding, Rule, Severity
from core.drift_policy import DriftPolicy
from core.manifest import Metric
from core.reference import DAY, WEEK
from drift.alerts.conditions import Kind
from drift.columns import Columns
from drift.counts import count_window
from drift.judging import SEASON_WEEKS, Judge
from drift.memory import Memory, read_memory, write_memory
from drift.models import Model
from tests.unit.drift.factories import coded, make_columns, make_profile

OK, INFO, WARNING = Severity.OK, Severity.INFO, Severity.WARNING
ALERT, CRITICAL, TOO_FEW = Severity.ALERT, Severity.CRITICAL, Severity.INSUFFICIENT_DATA
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
TAG, OTHER = "model-v1.0.0", "model-v1.1.0"
PROFILE = make_profile()
WARM = 60.0


def make_model(tag: str = TAG) -> Model:
    return Model(
        tag=tag,
        profile=PROFILE,
        reference_sha256="0" * 64,
        threshold=0.5,
        band=None,
        baseline={"accuracy": Metric(value=0.9, low=0.88, high=0.92), "auc": Metric(value=0.9, low=0.88, high=0.92)},
        segment_baselines={},
    )


MODEL, NEXT = make_model(), make_model(OTHER)


def make_judge(memory: Memory | None = None, **policy: Any) -> Judge:
    return Judge(memory=memory or Memory(), policy=DriftPolicy(**policy), drops_columns=False)


def warm(rows: int = 1000, *, seed: int = 1, mean: float = WARM, **changes: Any) -> Columns:
    """Rows like the reference's in a warmer season."""
    degrees = np.random.default_rng(seed).normal(mean, 8, rows).round(2)
    return make_columns(rows, seed=seed, temp=degrees, **changes)


def see(judge: Judge, week: int, columns: Columns, model: Model = MODEL, *, length: str = WEEK) -> None:
    """A week, as a check sees it."""
    start = MONDAY + timedelta(weeks=week)
    counts = count_window(columns, model.profile)
    judge.see(length, start, start + timedelta(days=7 if length == WEEK else 1), {model: counts})
    if length == WEEK:
        judge.remember_season(start, model, counts)


def temperature(judge: Judge, model: Model = MODEL, *, days: int = 7) -> ColumnFinding:
    return finding(judge, "temp", model, days=days)


def finding(judge: Judge, column: str, model: Model = MODEL, *, days: int = 7) -> ColumnFinding:
    [found] = [each for each in judge.windows[model.tag, days].columns if each.column == column]
    return found


def weeks_remembered(judge: Judge, model: Model = MODEL) -> list[int]:
    return sorted((monday - MONDAY).days // 7 for monday in judge.memory.tag(model.tag).season)


def see_all(judge: Judge, weeks: Iterable[int], model: Model = MODEL) -> None:
    for week in weeks:
        see(judge, week, warm(seed=week), model)


@pytest.mark.parametrize(("weeks", "is_compared"), [(3, False), (4, True), (12, True)])
def test_a_season_is_compared_once_four_weeks_are_known(weeks: int, is_compared: bool) -> None:
    judge = make_judge()
    see_all(judge, range(weeks))
    see(judge, weeks, warm(seed=99))

    assert (temperature(judge).recent_effect is not None) is is_compared
    assert temperature(judge).severity is (OK if is_compared else INFO)
    assert temperature(judge).effect == pytest.approx(0.83, abs=0.05)


def test_what_the_last_weeks_do_not_explain_is_a_warning_and_never_more() -> None:
    judge = make_judge()
    see_all(judge, range(6))
    for week in (6, 7, 8):
        see(judge, week, warm(seed=week, mean=90))
        assert (temperature(judge).severity, temperature(judge).rule) == (WARNING, Rule.VALUES)


def test_a_day_too_is_compared_with_the_last_weeks() -> None:
    judge = make_judge()
    see_all(judge, range(4))
    see(judge, 4, warm(seed=99), length=DAY)

    assert temperature(judge, days=1).recent_effect is not None


def test_the_last_twelve_weeks_are_remembered_and_no_others() -> None:
    judge = make_judge()
    see_all(judge, range(15))

    assert weeks_remembered(judge) == list(range(15 - SEASON_WEEKS, 15))


def test_weeks_that_are_long_ago_are_no_season() -> None:
    judge = make_judge()
    see_all(judge, range(6))
    see(judge, 30, warm(seed=99))

    assert temperature(judge).recent_effect is None
    assert weeks_remembered(judge) == [30]


def test_only_seasonal_columns_are_remembered_of_a_week() -> None:
    judge = make_judge()
    see_all(judge, range(1))
    [week] = judge.memory.tag(TAG).season.values()

    assert (set(week.numeric), set(week.categorical), set(week.scores)) == ({"temp"}, {"sky"}, set())


def test_each_tag_has_its_own_season_history_and_findings() -> None:
    judge = make_judge()
    see_all(judge, range(5))
    see(judge, 5, warm(seed=99), NEXT)

    assert temperature(judge, NEXT).recent_effect is None
    assert [len(temperature(judge, model).history) for model in (MODEL, NEXT)] == [5, 1]
    assert set(judge.windows) == {(TAG, 7), (OTHER, 7)}
    assert judge.judged == 6


def test_a_warning_in_two_weeks_is_an_alert_since_the_first() -> None:
    judge = make_judge()
    for week in range(2):
        see(judge, week, make_columns(2000, seed=week, distance=higher(week)))
    found = finding(judge, "distance")

    assert [point.severity for point in found.history] == [WARNING, ALERT]
    assert found.since == MONDAY + timedelta(weeks=1)
    assert found.sentence.endswith("in one of the two windows before, too.")
    assert judge.memory.stream(Kind.DRIFT, WEEK).columns == ("distance",)


def higher(seed: int) -> Any:
    """Distances that differ by more than the threshold and less than twice that."""
    return np.random.default_rng(seed).gamma(3.0, 350.0, 2000).round(1) * 1.12


def test_a_new_memory_goes_on_where_the_one_before_ended() -> None:
    whole, first = make_judge(), make_judge()
    see_all(whole, range(6))
    see_all(first, range(3))
    second = make_judge(read_memory(write_memory(first.memory), "here"))
    see_all(second, range(3, 6))

    assert second.windows == whole.windows
    assert write_memory(second.memory) == write_memory(whole.memory)


def test_several_models_of_a_window_stand_as_the_worst() -> None:
    judge = make_judge()
    calm, broken = make_columns(1000), make_columns(1000, seed=2, distance=np.full(1000, 9000.0))
    counted = {model: count_window(columns, PROFILE) for model, columns in ((MODEL, calm), (NEXT, broken))}
    judge.see(WEEK, MONDAY, MONDAY + timedelta(weeks=1), counted)
    stream = judge.memory.stream(Kind.DRIFT, WEEK)

    assert (judge.windows[TAG, 7].severity, judge.windows[OTHER, 7].severity) == (OK, ALERT)
    assert (stream.severity, stream.columns, stream.since) == (ALERT, ("distance",), MONDAY + timedelta(weeks=1))


def test_days_and_weeks_stand_by_themselves() -> None:
    judge = make_judge()
    see(judge, 0, make_columns(1000, distance=np.full(1000, 9000.0)), length=DAY)
    see(judge, 0, make_columns(1000))

    assert judge.memory.stream(Kind.DRIFT, DAY).severity is ALERT
    assert judge.memory.stream(Kind.DRIFT, WEEK).severity is OK


def test_a_window_without_a_model_changes_nothing() -> None:
    judge = make_judge()
    judge.see(WEEK, MONDAY, MONDAY + timedelta(weeks=1), {})
    judge.see_outcomes(MONDAY, MONDAY + timedelta(weeks=1), {})

    assert (judge.windows, judge.quality, judge.judged, judge.memory) == ({}, {}, 0, Memory())


def answered(share_right: float, rows: int = 1000) -> Columns:
    """Rows whose outcome is known, of which such a share was answered right."""
    columns = make_columns(rows, score=np.tile([0.9, 0.1], rows // 2), plan=coded(["basic", "plus"] * (rows // 2)))
    is_right = np.arange(rows) // 2 < share_right * rows / 2
    yes = (columns.scores["score"] > 0.5) == is_right
    return replace(columns, outcomes=tuple("yes" if each else "no" for each in yes))


@pytest.mark.parametrize(("share_right", "severity"), [(0.95, OK), (0.5, CRITICAL)])
def test_outcomes_say_whether_the_model_does_worse(share_right: float, severity: Severity) -> None:
    judge = make_judge(segments=("plan", "region"))
    judge.see_outcomes(MONDAY, MONDAY + timedelta(weeks=1), {MODEL: judge.labelled(MODEL, answered(share_right))})
    found, stream = judge.quality[TAG], judge.memory.stream(Kind.DEGRADATION, WEEK)

    assert (found.severity, found.predictions, found.labels) == (severity, 1000, 1000)
    assert found.figures["accuracy"].value == pytest.approx(share_right)
    assert {segment.column for segment in found.segments} == {"plan"}
    assert stream.severity is severity
    assert set(stream.columns) >= ({"accuracy", "auc"} if severity is CRITICAL else set())


def test_weeks_with_too_few_outcomes_do_not_end_a_degradation() -> None:
    judge = make_judge()
    for week, columns in enumerate((answered(0.5), answered(0.96, 100), answered(0.95))):
        start = MONDAY + timedelta(weeks=week)
        judge.see_outcomes(start, start + timedelta(weeks=1), {MODEL: judge.labelled(MODEL, columns)})
    stream = judge.memory.stream(Kind.DEGRADATION, WEEK)

    assert [figures["accuracy"] for _, figures in judge.quality[TAG].history] == pytest.approx([0.5, 0.96, 0.95])
    assert (stream.severity, stream.clean_windows, stream.since) == (OK, 1, MONDAY + timedelta(weeks=1))


def test_the_policy_says_how_many_outcomes_are_needed() -> None:
    judge = make_judge(min_labels=50)
    judge.see_outcomes(MONDAY, MONDAY + timedelta(weeks=1), {MODEL: judge.labelled(MODEL, answered(0.5, 100))})

    assert judge.quality[TAG].severity is CRITICAL


def test_a_warning_of_long_ago_does_not_make_one_of_now_last() -> None:
    judge, found = make_judge(), []
    distance = make_columns().numeric["distance"]
    farther = make_columns(distance=distance + 0.15 * distance.std())
    for week in (0, 3, 4):
        see(judge, week, farther)
        found.append(finding(judge, "distance").severity)
    assert found == [WARNING, WARNING, ALERT]
