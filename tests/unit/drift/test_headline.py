from __future__ import annotations

import shlex
from typing import Any

import pytest
from msgspec import structs

from core.drift import ColumnFinding, QualityFindings, Rule, Severity, Supply, WindowFindings
from drift.headline import advice_of, headline_of
from tests.findings import CHECKED, make_column, make_quality, make_window

OK, INFO, WARNING, ERROR = Severity.OK, Severity.INFO, Severity.WARNING, Severity.ERROR
ALERT, CRITICAL, TOO_FEW = Severity.ALERT, Severity.CRITICAL, Severity.INSUFFICIENT_DATA
FLOWS = Supply(severity=OK, sentence="", newest=CHECKED, quiet_days=0, allowed_quiet_days=1)
STOPPED = structs.replace(FLOWS, severity=ALERT, quiet_days=3)
NEVER = structs.replace(FLOWS, severity=TOO_FEW, newest=None)


def column(name: str, severity: Severity, rule: Rule | None = Rule.VALUES, **changes: Any) -> ColumnFinding:
    return structs.replace(make_column(name, severity), rule=rule, **changes)


def answer(name: str, severity: Severity) -> ColumnFinding:
    return column(name, severity, kind="score")


def window(*columns: ColumnFinding, severity: Severity = OK, days: int = 7) -> WindowFindings:
    return structs.replace(make_window(*columns, days=days), severity=severity)


def quality(severity: Severity) -> QualityFindings:
    return structs.replace(make_quality(), severity=severity)


@pytest.mark.parametrize(
    ("severity", "windows", "quality", "supply", "headline"),
    [
        (OK, [window(column("age", OK))], [], FLOWS, "Inputs are as they were in training."),
        (OK, [window(column("age", OK), column("city", TOO_FEW))], [], FLOWS, "Inputs are as they were in training."),
        (INFO, [window(column("age", INFO))], [], FLOWS, "Inputs differ from training, but not enough for a warning."),
        (WARNING, [window(column("age", WARNING))], [], FLOWS, "Inputs may be changing: age."),
        (ALERT, [window(column("age", ALERT), column("city", WARNING))], [], FLOWS, "Inputs changed: age."),
        (
            CRITICAL,
            [window(column("age", ALERT), column("city", CRITICAL, Rule.ABSENT))],
            [],
            FLOWS,
            "What the model needs does not arrive: city.",
        ),
        (
            ALERT,
            [window(*(column(f"c{place}", ALERT) for place in range(5)))],
            [],
            FLOWS,
            "Inputs changed: c0, c1, c2 and 2 more.",
        ),
        (ALERT, [window(column("age", ALERT), answer("value", ALERT))], [], FLOWS, "Inputs changed: age."),
        (
            ALERT,
            [window(answer("disagreement", ALERT))],
            [],
            FLOWS,
            "The agreement of the model's members changed.",
        ),
        (
            ALERT,
            [window(column("age", WARNING), answer("score pro", ALERT), answer("score plus", ALERT))],
            [],
            FLOWS,
            "The model's answers changed: score pro, score plus.",
        ),
        (WARNING, [window(answer("value", WARNING))], [], FLOWS, "The model's answers may be changing: value."),
        (
            ALERT,
            [window(column("age", ALERT)), window(column("age", ALERT), days=1)],
            [],
            FLOWS,
            "Inputs changed: age.",
        ),
        (ERROR, [window(column("age", WARNING))], [], FLOWS, "Not everything could be compared."),
        (ERROR, [], [quality(ERROR)], FLOWS, "Not everything could be compared."),
        (TOO_FEW, [window(severity=TOO_FEW), window(severity=TOO_FEW, days=1)], [], FLOWS, "Too few rows to tell."),
        (OK, [], [], FLOWS, "There is nothing to compare yet: a day is compared when it is over, by UTC."),
        (TOO_FEW, [], [], NEVER, "There is nothing to compare yet: a day is compared when it is over, by UTC."),
        (ALERT, [window(column("age", ALERT))], [], STOPPED, "No rows come any more."),
        (
            CRITICAL,
            [window(column("age", CRITICAL))],
            [quality(CRITICAL)],
            STOPPED,
            "model-v1.0.0 does worse than on its holdout.",
        ),
        (
            WARNING,
            [window(column("age", WARNING))],
            [quality(WARNING)],
            FLOWS,
            "model-v1.0.0 may do a little worse than on its holdout.",
        ),
        (OK, [window(column("age", OK))], [quality(OK)], FLOWS, "Inputs are as they were in training."),
    ],
)
def test_the_headline_is_of_the_worst(
    severity: Severity,
    windows: list[WindowFindings],
    quality: list[QualityFindings],
    supply: Supply,
    headline: str,
) -> None:
    assert headline_of(severity, windows, quality, supply) == headline


