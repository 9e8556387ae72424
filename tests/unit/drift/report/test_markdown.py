"""The summary of a run and the texts of issues."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from core.drift import DriftReport, Severity
from drift.alerts.conditions import Condition, Kind
from drift.report.markdown import issue_body, issue_title, job_summary
from tests.drift_reports import (
    END,
    HOSTILE,
    all_clear,
    crowded,
    degraded,
    hostile,
    make_quality,
    make_report,
    make_supply,
    never_any,
    no_data,
)

_GITHUB = MarkdownIt("commonmark").enable("table")
_TAGS = "p|h2|h3|ol|li|ul|table|thead|tbody|tr|th|td|code|pre|strong|details|summary"


def _condition(kind: Kind = Kind.DRIFT, *columns: str, **changes: Any) -> Condition:
    values: dict[str, Any] = {
        "line": "model", "kind": kind, "severity": Severity.ALERT, "columns": columns, "since": END, "clean_windows": 0,
    }  # fmt: skip
    return Condition(**(values | changes))


def _later(report: DriftReport) -> DriftReport:
    """The same facts, found by a later run."""
    supply = msgspec.structs.replace(
        report.supply, quiet_days=report.supply.quiet_days + 1, sentence="No row for long."
    )
    later = report.made_at + timedelta(days=1, minutes=5)
    return msgspec.structs.replace(report, made_at=later, supply=supply, judged=0)


def test_the_summary_of_a_run_opens_with_the_headline_and_what_to_do() -> None:
    text = job_summary(make_report())
    assert text.startswith("## ✖ critical: seats is absent from every row")
    assert text.index("Find out why seats") < text.index("### What changed") < text.index("```mermaid")
    assert "week of 2013-05-20" in text


def test_the_summary_of_a_calm_run_is_short() -> None:
    text = job_summary(all_clear())
    assert text.startswith("## ✓ ok: Nothing changed that matters.")
    assert "What changed" not in text
    assert "as good as on its holdout" in text


@pytest.mark.parametrize("report", [no_data(), never_any()])
def test_a_run_without_rows_has_a_summary(report: DriftReport) -> None:
    assert "### Rows" in job_summary(report)


@pytest.mark.parametrize(
    ("condition", "title"),
    [
        (_condition(Kind.DRIFT, "distance", "seats"), "Inputs of model changed: distance, seats"),
        (_condition(Kind.DRIFT, "a", "b", "c", "d", "e"), "Inputs of model changed: a, b, c and 2 more"),
        (_condition(Kind.DRIFT), "Inputs of model changed"),
        (_condition(Kind.DEGRADATION, "auc"), "Predictions of model got worse: auc"),
        (_condition(Kind.NO_DATA), "No rows come for model"),
    ],
)
def test_a_title_names_what_it_is_about(condition: Condition, title: str) -> None:
    assert issue_title(condition) == title


def test_a_title_fits_an_issue_whatever_the_names() -> None:
    title = issue_title(_condition(Kind.DRIFT, *HOSTILE, line="x" * 300))
    assert len(title) <= 256
    assert title.isprintable()


def test_the_issue_of_drift_says_that_inputs_changed_and_what_outcomes_say() -> None:
    text = issue_body(make_report(), _condition(Kind.DRIFT, "distance", "seats"))
    assert "since the window that ended on 2013-06-10 (UTC)" in text
    assert "The inputs differ from what the model was trained on" in text
    assert "Changed inputs do not by themselves mean that the model is worse." in text
    assert "as good as on its holdout" in text


def test_the_issue_of_drift_does_not_guess_without_outcomes() -> None:
    text = issue_body(make_report(quality=()), _condition(Kind.DRIFT, "distance"))
    assert "only outcomes can say; they do not say so yet" in text
    assert "model is as good" not in text


def test_the_issue_of_drift_says_so_when_outcomes_are_worse() -> None:
    assert "**Outcomes say that the model is worse.**" in issue_body(degraded(), _condition(Kind.DRIFT, "distance"))


def test_the_issue_of_drift_is_about_its_columns_and_folds_the_others() -> None:
    shown, _, folded = issue_body(make_report(), _condition(Kind.DRIFT, "distance")).partition("Also changed")
    assert "`distance`" in shown
    assert "`plan`" not in shown
    assert "`plan`" in folded


def test_the_issue_of_degradation_has_figures_coverage_and_segments() -> None:
    text = issue_body(degraded(), _condition(Kind.DEGRADATION, "auc"))
    assert "Outcomes say that the model is worse than on its holdout, by `auc`." in text
    assert "0.861 (0.846 to 0.875)" in text
    assert "5,310 of 5,993 predictions" in text
    assert "`region`: `north`" in text


def test_the_issue_of_degradation_without_changed_inputs_says_so() -> None:
    report = msgspec.structs.replace(degraded(), windows=all_clear().windows)
    assert "No column is beyond its normal band" in issue_body(report, _condition(Kind.DEGRADATION, "auc"))


def test_the_issue_of_no_data_says_when_the_newest_row_came_and_where_to_look() -> None:
    text = issue_body(no_data(), _condition(Kind.NO_DATA))
    assert "The newest row came at 2013-06-06 00:00 UTC." in text
    assert "up to 1 complete day without one is usual" in text
    assert "`/readyz`" in text
    assert "There is no row." in issue_body(never_any(), _condition(Kind.NO_DATA, since=None))


def test_several_quiet_days_may_be_usual() -> None:
    report = make_report(supply=make_supply(allowed_quiet_days=3))
    assert "up to 3 complete days" in issue_body(report, _condition(Kind.NO_DATA))


@pytest.mark.parametrize("kind", Kind)
def test_every_issue_ends_with_what_to_do_next(kind: Kind) -> None:
    steps = issue_body(degraded(), _condition(kind, "distance")).partition("### What to do next")[2]
    for command in ("scripts/drift", "-m drift explain ", "gh workflow run train.yml", "scripts/rollback"):
        assert command in steps


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("report", [make_report(), degraded(), no_data()])
def test_equal_facts_give_equal_text_whenever_the_check_ran(kind: Kind, report: DriftReport) -> None:
    condition = _condition(kind, "distance")
    assert issue_body(_later(report), condition) == issue_body(report, condition)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("report", [all_clear(), never_any()])
def test_an_issue_about_what_is_over_has_a_text(kind: Kind, report: DriftReport) -> None:
    assert "### What to do next" in issue_body(report, _condition(kind, severity=Severity.OK, since=None))


@pytest.mark.parametrize(
    "text", [job_summary(hostile()), *(issue_body(hostile(), _condition(k, *HOSTILE)) for k in Kind)]
)
def test_names_from_outside_do_nothing(text: str) -> None:
    page = _GITHUB.render(text)
    assert re.findall(rf"<(?!/?(?:{_TAGS})[ >])", page) == []
    assert "href" not in page
    outside = re.sub(r"<(code|pre)[ >].*?</\1>", "", page, flags=re.DOTALL)
    assert re.findall(r"@\w|#\d|://\w", outside) == []
    assert "<!--" not in text


def test_a_name_with_spaces_is_quoted_in_the_command() -> None:
    report = make_report(windows=hostile().windows)
    assert "drift explain 'line break -- > <! -- x'" in issue_body(report, _condition(Kind.DRIFT, HOSTILE[2]))


@pytest.mark.parametrize("kind", Kind)
def test_an_issue_is_never_too_long(kind: Kind) -> None:
    report = crowded(300)
    long = "<" * 2000
    columns = [
        msgspec.structs.replace(column, column=f"{place}{long}", sentence=long, unseen={long: 1})
        for place, column in enumerate(report.windows[0].columns)
    ]
    window = msgspec.structs.replace(report.windows[0], columns=tuple(columns), tag=long)
    segments = make_quality().segments * 50
    quality = tuple(make_quality(tag=f"{long}{n}", sentence=long, segments=segments) for n in range(20))
    huge = make_report(windows=(window,) * 20, quality=quality, headline=long, advice=(long,) * 50, source=long)
    names = tuple(column.column for column in columns)
    assert len(issue_body(huge, _condition(kind, *names))) < 60_000
    assert len(job_summary(huge).encode()) < 1_000_000
