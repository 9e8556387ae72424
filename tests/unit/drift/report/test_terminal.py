"""The report on a terminal and in a file."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from core.drift import ColumnFinding, Rule, Severity
from drift.report.terminal import explain, show, sparkline
from tests.drift_reports import (
    HOSTILE,
    absent,
    all_clear,
    crowded,
    degraded,
    hostile,
    kilometres,
    make_number,
    make_report,
    make_window,
    never_any,
    new_plan,
    no_data,
    temperature,
    too_few,
    uncomparable,
    weekday,
)


def _console(*, is_terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=is_terminal, color_system=None)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().replace("\u00a0", " ")


def _explained(finding: ColumnFinding, *, is_terminal: bool = False) -> str:
    console = _console(is_terminal=is_terminal)
    explain(finding, make_window([finding]), console)
    return _text(console)


def _shown(report: object, *, is_terminal: bool = False) -> str:
    console = _console(is_terminal=is_terminal)
    show(report, console)  # type: ignore[arg-type]
    return _text(console)


def test_the_worst_is_said_first() -> None:
    text = _shown(make_report())
    assert text.startswith("✖ critical: seats is absent from every row")
    assert text.index("Find out why seats") < text.index("earlier_delay") < text.index("Rows: ")


def test_a_file_gets_fields_with_bars_and_unbroken_lines() -> None:
    lines = _shown(make_report()).splitlines()
    assert "  ▲ alert | distance | median 872 → 1,403 mi | week of 2013-05-20 | model-v1.4.0" in lines


def test_a_terminal_gets_a_table() -> None:
    text = _shown(make_report(), is_terminal=True)
    assert "───" in text
    assert " | " not in text


def test_outcomes_say_how_good_the_model_is() -> None:
    assert "Outcomes say that the model is as good as on its holdout." in _shown(make_report())
    assert "Outcomes say that the model is worse." in _shown(degraded())


@pytest.mark.parametrize("report", [all_clear(), no_data(), never_any()])
def test_a_report_without_changes_is_short(report: object) -> None:
    text = _shown(report)
    assert "column | how much" not in text
    assert "The newest: " in text


def test_many_columns_are_counted() -> None:
    assert "… and 20 more columns" in _shown(crowded(80))


def test_a_number_is_explained_by_its_quantiles_and_its_normal_band() -> None:
    text = _explained(kilometres())
    for words in (
        "Since: week of 2013-05-20", "7.9 times its normal band", "the largest gap", "windows of the training rows",
        "less than one in a million by chance", "  50 % | 872 | 1,403", "▁", "2013-06-10 | 0.411 | 0.052 | ▲ alert",
        "To check: the unit", "does not by itself mean", "loss grows by 2.4 %",
    ):  # fmt: skip
        assert words in text


def test_a_category_is_explained_by_what_moved_most_and_what_is_new() -> None:
    text = _explained(new_plan())
    assert text.index("  ZZ | 0 % | 8.1 %") < text.index("  gold | 17.6 % | 17.2 %")
    assert "  ZZ | 412" in text


def test_a_season_is_explained_by_the_last_weeks() -> None:
    text = _explained(temperature())
    assert "Distance from the last twelve weeks: 0.171" in text
    assert "·" in text
    assert "does not by itself mean" not in text


@pytest.mark.parametrize("finding", [absent(), uncomparable(), too_few(), weekday(), make_number(threshold=None)])
def test_what_was_not_compared_is_explained_all_the_same(finding: ColumnFinding) -> None:
    assert finding.sentence in _explained(finding)


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_says_what_to_check(rule: Rule) -> None:
    assert "To check: " in _explained(make_number(rule=rule, severity=Severity.WARNING))


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_name_is_neither_markup_nor_an_escape(is_terminal: bool) -> None:
    texts = [_shown(hostile(), is_terminal=is_terminal)]
    texts += [_explained(make_number(name, unit=name, sentence=name), is_terminal=is_terminal) for name in HOSTILE]
    for text in texts:
        assert "\u202e" not in text
        assert "\x1b[31m" not in text
    assert "[bold]tag[/bold]" in "".join(texts)


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([None], "·"), ([0.0, 0.0], "▁▁"), ([0.0, 0.5, None, 1.0], "▁▅·█"), ([-1.0, 1.0], "▁█")],
)
def test_a_sparkline_has_a_bar_a_window(values: list[float | None], line: str) -> None:
    assert sparkline(values) == line