def test_where_nothing_is_wrong_there_is_nothing_to_do() -> None:
    calm = window(column("age", WARNING), column("city", INFO))
    assert advice_of([calm], [quality(WARNING)], FLOWS, []) == ()


def test_before_the_first_row_it_is_said_where_rows_come_from() -> None:
    assert advice_of([], [], NEVER, []) == (
        "Ask the service for predictions, or see that `DRIFT_SOURCE` names where its rows are.",
    )


@pytest.mark.parametrize(
    ("rule", "changes", "advice"),
    [
        (Rule.ABSENT, {}, "Ask whoever sends `age` why it is gone; the model needs it."),
        (Rule.UNIT, {}, "See in which unit `age` is sent now."),
        (Rule.TYPE, {}, "See what is sent as `age`: values of another kind than the model takes."),
        (Rule.RANGE, {}, "See what is sent as `age`: values outside what the model accepts."),
        (
            Rule.MISSING,
            {"missing": 0.3, "reference_missing": 0.1},
            "See why `age` is missing more often than in training.",
        ),
        (
            Rule.MISSING,
            {"missing": 0.1, "reference_missing": 0.3},
            "See why `age` is missing less often than in training.",
        ),
        (
            Rule.UNSEEN,
            {},
            "See whether the new values of `age` are right; if they are, train on rows that have them.",
        ),
        (
            Rule.MEAN,
            {},
            "See which inputs moved the model's answers; the columns below are sorted by how bad they are.",
        ),
        (Rule.VALUES, {}, "See whether the change of `age` is real or a fault of what sends it."),
    ],
)
def test_each_rule_has_its_advice(rule: Rule, changes: dict[str, Any], advice: str) -> None:
    assert advice_of([window(column("age", ALERT, rule, **changes))], [], FLOWS, [])[0] == advice


def test_only_a_change_that_may_be_real_asks_for_newer_rows() -> None:
    newer = "If the change is real and lasts, train on newer rows (`scripts/train`)."
    assert newer in advice_of([window(column("age", ALERT, Rule.VALUES))], [], FLOWS, [])
    assert newer not in advice_of([window(column("age", ALERT, Rule.UNIT))], [], FLOWS, [])


def test_a_column_is_advised_on_once_where_it_is_worst() -> None:
    week, day = window(column("age", CRITICAL, Rule.ABSENT)), window(column("age", ALERT, Rule.TYPE), days=1)
    for windows in ([week, day], [day, week]):
        assert advice_of(windows, [], FLOWS, []) == (
            "Ask whoever sends `age` why it is gone; the model needs it.",
            "Look closer: `python -m drift explain age`.",
        )


@pytest.mark.parametrize("name", ["dep delay", "it's", 'a "b"', "$(id)", "a`b", "-x"])
def test_the_command_can_be_pasted(name: str) -> None:
    [look] = [each for each in advice_of([window(column(name, ALERT))], [], FLOWS, []) if each.startswith("Look")]
    command = look.removeprefix("Look closer: `").removesuffix("`.")
    assert "`" not in command
    assert "`" in name or shlex.split(command)[-1] == name


def test_everything_at_once_is_still_short_and_the_most_urgent_comes_first() -> None:
    many = window(*(column(f"c{place}", ALERT) for place in range(9)))
    found = advice_of([many, many], [quality(CRITICAL)], STOPPED, ["a note"])

    assert len(found) == 6
    assert found[0].startswith("Outcomes say that the model does worse")
    assert found[1].startswith("See that the service is up")
    assert found[-1] == "Look closer: `python -m drift explain c0`."


def test_notes_are_pointed_at() -> None:
    assert advice_of([], [], FLOWS, ["3 rows were left out."]) == (
        "Read the notes below: they say what else is to be known of the rows.",
    )


def test_members_that_agree_less_are_looked_at_row_by_row() -> None:
    found = advice_of([window(answer("disagreement", ALERT))], [], FLOWS, [])
    assert found[0] == "See on which rows the members lie apart: the journal has it of each, as `disagreement`."
