"""Each rule at its boundary, and what the windows before make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from core.contract import DriftRole
from core.drift import Point, Rule, Severity
from core.reference import DAY, WEEK
from drift.columns import Columns
from drift.counts import count_window
from drift.evidence import Evidence, Witness
from drift.thresholds import Thresholds
from drift.verdict import Judgement, judge
from tests.unit.drift.factories import coded, make_columns, make_difference, make_evidence, make_profile

OK, INFO, WARNING = Severity.OK, Severity.INFO, Severity.WARNING
ALERT, CRITICAL, INSUFFICIENT = Severity.ALERT, Severity.CRITICAL, Severity.INSUFFICIENT_DATA
CALENDAR, SEASONAL = DriftRole.CALENDAR, DriftRole.SEASONAL
THRESHOLDS = Thresholds()
PROFILE = make_profile()
NO_CHANGE = make_difference(0.01, p_value=0.6)
_NOW = datetime(2026, 11, 26, tzinfo=UTC)


def judge_one(
    before: Iterable[Severity] = (), *, length: str = WEEK, drops_columns: bool = False, **changes: Any
) -> Judgement:
    [found] = judge(
        [make_evidence(**changes)],
        {"distance": points(before)},
        THRESHOLDS,
        length=length,
        drops_columns=drops_columns,
    )
    return found


def points(severities: Iterable[Severity]) -> list[Point]:
    listed = list(severities)
    return [
        Point(end=_NOW - timedelta(weeks=len(listed) - place), effect=0.1, threshold=0.05, severity=severity)
        for place, severity in enumerate(listed)
    ]


def verdict(judgement: Judgement) -> tuple[Severity, Rule | None]:
    return judgement.severity, judgement.rule


def judge_window(window: Columns, **options: Any) -> dict[str, Judgement]:
    evidence = Witness(profile=PROFILE, length=WEEK, thresholds=THRESHOLDS).gather(count_window(window, PROFILE))
    found = judge(evidence, {}, THRESHOLDS, **{"length": WEEK, "drops_columns": False, **options})
    return {each.evidence.column: each for each in found}


# Values


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (0.0499, (INFO, Rule.VALUES)),
        (0.05, (WARNING, Rule.VALUES)),
        (0.0999, (WARNING, Rule.VALUES)),
        (0.1, (ALERT, Rule.VALUES)),
        (1.0, (ALERT, Rule.VALUES)),
    ],
)
def test_values_warn_at_their_threshold_and_alert_at_twice_that(effect: float, expected: tuple[Severity, Rule]) -> None:
    assert verdict(judge_one(values=make_difference(effect))) == expected


def test_a_large_difference_that_may_be_chance_is_none() -> None:
    assert verdict(judge_one(values=make_difference(0.3, p_value=0.02), gap=None)) == (OK, None)
    assert verdict(judge_one(values=make_difference(0.3, p_value=0.01), gap=None)) == (ALERT, Rule.VALUES)


@pytest.mark.parametrize(
    ("rows", "effect", "expected"),
    [
        (199, 1.0, (INSUFFICIENT, None)),
        (200, 0.1999, (INFO, Rule.VALUES)),
        (200, 0.2, (ALERT, Rule.VALUES)),
        (499, 0.1999, (INFO, Rule.VALUES)),
        (499, 0.2, (ALERT, Rule.VALUES)),
        (500, 0.05, (WARNING, Rule.VALUES)),
    ],
)
def test_few_rows_tell_of_large_differences_only(rows: int, effect: float, expected: tuple[Severity, Rule]) -> None:
    assert verdict(judge_one(rows=rows, present=rows, values=make_difference(effect))) == expected


def test_rows_without_a_value_are_no_values() -> None:
    assert judge_one(present=199, values=make_difference(1.0)).severity is INSUFFICIENT
    assert judge_one(present=499, values=make_difference(0.15)).severity is INFO


# Schema


@pytest.mark.parametrize(
    ("drops_columns", "expected"), [(False, (CRITICAL, Rule.ABSENT)), (True, (INSUFFICIENT, Rule.ABSENT))]
)
def test_an_absent_column_is_critical_unless_it_may_be_left_out(
    expected: tuple[Severity, Rule], *, drops_columns: bool
) -> None:
    gap = make_difference(1.0)
    absent = judge_one(drops_columns=drops_columns, is_absent=True, present=0, missing=1.0, values=None, gap=gap)
    assert verdict(absent) == expected


def test_rows_without_the_models_answers_are_too_little_to_judge_its_score() -> None:
    absent = judge_one(kind="score", is_absent=True, present=0, missing=1.0, values=None, gap=None)
    assert verdict(absent) == (INSUFFICIENT, Rule.ABSENT)


@pytest.mark.parametrize("field", ["wrong", "outside"])
@pytest.mark.parametrize(
    ("broken", "rows", "severity"),
    [
        (4, 600, OK),
        (5, 1000, WARNING),
        (5, 1001, OK),
        (9, 1000, WARNING),
        (10, 1000, ALERT),
        (49, 10_000, OK),
        (50, 10_000, WARNING),
        (4, 10, INSUFFICIENT),
        (5, 10, ALERT),
    ],
)
def test_a_broken_rule_needs_five_rows_and_half_a_per_cent(
    field: str, broken: int, rows: int, severity: Severity
) -> None:
    rule = {"wrong": Rule.TYPE, "outside": Rule.RANGE}[field] if severity in {WARNING, ALERT} else None
    assert verdict(judge_one(rows=rows, present=rows, **dict[str, Any]({field: broken}))) == (severity, rule)


# Missing


@pytest.mark.parametrize(
    ("rows", "effect", "expected"),
    [
        (1000, 0.0499, (OK, None)),
        (1000, 0.05, (WARNING, Rule.MISSING)),
        (1000, 0.1, (ALERT, Rule.MISSING)),
        (500, 0.05, (WARNING, Rule.MISSING)),
        (499, 0.1999, (OK, None)),
        (499, 0.2, (ALERT, Rule.MISSING)),
        (200, 0.2, (ALERT, Rule.MISSING)),
        (199, 0.9, (INSUFFICIENT, None)),
    ],
)
def test_a_gap_warns_at_its_threshold_and_alerts_at_twice_that(
    rows: int, effect: float, expected: tuple[Severity, Rule | None]
) -> None:
    assert verdict(judge_one(rows=rows, present=rows, gap=make_difference(effect))) == expected


def test_that_fewer_are_missing_is_no_fault() -> None:
    found = judge_one(missing=0.1, reference_missing=0.4, gap=make_difference(0.3))
    assert verdict(found) == (INFO, Rule.MISSING)


def test_a_large_gap_that_may_be_chance_is_none() -> None:
    assert judge_one(gap=make_difference(0.3, p_value=0.02)).severity is OK


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(199, (INSUFFICIENT, None)), (200, (CRITICAL, Rule.MISSING)), (9999, (CRITICAL, Rule.MISSING))],
)
def test_a_column_without_any_value_is_critical(rows: int, expected: tuple[Severity, Rule | None]) -> None:
    assert verdict(judge_one(rows=rows, present=0, missing=1.0, values=None, gap=make_difference(1.0))) == expected


def test_a_value_that_is_nearly_always_missing_may_be_so_by_chance() -> None:
    gap = make_difference(0.002, p_value=0.7)
    found = judge_one(present=0, missing=1.0, reference_missing=0.998, values=None, gap=gap)
    assert verdict(found) == (INSUFFICIENT, None)


def test_a_score_that_is_always_wrong_is_critical() -> None:
    found = judge_one(kind="score", present=0, missing=1.0, wrong=1000, values=None, gap=None)
    assert verdict(found) == (CRITICAL, Rule.MISSING)


# Unseen


@pytest.mark.parametrize(
    ("count", "present", "expected"),
    [
        (4, 200, (OK, None)),
        (5, 200, (ALERT, Rule.UNSEEN)),
        (5, 303, (ALERT, Rule.UNSEEN)),
        (5, 638, (WARNING, Rule.UNSEEN)),
        (5, 1000, (WARNING, Rule.UNSEEN)),
        (5, 1001, (OK, None)),
        (10, 1000, (ALERT, Rule.UNSEEN)),
    ],
)
def test_unseen_categories_need_five_rows_and_their_threshold(
    count: int, present: int, expected: tuple[Severity, Rule | None]
) -> None:
    unseen = make_difference(count / present, threshold=0.005)
    assert verdict(judge_one(rows=present, present=present, kind="categorical", unseen=unseen)) == expected


@pytest.mark.parametrize(("p_value", "severity"), [(0.001, ALERT), (0.00101, OK)])
def test_unseen_categories_must_be_no_chance(p_value: float, severity: Severity) -> None:
    assert judge_one(kind="categorical", unseen=make_difference(0.2, p_value=p_value)).severity is severity


# Units and means


@pytest.mark.parametrize(
    ("effect", "p_value", "expected"),
    [
        (0.0499, 0.0, (INFO, Rule.VALUES)),
        (0.05, 0.0, (ALERT, Rule.UNIT)),
        (0.9, 0.0, (ALERT, Rule.UNIT)),
        (0.9, 0.5, (OK, None)),
    ],
)
def test_another_unit_needs_a_large_difference_that_is_no_chance(
    effect: float, p_value: float, expected: tuple[Severity, Rule | None]
) -> None:
    values = make_difference(effect, p_value=p_value)
    assert verdict(judge_one(values=values, unit_hint="looks like kilometres")) == expected


def test_another_unit_is_told_of_a_season_too() -> None:
    values = make_difference(0.5)
    found = judge_one(role=SEASONAL, values=values, recent=values, unit_hint="looks like degrees Celsius")
    assert verdict(found) == (ALERT, Rule.UNIT)


@pytest.mark.parametrize(
    ("mean", "p_value", "expected"),
    [
        (0.5625, 0.0, (ALERT, Rule.MEAN)),
        (0.4375, 0.0, (ALERT, Rule.MEAN)),
        (0.562, 0.0, (INFO, Rule.VALUES)),
        (0.9, 0.5, (OK, None)),
    ],
)
def test_a_score_whose_mean_moves_is_an_alert(
    mean: float, p_value: float, expected: tuple[Severity, Rule | None]
) -> None:
    values = make_difference(0.04, p_value=p_value)
    found = judge_one(kind="score", values=values, mean=mean, reference_mean=0.5, mean_threshold=0.0625, gap=None)
    assert verdict(found) == expected


@pytest.mark.parametrize(("rows", "rule"), [(499, Rule.VALUES), (500, Rule.MEAN)])
def test_few_rows_tell_nothing_of_a_mean(rows: int, rule: Rule) -> None:
    moved: dict[str, Any] = {"kind": "score", "mean": 0.6, "reference_mean": 0.5, "mean_threshold": 0.03, "gap": None}
    assert judge_one(rows=rows, present=rows, values=make_difference(0.1), **moved).rule is rule


def test_a_mean_without_a_reference_has_not_moved() -> None:
    found = judge_one(values=make_difference(0.04), mean=0.9, mean_threshold=0.03)
    assert verdict(found) == (INFO, Rule.VALUES)


# Calendar and season


def test_of_a_calendar_the_values_are_never_judged() -> None:
    far = make_difference(1.0)
    hint: dict[str, Any] = {"unit_hint": "looks like hours", "mean": 9.0, "reference_mean": 1.0, "mean_threshold": 0.1}
    assert verdict(judge_one(role=CALENDAR, values=far, recent=far, **hint)) == (OK, None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gap": make_difference(0.5)}, (ALERT, Rule.MISSING)),
        ({"wrong": 500}, (ALERT, Rule.TYPE)),
        ({"outside": 500}, (ALERT, Rule.RANGE)),
        ({"unseen": make_difference(0.5)}, (ALERT, Rule.UNSEEN)),
        ({"is_absent": True}, (CRITICAL, Rule.ABSENT)),
        ({"present": 0, "values": None, "gap": make_difference(1.0)}, (CRITICAL, Rule.MISSING)),
    ],
)
@pytest.mark.parametrize("role", [CALENDAR, SEASONAL])
def test_all_else_of_a_calendar_and_a_season_is_judged_as_ever(
    role: DriftRole, changes: dict[str, Any], expected: tuple[Severity, Rule]
) -> None:
    assert verdict(judge_one(role=role, **changes)) == expected


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        (None, (INFO, Rule.VALUES)),
        (make_difference(1.0, p_value=0.5), (OK, None)),
        (make_difference(0.0499), (INFO, Rule.VALUES)),
        (make_difference(0.05), (WARNING, Rule.VALUES)),
        (make_difference(1.0), (WARNING, Rule.VALUES)),
    ],
)
def test_a_seasons_values_are_a_warning_at_most_and_only_against_the_last_weeks(
    recent: Any, expected: tuple[Severity, Rule | None]
) -> None:
    assert verdict(judge_one(role=SEASONAL, values=make_difference(1.0), recent=recent)) == expected


# Memory


@pytest.mark.parametrize(
    ("before", "is_lasting"),
    [
        ((), False),
        ((OK, OK), False),
        ((WARNING,), True),
        ((OK, WARNING), True),
        ((WARNING, OK), True),
        ((WARNING, OK, OK), False),
        ((ALERT, INSUFFICIENT), True),
        ((CRITICAL, INFO), True),
        ((INFO, INFO), False),
        ((Severity.ERROR, INSUFFICIENT), False),
    ],
)
def test_two_warnings_in_three_weeks_are_an_alert(before: Sequence[Severity], *, is_lasting: bool) -> None:
    found = judge_one(before, values=make_difference(0.06))
    assert (*verdict(found), found.is_lasting) == (ALERT if is_lasting else WARNING, Rule.VALUES, is_lasting)


def test_a_day_is_judged_by_itself() -> None:
    assert judge_one((WARNING, WARNING), length=DAY, values=make_difference(0.06)).severity is WARNING


def test_a_seasons_values_stay_a_warning_but_its_gap_does_not() -> None:
    far = make_difference(0.5)
    assert judge_one((WARNING, WARNING), role=SEASONAL, values=far, recent=far).severity is WARNING
    assert judge_one((WARNING, WARNING), role=SEASONAL, gap=make_difference(0.06)).severity is ALERT


@pytest.mark.parametrize(("rule", "expected"), [(Rule.MISSING, ALERT), (Rule.VALUES, WARNING)])
def test_a_gap_of_a_season_lasts_after_another_gap_but_not_after_its_values(rule: Rule, expected: Severity) -> None:
    noted = [structs.replace(point, rule=rule) for point in points((WARNING, WARNING))]
    gap = make_evidence(role=SEASONAL, gap=make_difference(0.06))
    [found] = judge([gap], {"distance": noted}, THRESHOLDS, length=WEEK, drops_columns=False)
    assert found.severity is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, OK),
        ({"values": make_difference(0.04)}, INFO),
        ({"present": 3}, INSUFFICIENT),
        ({"values": make_difference(0.5)}, ALERT),
        ({"is_absent": True}, CRITICAL),
    ],
)
def test_memory_makes_nothing_of_what_is_no_warning(changes: dict[str, Any], expected: Severity) -> None:
    found = judge_one((WARNING, WARNING), **changes)
    assert (found.severity, found.is_lasting) == (expected, False)


def test_each_column_has_its_own_memory() -> None:
    warned = [make_evidence(column=name, values=make_difference(0.06)) for name in ("a", "b", "c")]
    history = {"a": points([WARNING]), "b": points([OK])}
    found = judge(warned, history, THRESHOLDS, length=WEEK, drops_columns=False)
    assert [each.severity for each in found] == [ALERT, WARNING, WARNING]


# Together


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"values": make_difference(0.06), "gap": make_difference(0.2)}, (ALERT, Rule.MISSING)),
        ({"values": make_difference(0.2), "gap": make_difference(0.06)}, (ALERT, Rule.VALUES)),
        ({"values": make_difference(0.2), "gap": make_difference(0.2)}, (ALERT, Rule.MISSING)),
        ({"values": make_difference(0.2), "unit_hint": "hours", "outside": 99, "wrong": 99}, (ALERT, Rule.UNIT)),
        ({"wrong": 99, "outside": 99, "gap": make_difference(0.2)}, (ALERT, Rule.TYPE)),
        ({"outside": 99, "gap": make_difference(0.2)}, (ALERT, Rule.RANGE)),
        ({"unseen": make_difference(0.2), "values": make_difference(0.2)}, (ALERT, Rule.UNSEEN)),
        ({"is_absent": True, "wrong": 99}, (CRITICAL, Rule.ABSENT)),
        ({"wrong": 5, "outside": 10}, (ALERT, Rule.RANGE)),
        ({"wrong": 1000, "present": 0, "values": None, "gap": make_difference(1.0)}, (CRITICAL, Rule.MISSING)),
    ],
)
def test_the_most_severe_rule_is_told_and_of_equals_the_first(
    changes: dict[str, Any], expected: tuple[Severity, Rule]
) -> None:
    assert verdict(judge_one(**changes)) == expected


def significant(evidence: Sequence[Evidence]) -> list[bool]:
    found = judge(evidence, {}, THRESHOLDS, length=WEEK, drops_columns=True)
    return [each.rule is Rule.VALUES for each in found]


@pytest.mark.parametrize(("others", "is_significant"), [(3, True), (4, False)])
def test_the_more_tests_a_window_has_the_smaller_a_p_value_must_be(others: int, *, is_significant: bool) -> None:
    # Of n tests the smallest p-value stands up to 0.01 / n.
    tested = make_evidence(values=make_difference(0.2, p_value=0.0025), gap=None)
    rest = [make_evidence(values=make_difference(0.01, p_value=1.0), gap=None)] * others
    assert significant([tested, *rest])[0] is is_significant


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"gap": None}, True),
        ({"values": None}, True),
        ({"role": SEASONAL, "values": NO_CHANGE, "recent": make_difference(0.2, p_value=1.0), "gap": None}, True),
        ({"role": CALENDAR}, True),
        ({"role": CALENDAR, "gap": None}, False),
        ({"values": None, "gap": None}, False),
        ({"present": 199, "gap": None}, False),
        ({"rows": 199, "present": 199}, False),
        ({"is_absent": True, "values": None}, False),
        ({"values": None, "recent": NO_CHANGE, "gap": None}, False),
    ],
)
def test_only_what_is_judged_is_one_of_these_tests(changes: dict[str, Any], *, counts: bool) -> None:
    tested = make_evidence(values=make_difference(0.2, p_value=0.01), gap=None)
    other = make_evidence(
        **{"values": make_difference(0.0, p_value=1.0), "gap": make_difference(0.0, p_value=1.0)} | changes
    )
    assert significant([tested, other])[0] is not counts


def test_a_column_that_was_left_out_on_purpose_makes_no_other_look_significant() -> None:
    gone = make_evidence(is_absent=True, present=0, missing=1.0, values=None, gap=make_difference(1.0))
    chance = make_evidence(values=make_difference(0.2, p_value=0.0095), gap=make_difference(0.0, p_value=1.0))
    assert significant([chance]) == [False]
    assert significant([chance, *[gone] * 20])[0] is False


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({"rows": 0, "present": 0, "values": None, "gap": None}, INSUFFICIENT),
        ({"rows": 199, "present": 199}, INSUFFICIENT),
        ({"rows": 200, "present": 200}, OK),
        ({"present": 199}, INSUFFICIENT),
        ({"role": CALENDAR, "rows": 199, "present": 199}, INSUFFICIENT),
        ({"is_redacted": True, "rows": 199, "present": 150, "values": None}, INSUFFICIENT),
        ({"is_redacted": True, "rows": 200, "present": 150, "values": None}, OK),
        ({"kind": "score", "values": None, "gap": None}, INSUFFICIENT),
    ],
)
def test_too_little_is_never_ok(changes: dict[str, Any], severity: Severity) -> None:
    assert verdict(judge_one(**changes)) == (severity, None)


def test_nothing_is_found_of_a_window_like_the_reference() -> None:
    found = judge_window(make_columns())
    assert {name: verdict(each) for name, each in found.items()} == dict.fromkeys(
        PROFILE.contract.names, (OK, None)
    ) | {"score": (OK, None)}


def test_what_is_wrong_with_a_window_is_found_column_by_column() -> None:
    usual, rows = make_columns(), np.arange(1000)
    found = judge_window(
        make_columns(
            distance=usual.numeric["distance"] * 1.609344,
            age=np.where(rows % 10 < 3, np.nan, usual.numeric["age"]),
            plan=coded(["basic"] * 490 + ["plus"] * 285 + ["pro"] * 195 + ["ZZ"] * 30),
            month=np.where(rows < 20, 13.0, 7.0),
            temp=usual.numeric["temp"] + 40,
            sky=coded([None] * 1000),
            score=usual.scores["score"] + 0.1,
        )
    )
    assert {name: verdict(each) for name, each in found.items()} == {
        "distance": (ALERT, Rule.UNIT),
        "age": (ALERT, Rule.MISSING),
        "plan": (WARNING, Rule.UNSEEN),
        "month": (ALERT, Rule.RANGE),
        "temp": (INFO, Rule.VALUES),
        "sky": (CRITICAL, Rule.MISSING),
        "score": (ALERT, Rule.MEAN),
    }


@pytest.mark.parametrize("rows", [0, 1, 199])
def test_a_small_window_is_insufficient_whatever_is_in_it(rows: int) -> None:
    far = np.full(rows, 4000.0)
    assert {each.severity for each in judge_window(make_columns(rows, distance=far)).values()} == {INSUFFICIENT}


def test_another_unit_of_a_season_is_told_though_the_last_weeks_had_it_too() -> None:
    far = make_difference(0.9)
    found = judge_one(role=SEASONAL, values=far, recent=NO_CHANGE, unit_hint="looks like degrees Celsius")
    assert verdict(found) == (ALERT, Rule.UNIT)
