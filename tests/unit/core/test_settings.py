"""Settings: every malformed variable is reported at once, with what it takes."""

from __future__ import annotations

from datetime import date

import pytest

from core.errors import SettingsError
from core.settings import SettingsReader, day, one_of, service_key, whole_number

PORT = whole_number(1, 65535)


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("8000", 8000), ("65535", 65535), ("0080", 80)])
def test_a_whole_number_within_its_bounds_is_read(text: str, value: int) -> None:
    assert PORT(text) == value


@pytest.mark.parametrize(
    "text", ["", "0", "65536", "-1", "+1", "8000.0", "8e3", "8_000", "eighty", "٨", "²", "9" * 5000]
)
def test_anything_else_is_told_which_numbers_are_taken(text: str) -> None:
    with pytest.raises(ValueError, match=r"^takes a whole number from 1 to 65535$"):
        PORT(text)


def test_a_word_of_the_list_is_read() -> None:
    assert one_of("debug", "info")("info") == "info"


@pytest.mark.parametrize("text", ["INFO", "trace", ""])
def test_any_other_word_is_told_which_are_taken(text: str) -> None:
    with pytest.raises(ValueError, match=r"^takes debug or info$"):
        one_of("debug", "info")(text)


@pytest.mark.parametrize("environment", [{}, {"PORT": ""}, {"PORT": "  "}])
def test_an_absent_or_empty_variable_stands_for_its_default(environment: dict[str, str]) -> None:
    reader = SettingsReader(environment)
    assert reader.read("PORT", "8000", PORT) == 8000
    reader.finish()


def test_spaces_around_a_value_do_not_count() -> None:
    assert SettingsReader({"PORT": " 80\n"}).read("PORT", "8000", PORT) == 80


def test_every_malformed_variable_is_reported_at_once() -> None:
    reader = SettingsReader({"PORT": "http", "HOST": "::1", "LOG_LEVEL": "loud"})
    reader.read("PORT", "8000", PORT)
    reader.read("HOST", "127.0.0.1", str)
    reader.read("LOG_LEVEL", "info", one_of("debug", "info"))
    with pytest.raises(SettingsError) as caught:
        reader.finish()
    assert [str(fault) for fault in caught.value.faults] == [
        "PORT: takes a whole number from 1 to 65535, found 'http'",
        "LOG_LEVEL: takes debug or info, found 'loud'",
    ]


def test_a_malformed_variable_reads_as_its_default_until_all_are_read() -> None:
    assert SettingsReader({"PORT": "http"}).read("PORT", "8000", PORT) == 8000


def test_a_long_value_is_cut_in_the_message() -> None:
    reader = SettingsReader({"PORT": "x" * 1000})
    reader.read("PORT", "8000", PORT)
    with pytest.raises(SettingsError, match=r"found 'x{60}'$"):
        reader.finish()


def test_a_day_is_read_and_none_is_none() -> None:
    assert (day("2013-07-01"), day("")) == (date(2013, 7, 1), None)


@pytest.mark.parametrize("text", ["2013-02-30", "July", "2013-07-01T00:00"])
def test_what_is_no_day_is_told_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"^takes a day as YYYY-MM-DD$"):
        day(text)


@pytest.mark.parametrize("text", ["two words", "one\ntwo", "“key”"])
def test_what_is_no_key_is_told_where_one_comes_from(text: str) -> None:
    with pytest.raises(ValueError, match=r"^takes one key, as python -m app keys new shows it$"):
        service_key(text)
