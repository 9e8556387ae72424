"""Profiles of columns and tables, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from ml.adopt.profile import ColumnProfile, NumberProfile, TableProfile, TimeProfile
from ml.datasets.form import ISO

ROWS = 1000


def texts(name: str, counts: Mapping[str, int], *, rows: int = ROWS, **changes: Any) -> ColumnProfile:
    """A column of texts; what the counts leave is missing."""
    top = tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
    column = ColumnProfile(
        name=name,
        dtype="text",
        rows=rows,
        missing=rows - sum(counts.values()),
        spellings={},
        distinct=len(counts),
        distinct_is_exact=True,
        top=top[:1000],
        strange=(),
        longest=max(map(len, counts), default=0),
        mean_words=1.0,
        numbers=None,
        times=None,
        first_row=(top[0][0], 1) if top else None,
    )
    return replace(column, **changes)


def numbers(
    name: str, low: float, high: float, *, rows: int = ROWS, missing: int = 0, distinct: int = 400, **changes: Any
) -> ColumnProfile:
    """A column of numbers; `changes` go to their profile, or with a known name to the column's."""
    of_column = {key: changes.pop(key) for key in list(changes) if key in ("dtype", "spellings", "strange", "top")}
    profile = NumberProfile(
        count=rows - missing - sum(count for _, count in of_column.get("strange", ())),
        low=low,
        high=high,
        low_tail=low,
        high_tail=high,
        whole=float(low).is_integer() and float(high).is_integer(),
        unit="",
        padded=0,
        rising=False,
    )
    column = texts(name, {f"{low:g}": 3, f"{high:g}": 2}, rows=rows)
    return replace(
        column, missing=missing, distinct=distinct, numbers=replace(profile, **changes), mean_words=1.0, **of_column
    )


def classes_of_numbers(name: str, counts: Mapping[str, int], *, rows: int = ROWS) -> ColumnProfile:
    """A column of few numbers."""
    values = [float(value) for value in counts]
    column = numbers(name, min(values), max(values), rows=rows, distinct=len(counts))
    found = texts(name, counts, rows=rows)
    assert column.numbers is not None
    profile = replace(column.numbers, whole=all(value.is_integer() for value in values), count=sum(counts.values()))
    return replace(found, numbers=profile)


def times(name: str, *, rows: int = ROWS, missing: int = 0, distinct: int = 500, **changes: Any) -> ColumnProfile:
    """A column of days of two years."""
    profile = TimeProfile(
        count=rows - missing, form="", ambiguous=False, first="2023-01-01", last="2024-12-31", rising=False
    )
    column = texts(name, {"2023-01-01": 2, "2024-12-31": 2}, rows=rows)
    return replace(column, missing=missing, distinct=distinct, times=replace(profile, **changes))


def distinct_texts(name: str, *, rows: int = ROWS, mean_words: float = 1.0) -> ColumnProfile:
    """A column in which every row has a text of its own."""
    return texts(name, {f"{name} {row}": 1 for row in range(rows)}, rows=rows, mean_words=mean_words)


YES_NO = texts("left", {"no": 700, "yes": 300})


def table(*columns: ColumnProfile, sample: pl.DataFrame | None = None, **changes: Any) -> TableProfile:
    """A table of columns, without a sample unless one is given."""
    profile = TableProfile(
        source="customers.csv",
        sha256="1" * 64,
        form=ISO,
        rows=columns[0].rows,
        duplicates=0,
        columns=columns,
        sample=pl.DataFrame() if sample is None else sample,
    )
    return replace(profile, **changes)
