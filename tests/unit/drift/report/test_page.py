"""The HTML page: it needs nothing else, says the worst first, and shows every name as text."""

from __future__ import annotations

import html
import re
import time
from functools import cache

import msgspec
import pytest

from core.drift import Severity
from drift.report.page import render
from tests.drift_reports import (
    HOSTILE,
    absent,
    all_clear,
    crowded,
    degraded,
    hostile,
    kilometres,
    make_report,
    make_window,
    never_any,
    no_data,
)
from tests.pages import Elements

_REPORTS = {
    "full": make_report(), "clear": all_clear(), "degraded": degraded(), "no data": no_data(), "never": never_any(),
    "hostile": hostile(),
}  # fmt: skip


@cache
def _page(name: str) -> str:
    return render(_REPORTS[name])


def _words(page: str) -> str:
    body = page.partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.mark.parametrize("name", _REPORTS)
def test_a_page_is_well_formed_and_has_one_heading_of_its_own(name: str) -> None:
    page = Elements(_page(name))
    assert len(page.all("h1")) == 1
    assert page.all("html") == [{"lang": "en"}]


@pytest.mark.parametrize("name", _REPORTS)
def test_a_page_loads_and_runs_nothing(name: str) -> None:
    page = Elements(_page(name))
    assert page.all("script") == page.all("link") == page.all("img") == page.all("iframe") == []
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "src"]
    assert all(value["href"].startswith("#") for _, value in page.elements if value.get("href"))  # type: ignore[union-attr]


@pytest.mark.parametrize("name", _REPORTS)
def test_identifiers_are_unique_and_every_reference_has_its_own(name: str) -> None:
    text = _page(name)
    names = [attributes["id"] for _, attributes in Elements(text).elements if "id" in attributes]
    assert len(names) == len(set(names))
    asked = re.findall(r'(?:href="#|url\(#|aria-labelledby=")([\w-]+)', text)
    assert set(asked) <= set(names)


@pytest.mark.parametrize("name", _REPORTS)
def test_tables_plots_and_figures_say_what_they_are(name: str) -> None:
    page = Elements(_page(name))
    assert all(attributes.get("scope") in {"row", "col"} for attributes in page.all("th"))
    assert all(attributes.get("role") == "img" and attributes.get("aria-label") for attributes in page.all("svg"))
    assert len(page.all("figure")) == len(page.all("figcaption")) == len(page.all("svg"))


@pytest.mark.parametrize("name", _REPORTS)
def test_no_page_shows_what_is_not_a_number(name: str) -> None:
    assert re.findall(r"\b(?:nan|inf)\b|[^>.] None\b|None<", _page(name)) == []


def test_equal_reports_give_equal_pages() -> None:
    assert render(make_report()) == _page("full")


def test_the_first_screen_says_what_changed_since_when_and_how_much() -> None:
    words = _words(_page("full")).partition("At a glance")[0]
    order = [words.index(text) for text in (
        "seats is absent from every row", "✖ critical", "Find out why seats", "What changed", "week of 2013-05-20",
    )]  # fmt: skip
    assert order == sorted(order)
    assert "median 872 → 1,403 mi" in words


def test_changed_inputs_are_not_called_a_worse_model() -> None:
    words = _words(render(make_report(quality=(), windows=(make_window([absent()]),))))
    assert "Whether the model is worse, only outcomes can say" in words
    assert "“Inputs changed” is not “the model is worse”" in words


def test_a_worse_model_is_called_one() -> None:
    words = _words(_page("degraded"))
    assert "Outcomes say that the model is worse" in words
    assert "0.861 (0.846 to 0.875)" in words
    assert "north" in words


def test_every_severity_on_a_page_is_a_word() -> None:
    words = _words(_page("full"))
    for text in ("✖ critical", "▲ alert", "! error", "△ warning", "i info", "? too few rows", "✓ ok"):
        assert text in words


def test_what_stands_between_backticks_is_code() -> None:
    assert "<code>scripts/rollback</code>" in _page("full")
    assert "a ` b" in _words(render(make_report(windows=(), headline="a ` b")))


def test_a_name_from_outside_is_text() -> None:
    page = _page("hostile")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert HOSTILE[-1] * 2 not in page


def test_rows_that_stay_away_are_a_page_of_their_own() -> None:
    words = _words(_page("no data"))
    assert "No row came for 4 days." in words
    assert "2013-06-06 00:00 UTC" in words
    assert "never" in _words(_page("never"))


def test_two_models_are_told_apart() -> None:
    windows = tuple(make_window([kilometres()], tag=tag) for tag in ("model-v1.0.0", "model-v2.0.0"))
    changes = render(make_report(windows=windows)).partition("At a glance")[0]
    assert "model-v2.0.0" in changes


def test_columns_beyond_forty_are_lines_of_a_table() -> None:
    columns = [msgspec.structs.replace(absent(), column=f"column_{place:03}") for place in range(50)]
    page = render(make_report(windows=(make_window(columns),)))
    assert len(Elements(page).all("article")) == 40
    assert "column_049" in page


def test_twenty_changed_columns_are_a_page_of_some_hundred_kilobytes_in_seconds() -> None:
    began = time.perf_counter()
    page = render(crowded(20))
    assert len(page.encode()) < 1_500_000
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize("severity", Severity)
def test_a_report_of_every_severity_is_a_page(severity: Severity) -> None:
    finding = msgspec.structs.replace(kilometres(), severity=severity)
    assert "distance" in render(make_report(severity=severity, windows=(make_window([finding]),)))
