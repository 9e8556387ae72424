"""What is told of a condition, and when aloud."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from core.drift import Severity
from core.github.hidden import hidden, hidden_in
from drift.alerts.conditions import Condition, Kind
from drift.alerts.telling import Decision, State, Step, decide

ALARM = Condition(
    line="model",
    kind=Kind.DRIFT,
    severity=Severity.ALERT,
    columns=("age", "city"),
    since=datetime(2026, 5, 4, tzinfo=UTC),
    clean_windows=0,
)
TOLD = State(severity=Severity.ALERT, columns=("age", "city"), since="2026-05-04")


def decided(before: State | None, *, is_open: bool | None, may_train: bool = True, **changes: Any) -> Decision:
    return decide(replace(ALARM, **changes), before, is_open=is_open, may_train=may_train)


def test_a_first_alarm_opens_an_issue_and_says_nothing_beside_it() -> None:
    assert decided(None, is_open=None) == Decision(step=Step.WRITE, state=TOLD)


def test_an_alarm_that_was_told_is_not_told_aloud_again() -> None:
    assert decided(TOLD, is_open=True) == Decision(step=Step.WRITE, state=TOLD)


@pytest.mark.parametrize(
    ("changes", "comment"),
    [
        ({"severity": Severity.CRITICAL}, "The severity is critical now, after alert."),
        ({"columns": ("age", "city", "hour")}, "New: `hour`."),
        ({"columns": ("city",)}, "No longer: `age`."),
        (
            {"severity": Severity.CRITICAL, "columns": ("city", "hour`")},
            "The severity is critical now, after alert. New: `hour'`. No longer: `age`.",
        ),
    ],
)
def test_another_severity_or_other_columns_are_told_aloud(changes: dict[str, Any], comment: str) -> None:
    assert decided(TOLD, is_open=True, **changes).comment == comment


@pytest.mark.parametrize(
    ("changes", "comment"),
    [
        ({}, "It is back since 2026-05-04: alert, in `age`, `city`."),
        ({"columns": (), "since": None}, "It is back: alert."),
    ],
)
@pytest.mark.parametrize("before", [TOLD, None])
def test_what_comes_back_is_told_aloud(changes: dict[str, Any], comment: str, before: State | None) -> None:
    assert decided(before, is_open=False, **changes).comment == comment


def test_what_was_told_before_an_edit_is_unknown_and_not_compared_with() -> None:
    assert decided(None, is_open=True).comment == ""


@pytest.mark.parametrize("severity", [each for each in Severity if not each.is_alarming])
@pytest.mark.parametrize("is_open", [False, None])
def test_what_is_not_alarming_is_told_to_nobody(severity: Severity, is_open: bool | None) -> None:
    for windows in (1, 2):
        decision = decided(TOLD, is_open=is_open, severity=severity, clean_windows=windows)
        assert decision == Decision(step=Step.NOTHING)


@pytest.mark.parametrize(
    ("windows", "remark"),
    [
        (1, "This issue is closed after one more window that is not alarming."),
        (0, "This issue is closed after 2 more windows that are not alarming."),
    ],
)
def test_an_open_issue_says_how_long_it_stays_open(windows: int, remark: str) -> None:
    decision = decided(TOLD, is_open=True, severity=Severity.OK, columns=(), clean_windows=windows)
    assert (decision.step, decision.state, decision.comment) == (Step.WRITE, TOLD, "")
    assert decision.remark.endswith(remark)


def test_an_alarm_with_one_clean_window_before_it_is_not_told_aloud_again() -> None:
    between = decided(TOLD, is_open=True, severity=Severity.OK, columns=(), clean_windows=1)
    assert decided(between.state, is_open=True).comment == ""


@pytest.mark.parametrize("before", [TOLD, None])
@pytest.mark.parametrize("windows", [2, 3])
def test_two_clean_windows_close_the_issue(before: State | None, windows: int) -> None:
    decision = decided(before, is_open=True, severity=Severity.WARNING, clean_windows=windows)
    assert decision.step is Step.CLOSE
    assert decision.comment.startswith("The last two windows were not alarming.")


@pytest.mark.parametrize("is_open", [None, False, True])
def test_a_critical_condition_asks_for_a_training(is_open: bool | None) -> None:
    before = None if is_open is None else TOLD
    decision = decided(before, is_open=is_open, severity=Severity.CRITICAL)
    assert decision.asks_for_training
    assert decision.state == structs.replace(TOLD, severity=Severity.CRITICAL, training="")


@pytest.mark.parametrize(
    ("before", "is_open", "changes"),
    [
        (TOLD, True, {}),
        (TOLD, True, {"severity": Severity.CRITICAL, "kind": Kind.NO_DATA}),
        (TOLD, True, {"severity": Severity.CRITICAL, "may_train": False}),
        (State(severity=Severity.CRITICAL, columns=(), training=""), True, {"severity": Severity.CRITICAL}),
        (State(severity=Severity.ALERT, columns=(), training="Started."), True, {"severity": Severity.CRITICAL}),
    ],
    ids=["an alert", "no rows", "not wanted", "asked before", "asked when it was critical before"],
)
def test_no_training_is_asked_for(before: State, is_open: bool, changes: dict[str, Any]) -> None:
    decision = decided(before, is_open=is_open, **changes)
    assert not decision.asks_for_training
    assert decision.state is not None
    assert decision.state.training == before.training


def test_a_training_is_asked_for_again_only_after_all_was_well() -> None:
    before = structs.replace(TOLD, severity=Severity.CRITICAL, training="Started.")
    later = datetime(2026, 6, 8, tzinfo=UTC)
    assert decided(before, is_open=False, severity=Severity.CRITICAL, since=later).asks_for_training


def test_an_issue_that_a_person_closed_comes_back_without_another_training() -> None:
    before = structs.replace(TOLD, severity=Severity.CRITICAL, training="Started.")
    decision = decided(before, is_open=False, severity=Severity.CRITICAL)
    assert (decision.step, decision.asks_for_training) == (Step.WRITE, False)
    assert decision.state == before
    assert decision.comment.startswith("It is back")


@pytest.mark.parametrize("before", [TOLD, State(severity=Severity.CRITICAL, columns=(), training="Started.")])
def test_a_training_is_asked_for_where_none_is_known_of(before: State) -> None:
    assert decided(before, is_open=False, severity=Severity.CRITICAL).asks_for_training


def test_after_an_edit_no_training_is_asked_for_ever_again() -> None:
    first = decided(None, is_open=True, severity=Severity.CRITICAL)
    again = decided(first.state, is_open=True, severity=Severity.CRITICAL)
    assert not first.asks_for_training
    assert not again.asks_for_training
    assert again.state is not None
    assert (again.state.training or "").startswith("Somebody has edited this text")


def test_an_edit_before_it_became_critical_is_remembered_too() -> None:
    first = decided(None, is_open=True)
    assert not decided(first.state, is_open=True, severity=Severity.CRITICAL).asks_for_training
    recovering = decided(None, is_open=True, severity=Severity.OK, columns=(), clean_windows=1)
    assert not decided(recovering.state, is_open=True, severity=Severity.CRITICAL).asks_for_training


def test_of_very_many_columns_the_first_hundred_are_remembered() -> None:
    columns = tuple(f"c{number:03}" for number in range(300))
    first = decided(None, is_open=None, columns=columns)
    assert first.state is not None
    assert first.state.columns == columns[:100]
    assert decided(first.state, is_open=True, columns=columns).comment == ""


@given(
    severity=st.sampled_from(Severity),
    columns=st.lists(st.text() | st.sampled_from(["-->", "--!>", "<!-- slipway:state {} -->"]), max_size=5),
    training=st.none() | st.text(),
    since=st.none() | st.text(),
)
def test_a_state_is_read_as_it_was_written_and_ends_no_comment(
    severity: Severity, columns: list[str], training: str | None, since: str | None
) -> None:
    state = State(severity=severity, columns=tuple(columns), training=training, since=since)
    text = hidden(state)
    assert text.count("-->") == 1
    assert "\n" not in text
    assert hidden_in(f"Of a text with <!-- slipway:state {{}} -->\n\n{text}\n", State) == state


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "A person's text.",
        "<!-- slipway:state  -->",
        "<!-- slipway:state {severity: alert} -->",
        '<!-- slipway:state {"severity":"loud","columns":[]} -->',
        '<!-- slipway:state {"severity":"alert"} -->',
        "<!-- slipway:state " + "[" * 100_000 + " -->",
        hidden(TOLD)[:-10],
    ],
)
def test_a_state_that_somebody_broke_is_unknown(body: str | None) -> None:
    assert hidden_in(body, State) is None
