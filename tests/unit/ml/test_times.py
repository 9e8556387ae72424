"""Times written otherwise than in ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DatasetError
from ml.times import as_times, is_time_form, read_times

_FORMS = (
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y%m%d%H%M%S",
    "%d.%m.%Y, %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%A, %d %B %Y at %H:%M:%S",
)


@given(time=st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31)), form=st.sampled_from(_FORMS))
def test_a_time_written_in_any_form_reads_back(time: datetime, form: str) -> None:
    assert is_time_form(form)
    assert read_times(pl.Series([time.strftime(form), "soon", None]), form).to_list() == [
        time.replace(microsecond=0),
        None,
        None,
    ]


def test_times_with_an_offset_become_utc() -> None:
    read = read_times(pl.Series(["01/02/2024 10:00 +0200", "01/02/2024 10:00 -0100"]), "%d/%m/%Y %H:%M %z")
    assert read.to_list() == [datetime(2024, 2, 1, 8, tzinfo=UTC), datetime(2024, 2, 1, 11, tzinfo=UTC)]


def test_a_fraction_of_a_second_has_any_number_of_digits() -> None:
    read = read_times(pl.Series(["2024/01/02 10:00:00.5", "2024/01/02 10:00:00.250000"]), "%Y/%m/%d %H:%M:%S.%f")
    assert read.dt.microsecond().to_list() == [500_000, 250_000]


@pytest.mark.parametrize(
    ("column", "form"),
    [
        (pl.Series("at", ["1700000000", "1700000000.5"]), "unix"),
        (pl.Series("at", [1_700_000_000.0, 1_700_000_000.5]), "unix"),
        (pl.Series("at", [1_700_000_000_000, 1_700_000_000_500]), "unix ms"),
    ],
)
def test_a_count_since_1970_is_a_time_in_utc(column: pl.Series, form: str) -> None:
    times = as_times(column, "a table", form)
    assert times.to_list() == [
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC),
    ]


def test_a_time_in_another_form_is_named_with_its_row_and_the_form() -> None:
    with pytest.raises(DatasetError, match=r"row 102 is no time: '2024-01-02'; dataset\.time_format is '%d/%m/%Y'"):
        as_times(pl.Series("at", ["31/12/2024", "2024-01-02"]), "a table", "%d/%m/%Y", 101)


def test_a_year_of_two_digits_is_not_one_of_long_ago() -> None:
    assert read_times(pl.Series(["31/12/24"]), "%d/%m/%Y").to_list() == [None]


@pytest.mark.parametrize("form", ["", "unix", "unix ms", "%Y-%m-%dT%H:%M:%S%z", "%d.%m.%y", "%j %Y"])
def test_a_form_gives_whole_dates(form: str) -> None:
    assert is_time_form(form)


@pytest.mark.parametrize("form", ["%H:%M", "%Y", "%m/%d", "soon", "%Q", "%", "%%", "\0", "%d/%m/%Y %"])
def test_another_form_gives_none(form: str) -> None:
    assert not is_time_form(form)
