"""Plots of columns and figures: legible, in the page's colours, equal bytes for equal reports."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree as ET

import pytest

from core.drift import Bar, ColumnFinding, Severity
from drift.report.plots import Level, distribution, effect_over_time, figure_over_time
from tests.drift_reports import (
    END,
    HOSTILE,
    absent,
    kilometres,
    make_category,
    make_history,
    make_number,
    new_plan,
    temperature,
)

# Wider than the letters of any usual font of ten points.
_LETTER = 5.9


def _texts(svg: str) -> list[ET.Element]:
    root = ET.fromstring(svg)  # noqa: S314  # our own
    return [element for element in root.iter("text") if element.text]


def _written(svg: str) -> set[str]:
    return {element.text or "" for element in _texts(svg)}


def _bars(*labels: str) -> tuple[Bar, ...]:
    return tuple(Bar(label=label, reference=1 / len(labels), window=1 / len(labels)) for label in labels)


@pytest.mark.parametrize("finding", [kilometres(), new_plan(), temperature()])
def test_equal_findings_give_equal_bytes(finding: ColumnFinding) -> None:
    assert distribution(finding, "k") == distribution(finding, "k")
    assert effect_over_time(finding, "k") == effect_over_time(finding, "k")


@pytest.mark.parametrize("finding", [kilometres(), new_plan(), temperature()])
def test_every_colour_is_the_page_s(finding: ColumnFinding) -> None:
    drawn = distribution(finding, "d") + effect_over_time(finding, "e")
    assert "var(--plot-window)" in drawn
    assert set(re.findall(r"#[0-9a-f]{6}", drawn)) == set()


def test_two_plots_share_no_identifier() -> None:
    both = effect_over_time(kilometres(), "a") + effect_over_time(kilometres(), "b")
    names = re.findall(r' id="([^"]+)"', both)
    assert names
    assert len(names) == len(set(names))


def test_what_has_no_values_is_not_drawn() -> None:
    assert distribution(absent(), "k") == ""
    assert effect_over_time(absent(), "k") == ""


@pytest.mark.parametrize("effects", [[], [0.1], [None, None], [None, 0.1, None]])
def test_a_single_window_is_no_course(effects: list[float | None]) -> None:
    assert effect_over_time(make_number(history=make_history(effects, 0.05)), "k") == ""


def test_a_gap_and_an_unknown_threshold_do_not_stop_a_plot() -> None:
    levels = [Level(end=END, value=value, limit=None, severity=None) for value in (0.5, None, 0.5)]
    assert figure_over_time("auc", levels, "k").startswith("<svg")


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_has_a_mark(severity: Severity) -> None:
    levels = [Level(end=END, value=0.1, limit=0.2, severity=severity)] * 2
    assert "<use" in figure_over_time("auc", levels, "k")


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_shares_of_nothing_and_of_everything_are_drawn(share: float) -> None:
    bar = Bar(label="7", reference=share, window=share)
    assert distribution(make_number(bars=(bar,)), "k").startswith("<svg")
    assert distribution(make_category(bars=(bar,)), "k").startswith("<svg")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    svg = distribution(make_category(name, bars=_bars(name, "b")), "k")
    assert {element.tag for element in ET.fromstring(svg).iter()} <= {  # noqa: S314  # our own
        "svg", "title", "g", "defs", "path", "use", "text", "clipPath", "rect",
    }  # fmt: skip


def test_no_more_than_twelve_categories_are_drawn() -> None:
    written = _written(distribution(make_category(bars=_bars(*(f"category {place:02}" for place in range(40)))), "k"))
    assert "category 11" in written
    assert "category 12" not in written


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 20, 30, 60])
@pytest.mark.parametrize("label", ["{}", "{}00 to {}50", "{},000,000 to {}"])
def test_labels_under_a_plot_neither_overlap_nor_stand_out(count: int, label: str) -> None:
    svg = distribution(make_number(bars=_bars(*(label.format(10 + place, 11) for place in range(count)))), "k")
    _assert_apart(svg)


@pytest.mark.parametrize("count", [2, 3, 5, 13, 26, 60])
def test_days_under_a_plot_neither_overlap_nor_stand_out(count: int) -> None:
    _assert_apart(effect_over_time(make_number(history=make_history([0.02] * count, 0.05)), "k"))


def _assert_apart(svg: str) -> None:
    width = float(ET.fromstring(svg).get("viewBox", "").split()[2])  # noqa: S314  # our own
    below = [text for text in _texts(svg) if "middle" in text.get("style", "")]
    assert below
    halves = [_LETTER * len(text.text or "") / 2 for text in below]
    middles = [float(text.get("x", "nan")) for text in below]
    spans = sorted((middle - half, middle + half) for middle, half in zip(middles, halves, strict=True))
    assert spans[0][0] >= 0
    assert spans[-1][1] <= width
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))


def test_a_day_is_the_last_of_its_window() -> None:
    written = _written(effect_over_time(make_number(history=make_history([0.02, 0.03], 0.05)), "k"))
    assert {"2 Jun", "9 Jun"} <= written
