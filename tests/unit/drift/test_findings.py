from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from core.contract import DriftRole
from core.documents import from_json, to_json
from core.drift import ColumnFinding, Point, Rule, Severity, WindowFindings
from core.reference import WEEK
from drift.columns import Columns
from drift.counts import Profile, count_window
from drift.evidence import Witness
from drift.findings import JudgedWindow, findings_of, point_of, since
from drift.thresholds import Thresholds
from drift.verdict import Judgement, judge
from tests.unit.drift.factories import coded, make_columns, make_difference, make_evidence, make_profile

OK, WARNING, ALERT, ERROR = Severity.OK, Severity.WARNING, Severity.ALERT, Severity.ERROR
TOO_FEW = Severity.INSUFFICIENT_DATA
END = datetime(2026, 6, 8, tzinfo=UTC)
PROFILE = make_profile()


def point(weeks_ago: int, severity: Severity) -> Point:
    return Point(end=END - timedelta(weeks=weeks_ago), effect=0.1, threshold=0.05, severity=severity)


def judged(columns: Columns, profile: Profile = PROFILE) -> JudgedWindow:
    counts = count_window(columns, profile)
    evidence = Witness(profile=profile, length=WEEK, thresholds=Thresholds()).gather(counts)
    return JudgedWindow(
        tag="model-v1.0.0",
        length=WEEK,
        start=END - timedelta(weeks=1),
        end=END,
        counts=counts,
        judgements=judge(evidence, {}, Thresholds(), length=WEEK, drops_columns=False),
    )


def found(columns: Columns, profile: Profile = PROFILE) -> WindowFindings:
    window = judged(columns, profile)
    return findings_of(window, profile, {name: [each] for name, each in window.points().items()})


def by_name(findings: WindowFindings) -> dict[str, ColumnFinding]:
    return {each.column: each for each in findings.columns}


@pytest.mark.parametrize(
    ("severities", "weeks_ago"),
    [
        ([], None),
        ([OK], None),
        ([WARNING, OK], None),
        ([WARNING], 0),
        ([OK, WARNING, ALERT], 1),
        ([ALERT, OK, WARNING, WARNING], 1),
        ([WARNING, TOO_FEW, WARNING], 0),
        ([ALERT, Severity.CRITICAL, WARNING], 2),
    ],
)
def test_it_is_so_since_the_first_window_of_an_unbroken_row(
    severities: Sequence[Severity], weeks_ago: int | None
) -> None:
    history = [point(len(severities) - 1 - place, severity) for place, severity in enumerate(severities)]
    assert since(history) == (None if weeks_ago is None else END - timedelta(weeks=weeks_ago))


def test_a_window_has_every_column_once_the_worst_and_then_the_most_important_first() -> None:
    importances = {"age": 1.0, "plan": 3.0, "temp": 2.0}
    profile = replace(PROFILE, reference=msgspec.structs.replace(PROFILE.reference, importances=importances))
    findings = found(make_columns(2000, distance=np.full(2000, 9000.0)), profile)

    names = [each.column for each in findings.columns]
    assert names[:1] == ["distance"]
    assert [name for name in names if name in importances] == ["plan", "temp", "age"]
    assert sorted(names) == sorted([*PROFILE.contract.names, "score"])
    assert (findings.severity, findings.rows, findings.days) == (findings.columns[0].severity, 2000, 7)


def test_a_finding_says_what_it_rests_on() -> None:
    age = by_name(found(make_columns(2000)))["age"]

    assert (age.kind, age.role, age.unit, age.rows) == ("numeric", "tested", "a", 2000)
    assert (age.missing, age.reference_missing) == (0.1, 0.1)
    assert age.effect is not None
    assert age.effect < (age.threshold or 0)
    assert age.is_calibrated
    assert len(age.quantiles) == len(age.reference_quantiles) == 5
    assert [each.end for each in age.history] == [END]
    assert age.since is None


def test_what_has_bars_has_all_of_its_values_in_them() -> None:
    findings = found(make_columns(2000, plan=coded(["basic", "new"] * 1000)))

    for each in findings.columns:
        assert sum(bar.window for bar in each.bars) == pytest.approx(1, abs=1e-4)
        assert sum(bar.reference for bar in each.bars) == pytest.approx(1, abs=1e-4)
    assert by_name(findings)["plan"].unseen == {"new": 1000}


def test_of_very_many_new_categories_the_twenty_most_frequent_are_told() -> None:
    findings = found(make_columns(2000, plan=coded([f"c{number % 500}" for number in range(2000)])))
    assert len(by_name(findings)["plan"].unseen) == 20


def test_a_column_without_values_has_nothing_to_draw() -> None:
    age = by_name(found(make_columns(1000, age=np.full(1000, np.nan))))["age"]
    assert (age.bars, age.quantiles, age.effect, age.p_value) == ((), (), None, None)
    assert (age.severity, age.rule, age.since) == (Severity.CRITICAL, Rule.MISSING, END)


@pytest.mark.parametrize(
    "columns",
    [
        make_columns(0),
        make_columns(1),
        make_columns(1000, distance=np.full(1000, 1e38), temp=np.full(1000, np.nan)),
        make_columns(1000, absent=frozenset(["age"]), age=np.full(1000, np.nan), wrong={"distance": 3}),
    ],
    ids=["no row", "one row", "extremes", "absent and wrong"],
)
def test_whatever_the_rows_are_the_findings_are_whole_and_written_and_read_alike(columns: Columns) -> None:
    findings = found(columns)
    text = to_json(findings)

    assert from_json(text, WindowFindings, source="test") == findings
    assert b"NaN" not in text
    assert len(findings.columns) == 7


def test_equal_windows_give_equal_findings() -> None:
    assert found(make_columns(2000)) == found(make_columns(2000))


def test_what_is_remembered_of_a_column_is_short() -> None:
    evidence = make_evidence(values=make_difference(0.123456789))
    judgement = Judgement(evidence=evidence, severity=ALERT, rule=Rule.VALUES)

    assert point_of(judgement, END) == Point(end=END, effect=0.123457, threshold=0.05, severity=ALERT, rule=Rule.VALUES)
    nothing = Judgement(evidence=make_evidence(values=None), severity=OK, rule=None)
    assert point_of(nothing, END) == Point(end=END, effect=None, threshold=None, severity=OK)


def test_a_calendar_is_shown_and_not_judged() -> None:
    month = by_name(found(make_columns(1000, month=np.full(1000, 12.0))))["month"]
    assert (month.severity, month.rule, month.role) == (OK, None, DriftRole.CALENDAR.value)
    assert month.bars
