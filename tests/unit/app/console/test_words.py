"""Numbers, shares, sizes and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.console.words import NONE, ago, brief, counted, moment, number, plain, seconds, share, size, span

NOW = datetime(2026, 11, 26, 3, 4, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (12.5, "12.5"), (1234567.8, "1,234,568"), (0.000123456, "0.000123456"),
     (3e-7, "3e-07"), (-2e20, "-2e+20"), (99.99999, "100")],
)  # fmt: skip
def test_a_number_has_six_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, NONE), (float("inf"), NONE), (0.04449, "0.0445"), (123456.0, "123,000"), (-0.5, "-0.5")]
)
def test_a_brief_number_has_three_digits(value: float | None, text: str) -> None:
    assert brief(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 %"), (0.00002, "<0.01 %"), (0.0035, "0.35 %"), (0.5, "50 %"), (0.9994, ">99.9 %"), (0.99999, ">99.9 %"),
     (1, "100 %"), (0.999, "99.9 %")],
)  # fmt: skip
def test_what_is_not_quite_nothing_or_all_does_not_look_like_it(value: float, text: str) -> None:
    assert share(value).replace("\u00a0", " ") == text


def test_things_are_counted_in_the_right_number() -> None:
    assert [counted(each, "row") for each in (0, 1, 2000.0)] == ["0 rows", "1 row", "2,000 rows"]


def test_units_fit_what_they_are_of() -> None:
    told = (size(12), size(2_500_000), size(999_999_999), size(3e9), size(1.5e12), seconds(0.0025), seconds(2.5))
    said = ["12 B", "2.5 MB", "1,000 MB", "3 GB", "1.5 TB", "2.5 ms", "2.5 s"]
    assert [each.replace("\u00a0", " ") for each in told] == said


@pytest.mark.parametrize(
    ("length", "text"),
    [(-5, "less than a minute"), (59, "less than a minute"), (60, "1 min"), (7300, "2 h"), (90_000, "1 d")],
)
def test_a_span_has_its_largest_unit(length: int, text: str) -> None:
    assert span(timedelta(seconds=length)).replace("\u00a0", " ") == text


def test_a_moment_says_how_long_ago_it_is() -> None:
    assert ago(NOW - timedelta(hours=3), NOW).replace("\u00a0", " ") == "2026-11-26 00:04 UTC (3 h ago)"


def test_a_moment_of_another_zone_is_said_in_utc() -> None:
    assert moment(datetime.fromisoformat("2026-05-01T01:00:00+02:00")) == "2026-04-30 23:00 UTC"


def test_text_from_outside_is_one_short_line_without_signs_that_turn_it_around() -> None:
    assert plain("a\n b\u202egnp.exe\x1b[31m") == "a b gnp.exe [31m"
    assert plain("long " * 9, 12) == "long long l…"
