"""Numbers as people write them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.datasets.form import ISO, TableForm
from ml.datasets.numbers import misread, read_numbers

GERMAN = TableForm(decimal=",", grouping=".")
ENGLISH = TableForm(grouping=",", missing=("-", "-999"))
SWISS = TableForm(grouping="\u2019")
FRENCH = TableForm(decimal=",", grouping=" ")


@pytest.mark.parametrize(
    ("text", "form", "unit", "number"),
    [
        ("12", ISO, "", 12),
        (" 12 ", ISO, "", 12),
        ("1.50", ISO, "", 1.5),
        (".5", ISO, "", 0.5),
        ("5.", ISO, "", 5),
        ("-1e5", ISO, "", -1e5),
        ("+1.5E-3", ISO, "", 0.0015),
        ("\u22125", ISO, "", -5),
        ("(5)", ISO, "", -5),
        ("1,234", ISO, "", None),
        ("1,234.5", ENGLISH, "", 1234.5),
        ("1,234,567", ENGLISH, "", 1234567),
        ("1234.5", ENGLISH, "", 1234.5),
        ("1,23", ENGLISH, "", None),
        ("1,2345", ENGLISH, "", None),
        ("1234,567", ENGLISH, "", None),
        ("(1,234)", ENGLISH, "", -1234),
        ("(-5)", ENGLISH, "", None),
        ("(5", ENGLISH, "", None),
        ("--5", ENGLISH, "", None),
        ("-", ENGLISH, "", None),
        ("-999", ENGLISH, "", None),
        ("1.234,5", GERMAN, "", 1234.5),
        ("1.234", GERMAN, "", 1234),
        ("1,5", GERMAN, "", 1.5),
        ("1.5", GERMAN, "", None),
        ("1,5", TableForm(decimal=","), "", 1.5),
        ("1.5", TableForm(decimal=","), "", None),
        ("1'234.5", SWISS, "", 1234.5),
        ("1\u2019234.5", SWISS, "", 1234.5),
        ("1 234,5", FRENCH, "", 1234.5),
        ("1\u00a0234,5", FRENCH, "", 1234.5),
        ("1\u202f234,5", FRENCH, "", 1234.5),
        ("12.5 %", ISO, "%", 12.5),
        ("12.5\u00a0%", ISO, "%", 12.5),
        ("12kg", ISO, "kg", 12),
        ("12 lb", ISO, "kg", None),
        ("12 kg", ISO, "", None),
        ("$1,200", ENGLISH, "$", 1200),
        ("-$5", ENGLISH, "$", -5),
        ("$-5", ENGLISH, "$", -5),
        ("($1,234.50)", ENGLISH, "$", -1234.5),
        ("$(5)", ENGLISH, "$", -5),
        ("$5$", ENGLISH, "$", None),
        ("$", ENGLISH, "$", None),
        ("1.234,50 \u20ac", GERMAN, "\u20ac", 1234.5),
        ("1.000 m.", GERMAN, "m.", 1000),
        ("5", ENGLISH, "$", 5),
        ("1_000", ISO, "", None),
        ("nan", ISO, "", None),
        ("", ISO, "", None),
        (None, ISO, "", None),
        (".", ISO, "", None),
        ("e5", ISO, "", None),
        ("abc", ISO, "", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_table_writes_it(
    text: str | None, form: TableForm, unit: str, number: float | None
) -> None:
    assert read_numbers(pl.Series("x", [text], dtype=pl.String), form, unit).to_list() == [number]


@given(
    value=st.decimals(-(10**12), 10**12, places=2),
    marks=st.sampled_from([(".", ","), (",", "."), (".", "'"), (",", " "), (".", ""), (",", "")]),
    unit=st.sampled_from(["", "%", "kg", "$", "\u20ac", "m\u00b2", "US$"]),
    is_before=st.booleans(),
    gap=st.sampled_from(["", " ", "\u00a0"]),
    in_brackets=st.booleans(),
)
def test_a_number_written_in_any_form_reads_back(
    value: object, marks: tuple[str, str], unit: str, gap: str, *, is_before: bool, in_brackets: bool
) -> None:
    decimal, grouping = marks
    written = f"{value:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", grouping)
    if in_brackets and written.startswith("-"):
        written = f"({written[1:]})"
    text = f"{unit}{gap}{written}" if is_before else f"{written}{gap}{unit}"
    read = read_numbers(pl.Series([text, None]), TableForm(decimal=decimal, grouping=grouping), unit)
    assert read.to_list() == [float(str(value)), None]


@given(st.text(max_size=10))
def test_no_text_raises(text: str) -> None:
    for form in (ISO, GERMAN, ENGLISH, FRENCH):
        assert len(read_numbers(pl.Series([text]), form, "%")) == 1


def test_a_text_that_is_no_number_nor_a_word_for_nothing_is_misread() -> None:
    texts = pl.Series(["5", " - ", None, "old", ""])
    numbers = read_numbers(texts, ENGLISH, "")
    assert misread(texts, numbers, ("", "-")).to_list() == [False, False, False, True, False]
    assert misread(pl.Series([1, None]), pl.Series([1.0, None]), ()).to_list() == [False, False]
