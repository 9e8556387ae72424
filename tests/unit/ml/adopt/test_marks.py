"""Which marks a table's numbers are written with, by what its columns agree on."""

from __future__ import annotations

import pytest

from ml.adopt.marks import find_marks


@pytest.mark.parametrize(
    ("columns", "delimiter", "decimal", "grouping"),
    [
        ([["1.5", "2.25"]], ",", ".", ""),
        ([["1,5", "2,25"]], ";", ",", ""),
        ([["1,5", "2,25"]], ",", ",", ""),
        ([["1.234,56", "12,5"]], ",", ",", "."),
        ([["1,234.56"]], ";", ".", ","),
        ([["1,234,567", "5"]], ";", ".", ","),
        ([["1.234.567", "5"]], ",", ",", "."),
        ([["1'234.50"]], ",", ".", "'"),
        ([["1 234,5"]], ";", ",", " "),
        ([["1\u00a0234"]], ",", ".", " "),
        ([["$1,200.50", "$15"]], ",", ".", ","),
        ([["0,125", "0,250"]], ",", ",", ""),
        ([["01.02.2024", "03.04.2024"]], ",", ".", ""),
        ([["1,5 apples and 2,5 pears"] * 3, ["1.5", "2.5"]], ",", ".", ""),
        ([["1.5"], ["2,500", "300"]], ",", ".", ","),
        ([["1,5"], ["2.500", "300"]], ";", ",", "."),
        ([["12", "13"]], ";", ".", ""),
        ([], ",", ".", ""),
    ],
)
def test_marks_are_what_the_columns_agree_on(
    columns: list[list[str]], delimiter: str, decimal: str, grouping: str
) -> None:
    marks = find_marks([f"c{place}" for place in range(len(columns))], columns, delimiter)
    assert (marks.decimal, marks.grouping, marks.remarks) == (decimal, grouping, ())


@pytest.mark.parametrize(
    ("texts", "delimiter", "decimal", "grouping", "sense"),
    [
        (["1,234", "999"], ",", ".", ",", "a comma in column 'x' was read as one between thousands"),
        (["1,234", "5000"], ",", ",", "", "a comma in column 'x' was read as one before decimals"),
        (["1,234", "12"], ";", ",", "", "a comma in column 'x' was read as one before decimals"),
        (["1.234", "12"], ";", ",", ".", "a point in column 'x' was read as one between thousands"),
    ],
)
def test_what_the_file_cannot_tell_is_remarked(
    texts: list[str], delimiter: str, decimal: str, grouping: str, sense: str
) -> None:
    marks = find_marks(["x"], [texts], delimiter)
    assert (marks.decimal, marks.grouping) == (decimal, grouping)
    assert sense in marks.remarks[0]


def test_columns_that_disagree_are_named() -> None:
    marks = find_marks(["a", "b", "c"], [["1.5"], ["2.5"], ["3,5"]], ",")
    assert marks.decimal == "."
    assert marks.remarks == ("most columns write decimals after a point, but 'c' after a comma",)
