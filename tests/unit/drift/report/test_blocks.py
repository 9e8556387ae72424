"""Charts and tables in Markdown."""

from __future__ import annotations

import re

import msgspec

from core.drift import Figure
from drift.report import blocks
from drift.report.changes import Change, changes_of
from tests.drift_reports import END, absent, crowded, kilometres, make_quality, make_report, make_window, temperature


def _lines(chart: str) -> list[list[float]]:
    return [[float(value) for value in line.split(", ")] for line in re.findall(r"line \[(.*)\]", chart)]


def test_a_chart_has_a_column_s_distance_and_its_normal_limit() -> None:
    chart = blocks.effect_chart(kilometres())
    assert chart.startswith("```mermaid\nxychart-beta\n")
    assert chart.endswith("\n```")
    assert [line[-1] for line in _lines(chart)] == [0.411, 0.052]


def test_a_chart_leaves_out_windows_with_too_little_to_tell() -> None:
    chart = blocks.effect_chart(temperature())
    assert {len(line) for line in _lines(chart)} == {12}
    assert len(re.findall(r'"\d\d-\d\d"', chart)) == 12


def test_a_chart_shows_the_newest_windows() -> None:
    finding = kilometres()
    long = msgspec.structs.replace(finding, history=finding.history * 5)
    assert {len(line) for line in _lines(blocks.effect_chart(long))} == {14}


def test_what_has_no_course_has_no_chart() -> None:
    assert blocks.effect_chart(absent()) == ""
    assert blocks.quality_chart(make_quality(figures={})) == ""
    assert blocks.quality_chart(make_quality(history=())) == ""


def test_the_worst_column_that_has_a_course_is_charted() -> None:
    assert "How far `distance` is" in blocks.charted(changes_of(make_report()))
    assert blocks.charted([Change(window=make_window([absent()]), finding=absent())]) == ""


def test_a_figure_s_chart_ends_with_the_newest_window_once() -> None:
    quality = make_quality()
    repeated = make_quality(history=(*quality.history, (END, {"auc": 0.1})))
    assert blocks.quality_chart(repeated) == blocks.quality_chart(quality)
    assert [line[-1] for line in _lines(blocks.quality_chart(quality))] == [0.919, 0.92]


def test_a_figure_without_a_baseline_is_charted_alone() -> None:
    alone = make_quality(figures={"auc": Figure(baseline=None, value=0.9)})
    assert len(_lines(blocks.quality_chart(alone))) == 1


def test_a_chart_s_name_holds_letters_only() -> None:
    chart = blocks.quality_chart(
        make_quality(figures={'a"] -->\n```': Figure(baseline=0.9, value=0.9)}, history=((END, {}),))
    )
    assert chart == ""
    named = make_quality(figures={'a"] --> ```': Figure(baseline=0.9, value=0.9)})
    history = tuple((end, {'a"] --> ```': 0.9}) for end, _ in named.history)
    assert 'y-axis "a -- "' in blocks.quality_chart(msgspec.structs.replace(named, history=history))


def test_long_tables_say_how_many_are_left_out() -> None:
    assert "… and 10 more columns." in blocks.changes_table(changes_of(crowded(30)))
