"""Findings in words."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import msgspec
import pytest

from core.drift import Figure, Rule, Severity
from drift.report import wording
from tests.drift_reports import (
    absent,
    kilometres,
    make_category,
    make_number,
    make_window,
    new_plan,
    too_few,
    weekday,
)


def _spaced(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, wording.NONE), (math.nan, wording.NONE), (math.inf, wording.NONE),
        (0, "0"), (0.0472, "0.0472"), (872.4, "872"), (1429, "1,429"),
        (-37.25, "-37.2"), (2.5e20, "2.5e+20"), (1e-9, "1e-09"),
    ],
)  # fmt: skip
def test_a_number_is_short_and_never_nan(value: float | None, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, wording.NONE),
        (math.nan, wording.NONE),
        (0, "0 %"),
        (0.0002, "<0.1 %"),
        (0.241, "24.1 %"),
        (0.9999, "99.9 %"),
        (1, "100 %"),
    ],
)
def test_a_share_is_whole_only_when_it_is(value: float | None, text: str) -> None:
    assert _spaced(wording.share(value)) == text


@pytest.mark.parametrize("level", Severity)
def test_a_severity_is_a_mark_and_a_word(level: Severity) -> None:
    mark, _, word = wording.severity(level).partition(" ")
    assert len(mark) == 1
    assert word


def test_no_two_severities_look_alike() -> None:
    assert len({wording.severity(level).partition(" ")[0] for level in Severity}) == len(Severity)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n b\t c", "a b c"), ("\x1b[31mred", "[31mred"), ("x\u202egnp.exe", "x gnp.exe"), ("", ""),
        ("ü 東京", "ü 東京"),
        ("x" * 100, "x" * 59 + "…"),
    ],
)  # fmt: skip
def test_text_from_outside_is_one_short_line(text: str, shown: str) -> None:
    assert wording.plain(text) == shown


def test_a_week_and_a_day_are_named_by_their_first_day() -> None:
    assert wording.window_name(make_window([])) == "week of 2013-06-03"
    assert wording.window_name(make_window([], days=1)) == "2013-06-09"
    assert wording.window_name(make_window([], days=14)) == "14 days from 2013-05-27"


def test_since_is_the_first_window_that_was_worth_a_warning() -> None:
    assert wording.since(kilometres(), make_window([])) == "week of 2013-05-20"
    assert wording.since(make_number(), make_window([])) == wording.NONE


def test_how_much_tells_missing_values_of_an_absent_column() -> None:
    assert _spaced(wording.how_much(absent())) == "missing in 100 % of rows, 2 % in training"


def test_how_much_tells_medians_of_numbers() -> None:
    assert wording.how_much(kilometres()) == "median 872 → 1,403 mi"


def test_how_much_names_new_categories() -> None:
    assert wording.how_much(new_plan()) == "new: ZZ (412 rows), XY (73 rows)"
    many = msgspec.structs.replace(new_plan(), unseen={f"Z{place}": 9 - place for place in range(6)})
    assert wording.how_much(many) == "new: Z0 (9 rows), Z1 (8 rows), Z2 (7 rows) and 3 more"


def test_how_much_tells_the_categories_that_moved_most() -> None:
    finding = make_category(rule=Rule.VALUES)
    assert _spaced(wording.how_much(finding)) == "gold 17.6 % → 17.2 %; free 14.5 % → 14.9 %"


def test_how_much_says_nothing_where_there_is_nothing() -> None:
    assert wording.how_much(make_number(quantiles=(), bars=())) == wording.NONE
    assert wording.how_much(make_category(bars=())) == wording.NONE


def test_a_distance_is_measured_by_its_normal_band() -> None:
    assert wording.beyond(kilometres()) == "7.9 times its normal band (0.411; normal is up to 0.052)"
    assert wording.beyond(make_number()) == "within its normal band (0.021 of 0.046)"
    assert wording.beyond(make_number(threshold=None)) == "0.021"
    assert wording.beyond(make_number(threshold=0.0)) == "0.021"


def test_what_was_not_compared_has_no_distance() -> None:
    assert wording.beyond(weekday()) == "not compared"
    assert wording.beyond(too_few()) == wording.NONE


def test_a_distance_is_explained_by_the_kind_of_column() -> None:
    assert "another category" in wording.distance(make_category())
    assert "largest gap" in wording.distance(make_number())


def test_a_threshold_says_where_it_comes_from() -> None:
    assert "windows of the training rows" in wording.origin_of_threshold(make_number())
    assert "default" in wording.origin_of_threshold(make_number(is_calibrated=False))


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (None, "not tested"), (math.nan, "not tested"), (0.0, "less than one in a million by chance"),
        (0.0004, "less than one in a thousand by chance"), (0.18, "18 in 100 by chance"), (1.0, "100 in 100 by chance"),
    ],
)  # fmt: skip
def test_chance_is_told_in_words(p_value: float | None, words: str) -> None:
    assert wording.chance(p_value) == words


def test_a_figure_is_shown_with_its_interval() -> None:
    assert wording.interval(Figure(baseline=0.92, value=0.861, low=0.846, high=0.875)) == "0.861 (0.846 to 0.875)"
    assert wording.interval(Figure(baseline=None, value=41.237)) == "41.2"
    assert wording.interval(Figure(baseline=0.9, value=None)) == "not defined here"


def test_a_moment_is_in_utc_and_may_be_never() -> None:
    assert wording.moment(datetime(2013, 6, 9, 23, 51, tzinfo=UTC)) == "2013-06-09 23:51 UTC"
    assert wording.moment(None) == "never"
    assert wording.day(None) == wording.NONE
