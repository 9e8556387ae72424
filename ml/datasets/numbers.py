"""Numbers as people write them: marks, units, brackets and spaces."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from ml.datasets.form import TableForm

_SPACES = "\u00a0\u2007\u2009\u202f"
_MINUSES = "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"
_APOSTROPHES = "\u2019\u02bc"
_NORMAL = str.maketrans({
    **dict.fromkeys(_SPACES, " "), **dict.fromkeys(_MINUSES, "-"), **dict.fromkeys(_APOSTROPHES, "'")
})  # fmt: skip


def read_numbers(texts: pl.Series, form: TableForm, unit: str) -> pl.Series:
    """
    The numbers that texts spell, as the table writes them.

    A number may have its unit before or after it, a sign, an exponent, thousands marked in groups of three, spaces at
    its sides, and brackets around it, which make it negative as in accounts.

    Args:
        texts: Of type String.
        form: Has the decimal mark, the grouping mark and the further spellings of nothing.
        unit: What may be written beside a number; empty for nothing.

    Returns:
        Float64 of the same name and length; null where a text is empty, a spelling of nothing, or no number.
    """
    plain = texts.str.strip_chars()
    plain = plain.set(plain.is_in(form.missing), None) if form.missing else plain
    if form.decimal == ",":
        direct = plain.set(plain.str.contains(".", literal=True).fill_null(value=False), None)
        direct = direct.str.replace(",", ".", literal=True)
    else:
        direct = plain
    numbers = direct.cast(pl.Float64, strict=False)
    left = (numbers.is_null() & plain.is_not_null()).arg_true()
    if len(left):
        numbers = numbers.scatter(left, _read_written(plain.gather(left), form, unit))
    return numbers.fill_nan(None)


def misread(written: pl.Series, numbers: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Where a column holds something that is no number, nor one of the texts for nothing."""
    if written.dtype != pl.String:
        return pl.repeat(value=False, n=len(written), eager=True)
    return (numbers.is_null() & ~written.str.strip_chars().is_in(missing)).fill_null(value=False)


def _read_written(texts: pl.Series, form: TableForm, unit: str) -> pl.Series:
    """What a plain reading takes for no number, by the whole grammar."""
    plain = pl.col(texts.name)
    table = texts.to_frame().select(
        plain.str.replace_all(f"[{_SPACES}]", " ")
        .str.replace_all(f"[{_MINUSES}]", "-")
        .str.replace_all(f"[{_APOSTROPHES}]", "'")
    )
    found = table.select(plain.str.extract_groups(_grammar(form, unit))).to_series().struct.unnest()
    body = pl.col("whole")
    body = body.str.replace_all(normal(form.grouping), "", literal=True) if form.grouping else body
    part = pl.col("part").str.replace(form.decimal, ".", literal=True)
    has_brackets = pl.col("open") != ""
    is_negative = has_brackets | (pl.concat_str("first", "second", "third") == "-")
    signs = pl.concat_str("first", "second", "third", "open").str.len_chars()
    units = pl.sum_horizontal(pl.col(f"unit{place}") != "" for place in range(4))
    is_whole = (has_brackets == (pl.col("close") != "")) & (signs <= 1) & (units <= 1)
    value = pl.concat_str(body, part, "power").cast(pl.Float64, strict=False)
    return found.select(pl.when(is_whole).then(pl.when(is_negative).then(-value).otherwise(value))).to_series()


def _grammar(form: TableForm, unit: str) -> str:
    whole, mark = r"\d+", re.escape(form.decimal)
    if form.grouping:
        whole = rf"\d{{1,3}}(?:{re.escape(normal(form.grouping))}\d{{3}})+|\d+"
    near = rf"(?:{re.escape(normal(unit))})?" if unit else ""
    return (
        rf"^(?P<first>[+-]?) ?(?P<unit0>{near}) ?(?P<open>\(?) ?(?P<second>[+-]?) ?(?P<unit1>{near}) ?(?P<third>[+-]?)"
        rf"(?P<whole>{whole}|)(?P<part>{mark}\d+|{mark}|)(?P<power>(?:[eE][+-]?\d+)?)"
        rf" ?(?P<unit2>{near}) ?(?P<close>\)?) ?(?P<unit3>{near})$"
    )


def normal(text: str) -> str:
    """A text with one sort of space, minus and apostrophe."""
    return text.translate(_NORMAL)
