"""What a look calls wrong, what right, and what it cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from watch.figures import Counters, Figures
from watch.judging import State, judge_figures, judge_heart, judge_state
from watch.memory import Growth

NOW = 2_000_000_000.0
HOUR, DAY = 3600, 86_400
WELL: dict[str, Any] = {
    "lag_s": 0.0,
    "spool": 0.0,
    "store": 0.1,
    "checked": NOW - HOUR,
    "drifted": 0.0,
    "quality": 0.0,
    "trained": NOW - DAY,
    "predicted": NOW - HOUR,
    "outcome": NOW - DAY,
}


def judged(grown: Growth | None = None, changes: Mapping[str, float | None] | None = None) -> dict[str, bool | None]:
    figures = Figures(counters=Counters(), **(WELL | dict(changes or {})))
    return {each.name: each.is_true for each in judge_figures(figures, grown, NOW)}


def counted(day_bytes: float | None = None, **counts: float) -> dict[str, bool | None]:
    return judged(Growth(counters=Counters(**counts), day_bytes=day_bytes))


def test_where_all_is_well_nothing_is_wrong() -> None:
    assert set(counted(day_bytes=0.0, requests=1000, predictions=1000).values()) == {False}


def test_what_a_service_does_not_show_nobody_can_tell() -> None:
    assert set(judged(changes=dict.fromkeys(WELL)).values()) == {None}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("JournalNotDraining", {"lag_s": 601.0}),
        ("SpoolNearlyFull", {"spool": 0.81}),
        ("StoreNearlyFull", {"store": 0.81}),
        ("DataDrifted", {"drifted": 1.0}),
        ("QualityDegraded", {"quality": 5.0}),
        ("DriftNotChecked", {"checked": NOW - 2 * DAY - 1}),
        ("ModelStale", {"trained": NOW - 45 * DAY - 1}),
        ("OutcomesMissing", {"outcome": NOW - 14 * DAY - 1}),
    ],
)
def test_what_is_beyond_its_threshold_is_wrong_and_nothing_else(name: str, changes: dict[str, float]) -> None:
    assert {each for each, is_true in judged(changes=changes).items() if is_true} == {name}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("JournalNotDraining", {"lag_s": 600.0}),
        ("SpoolNearlyFull", {"spool": 0.8}),
        ("QualityDegraded", {"quality": 4.0}),
        ("ModelStale", {"trained": NOW - 45 * DAY}),
        ("OutcomesMissing", {"outcome": 0.0}),
        ("OutcomesMissing", {"outcome": NOW - 20 * DAY, "predicted": NOW - DAY}),
    ],
)
def test_what_is_at_its_threshold_or_not_expected_is_well(name: str, changes: dict[str, float]) -> None:
    assert judged(changes=changes)[name] is False


def test_where_drift_was_never_checked_nobody_misses_a_check() -> None:
    assert judged(changes={"checked": 0.0})["DriftNotChecked"] is None


@pytest.mark.parametrize(
    ("counts", "is_true"),
    [
        ({"requests": 1000, "failed": 15}, True),
        ({"requests": 1000, "failed": 14}, False),
        ({"requests": 11, "failed": 11}, True),
        ({"requests": 10, "failed": 10}, False),
        ({}, False),
    ],
)
def test_errors_are_many_by_their_share_and_their_number(counts: dict[str, float], is_true: bool) -> None:
    assert counted(**counts)["ManyErrors"] is is_true


@pytest.mark.parametrize(
    ("counts", "is_true"),
    [
        ({"predictions": 100, "slow": 15}, True),
        ({"predictions": 100, "slow": 14}, False),
        ({"predictions": 10, "slow": 10}, False),
    ],
)
def test_slow_answers_are_many_by_their_share_and_their_number(counts: dict[str, float], is_true: bool) -> None:
    assert counted(**counts)["ManySlowAnswers"] is is_true


def test_a_challenger_fails_by_the_share_and_the_number_of_its_rows() -> None:
    assert counted(challenger=400, fallbacks=21)["ChallengerFailing"] is True
    assert counted(challenger=20, fallbacks=20)["ChallengerFailing"] is False
    assert counted(challenger=1000, fallbacks=50)["ChallengerFailing"] is False


def test_one_answer_without_a_line_is_wrong() -> None:
    assert counted(unwritten=1)["AnswersNotWritten"] is True


def test_what_is_sent_is_judged_once_a_day_is_over() -> None:
    assert counted(day_bytes=3.34e9)["EgressCostly"] is True
    assert counted(day_bytes=3.33e9)["EgressCostly"] is False
    assert counted()["EgressCostly"] is None


def test_without_a_look_before_no_counter_can_be_judged() -> None:
    unknown = {name for name, is_true in judged().items() if is_true is None}
    assert unknown == {"ManyErrors", "ManySlowAnswers", "AnswersNotWritten", "ChallengerFailing", "EgressCostly"}


@pytest.mark.parametrize(
    ("state", "down", "not_ready"),
    [(State.READY, False, False), (State.NOT_READY, False, True), (State.DOWN, True, None)],
)
def test_a_service_is_down_or_not_ready_or_well(state: State, down: bool, not_ready: bool | None) -> None:
    assert [each.is_true for each in judge_state(state, "It says so.")] == [down, not_ready]


def test_a_heart_is_silent_after_three_hours_and_was_to_beat_before() -> None:
    assert judge_heart(NOW - 3 * HOUR, NOW).is_true is False
    silent = judge_heart(NOW - 3 * HOUR - 1, NOW)
    assert (silent.is_true, silent.what) == (True, "The last sign of life of those who alert is 3 hours old.")
    assert judge_heart(None, NOW).is_true is None
    ahead = judge_heart(NOW + 4 * HOUR, NOW)
    assert (ahead.is_true, ahead.what) == (True, "The last sign of life of those who alert is in the future.")


@pytest.mark.parametrize(
    ("changes", "name", "what"),
    [
        ({"checked": 0.0, "drifted": None}, "DataDrifted", "Drift was never checked."),
        ({"checked": 0.0}, "DriftNotChecked", "Drift was never checked."),
        ({"checked": None, "drifted": None}, "DataDrifted", "The service does not say."),
        ({"checked": None}, "DriftNotChecked", "The service does not say."),
        ({"quality": None}, "QualityDegraded", "No drift check has known enough outcomes."),
        ({"quality": 1.0}, "QualityDegraded", "No drift check has known enough outcomes."),
        ({"quality": 0.0}, "QualityDegraded", "The model is right as often as the holdout promised, or nearly."),
        ({"outcome": 0.0}, "OutcomesMissing", "No outcome ever came, and none is expected."),
    ],
)
def test_what_is_not_known_is_told_from_what_never_was(
    changes: Mapping[str, float | None], name: str, what: str
) -> None:
    figures = Figures(counters=Counters(), **(WELL | dict(changes)))
    assert {verdict.name: verdict.what for verdict in judge_figures(figures, None, NOW)}[name] == what
