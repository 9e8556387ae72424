"""Each sentence, as somebody reads it who knows no statistics."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from core.contract import DriftRole
from core.drift import Rule, Severity
from drift.sentences import sentence_of
from drift.verdict import Judgement
from tests.unit.drift.factories import make_difference, make_evidence

OK, INFO, WARNING, ALERT = Severity.OK, Severity.INFO, Severity.WARNING, Severity.ALERT
CRITICAL, TOO_FEW = Severity.CRITICAL, Severity.INSUFFICIENT_DATA
SEASONAL: dict[str, Any] = {"role": DriftRole.SEASONAL}
SCORE: dict[str, Any] = {"kind": "score"}
APART: dict[str, Any] = {"kind": "score", "column": "disagreement"}
CITY: dict[str, Any] = {"kind": "categorical"}
FAR, NEAR = make_difference(0.1), make_difference(0.04)
FEW: dict[str, Any] = {"rows": 300, "present": 300}
NAMES = {"ZZ": 40, "XY": 3, "Q1": 2, "Q2": 1, "Q3": 1}

CASES: list[tuple[Severity, Rule | None, dict[str, Any], str]] = [
    (OK, None, {}, "Nothing beyond what chance makes."),
    (OK, None, {"role": DriftRole.CALENDAR}, "It follows the calendar, so its values are not compared."),
    (OK, None, {"is_redacted": True}, "Its values are not written down; as many are missing as is usual."),
    (TOO_FEW, None, {"present": 0}, "No row with a value came."),
    (TOO_FEW, None, {"present": 1}, "Only 1 row with a value is too few to tell."),
    (TOO_FEW, None, {"present": 150}, "150 rows with a value are too few to tell."),
    (TOO_FEW, None, {"is_redacted": True, "rows": 150, "present": 9}, "150 rows are too few to tell."),
    (TOO_FEW, None, {"is_redacted": True, "rows": 1}, "Only 1 row is too few to tell."),
    (TOO_FEW, None, {"values": None, "gap": None}, "Training has no value of it to compare with."),
    (TOO_FEW, Rule.ABSENT, {"present": 0}, "The rows do not hold it, so nothing can be said of it."),
    (CRITICAL, Rule.ABSENT, {"present": 0}, "No row has it, and the model needs it."),
    (ALERT, Rule.TYPE, {"wrong": 120}, "In 12 % of the rows its value is not a finite number."),
    (ALERT, Rule.TYPE, {"wrong": 6, **CITY}, "In 0.6 % of the rows its value is not text."),
    (WARNING, Rule.RANGE, {"outside": 7}, "In 0.7 % of the rows it is outside the range that the model accepts."),
    (ALERT, Rule.UNIT, {"unit_hint": "looks like metres"}, "It looks like metres."),
    (
        ALERT,
        Rule.MEAN,
        {**APART, "mean": 0.0512, "reference_mean": 0.0301},
        (
            "The members agree less than in training: they lie 0.0512 apart on average, 0.0301 then. "
            "Rows are unlike those of training."
        ),
    ),
    (
        ALERT,
        Rule.MEAN,
        {**APART, "mean": 0.0201, "reference_mean": 0.0301},
        "The members agree more than in training: they lie 0.0201 apart on average, 0.0301 then.",
    ),
    (
        WARNING,
        Rule.MISSING,
        {"missing": 0.241, "reference_missing": 0.031},
        "It is missing in 24.1 % of the rows; in training it was missing in 3.1 %.",
    ),
    (
        CRITICAL,
        Rule.MISSING,
        {"present": 0, "missing": 1.0, "reference_missing": 0.12},
        "No row has a value; in training 88 % had one.",
    ),
    (
        CRITICAL,
        Rule.MISSING,
        {"present": 0, "missing": 1.0, "wrong": 1000},
        "No row has a value that the model can take. In 100 % of the rows its value is not a finite number.",
    ),
    (
        ALERT,
        Rule.UNSEEN,
        {"unseen": make_difference(0.04), "unseen_names": {"ZZ": 40}, **CITY},
        "4 % of the values are categories that the model never saw: 'ZZ'.",
    ),
    (
        ALERT,
        Rule.UNSEEN,
        {"unseen": make_difference(0.047), "unseen_names": NAMES, **CITY},
        "4.7 % of the values are categories that the model never saw: 'ZZ', 'XY', 'Q1' and 2 more.",
    ),
    (
        ALERT,
        Rule.MEAN,
        {"mean": 0.31, "reference_mean": 0.25, **SCORE},
        "The model's answers are higher than in training: 0.31 on average, 0.25 then.",
    ),
    (
        ALERT,
        Rule.MEAN,
        {"mean": 250_010.4, "reference_mean": 250_410.0, **SCORE},
        "The model's answers are lower than in training: 250,010 on average, 250,410 then.",
    ),
]
SPREAD, MIX = "The values are spread differently from", "The mix of categories is different from"
USUAL = "but no more than is usual from one window to another."
DOUBLE = "2.0 times as much as is usual."
VALUES: list[tuple[Severity, dict[str, Any], str]] = [
    (WARNING, {"values": FAR}, f"{SPREAD} training, {DOUBLE}"),
    (INFO, {"values": NEAR}, f"{SPREAD} training, {USUAL}"),
    (INFO, {"values": None}, f"{SPREAD} training."),
    (WARNING, {"values": FAR, **CITY}, f"{MIX} training, {DOUBLE}"),
    (WARNING, {"values": FAR, **SCORE}, f"The model's answers are spread differently from training, {DOUBLE}"),
    (WARNING, {"values": NEAR, "recent": FAR, **SEASONAL}, f"{SPREAD} the last weeks, {DOUBLE}"),
    (INFO, {"values": FAR, "recent": NEAR, **SEASONAL}, f"{SPREAD} the last weeks, {USUAL}"),
    (
        INFO,
        {"values": FAR, **SEASONAL},
        f"{SPREAD} training, which the season may explain; there are too few weeks yet to compare with.",
    ),
    (INFO, {"values": FAR, **FEW}, f"{SPREAD} training, {DOUBLE} There are too few values to rely on that."),
    (
        WARNING,
        {"values": replace(FAR, is_calibrated=False)},
        f"{SPREAD} training, 2.0 times as much as is let pass by default (what is usual is not known).",
    ),
    (
        INFO,
        {"values": replace(NEAR, is_calibrated=False)},
        f"{SPREAD} training, but no more than is let pass by default.",
    ),
    (
        WARNING,
        {**APART, "values": FAR, "mean": 0.04, "reference_mean": 0.03},
        (
            "How far the members lie apart is spread differently from training, 2.0 times as much as is usual. "
            "On average they agree less than in training. Rows are unlike those of training."
        ),
    ),
    (
        WARNING,
        {**APART, "values": FAR, "mean": 0.02, "reference_mean": 0.03},
        "How far the members lie apart is spread differently from training, 2.0 times as much as is usual.",
    ),
    (
        INFO,
        {**APART, "values": NEAR, "mean": 0.04, "reference_mean": 0.03},
        (
            "How far the members lie apart is spread differently from training, "
            "but no more than is usual from one window to another."
        ),
    ),
]


def say(severity: Severity, rule: Rule | None, *, is_lasting: bool = False, **changes: Any) -> str:
    return sentence_of(
        Judgement(evidence=make_evidence(**changes), severity=severity, rule=rule, is_lasting=is_lasting)
    )


@pytest.mark.parametrize(("severity", "rule", "changes", "sentence"), CASES)
def test_what_was_found_is_said(severity: Severity, rule: Rule | None, changes: dict[str, Any], sentence: str) -> None:
    assert say(severity, rule, **changes) == sentence


@pytest.mark.parametrize(("severity", "changes", "sentence"), VALUES)
def test_how_much_values_differ_is_said(severity: Severity, changes: dict[str, Any], sentence: str) -> None:
    assert say(severity, Rule.VALUES, **changes) == sentence


def test_every_rule_has_a_sentence() -> None:
    assert {rule for _, rule, _, _ in CASES} == {None, *Rule} - {Rule.VALUES}


def test_no_sentence_needs_statistics_to_be_read() -> None:
    words = re.compile(r"p.value|signific|distribut|deviation|quantile|Kolmogorov|chi|calibrat|nan|None", re.IGNORECASE)
    sentences = [case[3] for case in CASES] + [case[2] for case in VALUES]
    assert [each for each in sentences if words.search(each)] == []


def test_what_lasts_is_said_to() -> None:
    assert say(ALERT, Rule.RANGE, is_lasting=True, outside=7) == (
        "In 0.7 % of the rows it is outside the range that the model accepts. "
        "It was worth a warning in one of the two windows before, too."
    )


def test_a_long_category_is_cut() -> None:
    text = say(ALERT, Rule.UNSEEN, unseen=make_difference(0.04), unseen_names={"long" * 60: 40}, **CITY)
    assert text.endswith("longlon…'.")
    assert len(text) < 120


@pytest.mark.parametrize("mean", [None, 0.25])
def test_a_mean_that_is_not_known_or_the_same_makes_no_nonsense(mean: float | None) -> None:
    assert say(ALERT, Rule.MEAN, mean=mean, reference_mean=0.25) == "The model's answers are others than in training."
