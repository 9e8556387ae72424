"""Which column says when a row happened, and why none does."""

from __future__ import annotations

import pytest

from core.errors import DatasetError
from ml.adopt.profile import ColumnProfile
from ml.adopt.time_column import choose_time
from tests.unit.ml.adopt.factories import YES_NO, numbers, times


def test_the_only_column_of_times_is_taken_with_its_form_and_span() -> None:
    time = choose_time([numbers("age", 1, 9), times("signed_up", form="%d.%m.%Y")], None, "a.csv")
    assert (time.name, time.form, time.span) == ("signed_up", "%d.%m.%Y", ("2023-01-01", "2024-12-31"))
    assert "the only column of times" in time.reason


def test_an_exchangeable_day_and_month_are_said() -> None:
    assert "read as %d/%m/%Y" in choose_time([times("day", form="%d/%m/%Y", ambiguous=True)], None, "a.csv").reason


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (times("birth_date"), "does not say when a row happened, by its name"),
        (times("at", missing=50), "is empty in 50 of 1,000 rows (5 %)"),
        (times("at", distinct=10), "has only 10 different times"),
        (times("at", last="2023-01-12"), "spans fewer than 30 days"),
    ],
)
def test_a_column_that_cannot_order_rows_is_not_taken_and_the_reason_is_said(column: ColumnProfile, words: str) -> None:
    time = choose_time([column], None, "a.csv")
    assert time.name is None
    assert words in time.reason


def test_of_several_the_one_that_the_table_is_sorted_by_is_taken() -> None:
    time = choose_time([times("paid"), times("ordered", rising=True)], None, "a.csv")
    assert time.name == "ordered"
    assert "'paid', 'ordered'" in time.reason


def test_of_several_alike_none_is_taken_and_the_option_is_named() -> None:
    time = choose_time([times("paid"), times("ordered")], None, "a.csv")
    assert time.name is None
    assert "--time-column" in time.reason


def test_a_table_without_times_has_no_time_column() -> None:
    assert choose_time([YES_NO], None, "a.csv").name is None


def test_the_one_that_is_named_is_taken_whatever_its_name() -> None:
    assert choose_time([times("paid"), times("birth_date")], "birth_date", "a.csv").name == "birth_date"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (YES_NO, "holds values that are no times, such as 'no'"),
        (times("left", missing=3), "is empty in 3 of 1,000 rows"),
    ],
)
def test_one_that_is_named_and_cannot_be_it_is_refused(column: ColumnProfile, words: str) -> None:
    with pytest.raises(DatasetError, match=r"a\.csv: --time-column 'left'") as refused:
        choose_time([column], "left", "a.csv")
    assert words in str(refused.value)
