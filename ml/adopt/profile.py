"""What a table's columns hold, counted in one pass of bounded memory; what it means is for others to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ml.datasets.form import TableForm


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberProfile:
    """
    The values of a column that read as numbers, in the way its table writes them.

    Attributes:
        count: How many there are.
        low, high: The smallest and the largest.
        low_tail, high_tail: The quantiles at 0.1 % and 99.9 %, by which an outlier can be told.
        whole: Whether all are whole numbers.
        unit: What is written with every one of them, such as "%", "$" or "kg"; empty if nothing is.
        padded: How many begin with a zero that a number would not have, such as 01234.
        rising: Whether each is larger than the one before it in the file.
    """

    count: int
    low: float
    high: float
    low_tail: float
    high_tail: float
    whole: bool
    unit: str
    padded: int
    rising: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeProfile:
    """
    The values of a column that read as dates or times.

    Attributes:
        count: How many there are.
        form: As in `TableForm.time_format`; empty for ISO 8601.
        ambiguous: Whether day and month may be exchanged: another order reads all values too.
        first, last: As ISO 8601.
        rising: Whether none is earlier than the one before it in the file.
    """

    count: int
    form: str
    ambiguous: bool
    first: str
    last: str
    rising: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnProfile:
    """
    One column.

    Attributes:
        name: As in the head of the file.
        dtype: Of a typed file (Parquet, JSON lines): `text`, `number`, `truth`, `time`, or `other` for lists or tables;
            `text` for every column of a CSV file.
        rows: All rows of the table.
        missing: Of these, without a value.
        spellings: Texts for nothing that were found beside the usual ones, with their rows; they count as missing.
        distinct: Different values; beyond `MAX_DISTINCT` an estimate.
        distinct_is_exact: Whether it is none.
        top: The most frequent values with their rows, most frequent first; at most `MAX_TOP`.
        strange: Values that do not read as numbers although most do, with their rows, most frequent first.
        longest: Characters of the longest text.
        mean_words: Words of a text, in the mean.
        numbers: The values that read as numbers; None if there are none.
        times: The values that read as dates or times; None if there are none.
        first_row: A value and its row, counted from 1, for a sentence; None if there is no value.
    """

    name: str
    dtype: str
    rows: int
    missing: int
    spellings: Mapping[str, int]
    distinct: int
    distinct_is_exact: bool
    top: tuple[tuple[str, int], ...]
    strange: tuple[tuple[str, int], ...]
    longest: int
    mean_words: float
    numbers: NumberProfile | None
    times: TimeProfile | None
    first_row: tuple[str, int] | None


MAX_DISTINCT = 100_000
MAX_TOP = 1_000


@dataclass(frozen=True, kw_only=True)
class TableProfile:
    """
    A table.

    Attributes:
        source: What to call it.
        sha256: Of its bytes.
        form: How it is written.
        rows: How many.
        duplicates: Rows that equal an earlier one in every column.
        columns: In the order of the file.
        sample: Up to `SAMPLE_ROWS` rows spread over the file, in its order, as text or typed as in the file.
        remarks: What else was seen, in sentences, such as a decimal mark that could have been read otherwise.
    """

    source: str
    sha256: str
    form: TableForm
    rows: int
    duplicates: int
    columns: tuple[ColumnProfile, ...]
    sample: pl.DataFrame
    remarks: tuple[str, ...] = ()


SAMPLE_ROWS = 50_000
