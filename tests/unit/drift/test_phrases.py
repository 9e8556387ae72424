from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift.phrases import code, explaining, number, numbers, percent

NAMES = ["age", "dep delay", "it's", 'a "b"', "$HOME", "a`b`c", "`'\\", "-x", "--help", "ünïcødé 東京", "a;b|c&d"]
FINITE = st.floats(min_value=-1e38, max_value=1e38)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.25, "0.25"),
        (-1.5, "-1.5"),
        (12.345, "12.3"),
        (999.9, "1,000"),
        (1234.5, "1,234"),
        (-70_000.0, "-70,000"),
        (1_700_000_000.0, "1,700,000,000"),
        (1e12, "1e+12"),
        (1e-7, "1e-07"),
    ],
)
def test_a_number_is_short_and_has_no_exponent_where_it_can_be(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([], []),
        ([1.0, 2.5], ["1", "2.5"]),
        ([500.01, 500.02], ["500.01", "500.02"]),
        ([12_345.1, 12_345.4], ["12,345.1", "12,345.4"]),
        ([1.0, 1.0 + 1e-12], ["1 #1", "1 #2"]),
        ([-1.234e-100, 1.0, 1.0 + 1e-12], ["-1.2e-100 #1", "1 #2", "1 #3"]),
    ],
)
def test_numbers_have_the_digits_that_tell_them_apart(values: list[float], texts: list[str]) -> None:
    assert numbers(values) == texts


@given(st.lists(FINITE, max_size=24, unique=True))
def test_numbers_are_distinct_and_short_whatever_they_are(values: list[float]) -> None:
    told = numbers(values)
    assert len(set(told)) == len(values)
    assert all(len(text) <= 13 for text in told)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1e-9, "under 0.01 %"),
        (0.0012, "0.12 %"),
        (0.081, "8.1 %"),
        (0.5, "50 %"),
        (0.99999, "over 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_nothing_or_all_only_where_it_is(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize("name", NAMES)
def test_a_column_can_be_explained_by_what_is_pasted_into_a_shell(name: str) -> None:
    text = explaining(name)
    command = f"printf '%s\\0' {text}"
    given_to_it = subprocess.run(["bash", "-c", command], capture_output=True, check=True, text=True).stdout
    assert given_to_it.split("\0")[:-1] == ["explain", *(["--"] if name.startswith("-") else []), name]
    assert "`" not in text


def test_an_ordinary_name_is_not_quoted() -> None:
    assert explaining("reply_delay") == "explain reply_delay"
    assert shlex.split(explaining("dep delay")) == ["explain", "dep delay"]


def test_a_name_as_code_does_not_end_it() -> None:
    assert code("a`b") == "`a'b`"
