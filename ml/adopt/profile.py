"""What a table's columns hold, counted in one pass of bounded memory; what it means is for others to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import DatasetError
from ml.adopt.columns import Column
from ml.adopt.sniffing import sniff_form
from ml.adopt.spellings import MAX_SPELLINGS, find_spellings
from ml.adopt.tallies import RowSample
from ml.datasets.form import TableForm
from ml.datasets.table import open_table


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
        nothings: The usual texts for nothing that were found, such as NA, with their rows.
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
    nothings: Mapping[str, int] = field(default_factory=dict)


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

# Cells of a batch, and different values of all columns together that are counted at once.
_CELLS = 3_000_000
_COUNTED = 10_000_000
_MAX_ROWS = 100_000
_TAIL = 0.001


def profile_table(paths: Sequence[Path], *, source: str, names: Sequence[str] = ()) -> TableProfile:
    """
    Find out how a table is written and what its columns hold.

    Args:
        paths: Its files, at least one; see `ml.datasets.table.SUFFIXES`.
        source: What to call it.
        names: What to call each file; its path if nothing is said.

    Raises:
        DatasetError: if it cannot be read or holds no rows.
    """
    form, remarks = sniff_form(paths)
    table = open_table(paths, form, source=source, names=names)
    width = len(table.columns)
    columns: list[Column] = []
    sample, hashes = RowSample(SAMPLE_ROWS), []
    for batch in table.batches(min(_MAX_ROWS, max(1_000, _CELLS // width))):
        columns = columns or [
            Column(each.name, each.dtype, form, min(MAX_DISTINCT, _COUNTED // width)) for each in batch
        ]
        for column in columns:
            column.add(batch[column.name])
        sample.add(batch)
        hashes.append(_row_hashes(batch))
    if not columns:
        raise DatasetError(f"{source}: holds no rows")
    seen = np.concatenate(hashes)
    frame = sample.frame()
    profiles = tuple(_profile(column, frame[column.name]) for column in columns)
    spellings = dict.fromkeys(text for each in profiles for text in each.spellings)
    return TableProfile(
        source=source,
        sha256=table.sha256,
        form=replace(form, missing=tuple(sorted(spellings))),
        rows=len(seen),
        duplicates=len(seen) - len(np.unique(seen)),
        columns=profiles,
        sample=frame,
        remarks=remarks,
    )


def _row_hashes(batch: pl.DataFrame) -> NDArray[np.uint64]:
    """A hash a row; lists and the like do not take part, unless there is nothing else."""
    plain = batch.select(each for each in batch if not each.dtype.is_nested() and each.dtype != pl.Object)
    return (plain if plain.width else batch.cast(pl.String)).hash_rows().to_numpy()


def _profile(column: Column, sample: pl.Series) -> ColumnProfile:
    filled = column.rows - column.missing
    times = _times(column, filled)
    is_number = column.numbers is not None and column.numbers.count * 2 > filled
    top = [(str(value), count) for value, count in column.tally.top(MAX_TOP + MAX_SPELLINGS)]
    strange = column.numbers.strange.most_common() if column.numbers is not None and is_number else []
    spellings = find_spellings(strange if is_number else top if times else [])
    return ColumnProfile(
        name=column.name,
        dtype=column.kind,
        rows=column.rows,
        missing=column.missing + sum(spellings.values()),
        spellings=spellings,
        distinct=min(column.tally.distinct, filled) - len(spellings),
        distinct_is_exact=column.tally.is_exact,
        top=tuple(each for each in top if each[0] not in spellings)[:MAX_TOP],
        strange=tuple(each for each in strange if each[0] not in spellings)[:MAX_TOP],
        longest=column.longest,
        mean_words=column.words / filled if filled else 0.0,
        numbers=_numbers(column, sample),
        times=times,
        first_row=column.first_row,
        nothings=column.nothings,
    )


def _numbers(column: Column, sample: pl.Series) -> NumberProfile | None:
    found = column.numbers
    if found is None or not found.count:
        return None
    some = column.read(column.values(sample)).drop_nulls()
    some = some.filter(some.is_finite())
    low, high = some.quantile(_TAIL, "lower"), some.quantile(1 - _TAIL, "higher")
    return NumberProfile(
        count=found.count,
        low=found.low,
        high=found.high,
        low_tail=found.low if low is None else low,
        high_tail=found.high if high is None else high,
        whole=found.whole,
        unit=column.unit,
        padded=found.padded,
        rising=found.rising and found.count > 1,
    )


def _times(column: Column, filled: int) -> TimeProfile | None:
    """By the form that reads most; of two that exchange day and month, by the one in whose reading the times rise."""
    ways = [each for each in column.times or () if each.count]
    if not ways:
        return None
    best = max(each.count for each in ways)
    ways = [each for each in ways if each.count == best]
    found = ways[0]
    others = [each for each in ways if each.form != found.form and each.form == _exchanged(found.form)]
    for other in others:
        day_first = other.form.startswith("%d") and column.form.decimal == ","
        if other.rising > found.rising or (other.rising == found.rising and day_first):
            found = other
    if best * 2 <= filled or found.first is None or found.last is None:
        return None
    return TimeProfile(
        count=best,
        form=found.form,
        ambiguous=bool(others),
        first=found.first.isoformat(),
        last=found.last.isoformat(),
        rising=found.rising,
    )


def _exchanged(form: str) -> str:
    return form.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
