"""One column of a stream of batches: its values counted, and read as numbers and as times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from ml.adopt.clocks import time_forms
from ml.adopt.tallies import Tally
from ml.adopt.units import find_unit
from ml.columns import MISSING
from ml.datasets.form import TableForm
from ml.datasets.numbers import read_numbers
from ml.times import read_times

# A column is given up as one of numbers if so few of its first values read as one.
_LEAST_SHARE = 0.01
_MAX_STRANGE = 1_000
_FIRST_VALUES = 2_000


@dataclass(kw_only=True, slots=True)
class Numbers:
    """Running figures of the values that read as numbers."""

    count: int = 0
    low: float = float("inf")
    high: float = float("-inf")
    whole: bool = True
    padded: int = 0
    rising: bool = True
    last: float = float("-inf")
    strange: Counter[str] = field(default_factory=Counter)

    def add(self, counts: pl.DataFrame, numbers: pl.Series) -> None:
        """
        Take in different values.

        Args:
            counts: `value` and `count`.
            numbers: What the values read as, null for no number.
        """
        is_number = numbers.is_not_null() & numbers.is_finite()
        found = numbers.filter(is_number).to_numpy()
        if len(found):
            self.low, self.high = min(self.low, float(found.min())), max(self.high, float(found.max()))
            self.whole = self.whole and bool((found % 1 == 0).all())
        self.count += int(counts["count"].filter(is_number).sum())
        if counts["value"].dtype == pl.String:
            self._add_texts(counts, is_number.fill_null(value=False))

    def _add_texts(self, counts: pl.DataFrame, is_number: pl.Series) -> None:
        padded = counts["value"].str.contains(r"^[+-]?0\d") & is_number
        self.padded += int(counts["count"].filter(padded).sum())
        strange = counts.filter(~is_number).sort("count", "value", descending=[True, False])
        self.strange.update(dict(strange.head(_MAX_STRANGE).iter_rows()))
        if len(self.strange) > 2 * _MAX_STRANGE:
            self.strange = Counter(dict(self.strange.most_common(_MAX_STRANGE)))

    def follow(self, numbers: pl.Series) -> None:
        """See whether values in the order of the file still rise."""
        found = numbers.drop_nulls()
        if len(found):
            self.rising = bool(found[0] > self.last) and bool((found.diff().drop_nulls() > 0).all())
            self.last = found[-1]


@dataclass(kw_only=True, slots=True)
class Times:
    """Running figures of the values that read as times in one form."""

    form: str
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    rising: bool = True
    latest: datetime | None = None

    def add(self, times: pl.Series) -> None:
        """Take in values in the order of the file; null for no time."""
        found = times.drop_nulls()
        if not len(found):
            return
        if self.rising:
            rises = found.is_sorted() and (self.latest is None or found[0] >= self.latest)
            self.rising, self.latest = rises, found[-1]
        low, high = found.min(), found.max()
        self.count += len(found)
        self.first = low if self.first is None else min(self.first, low)  # type: ignore[assignment,type-var]
        self.last = high if self.last is None else max(self.last, high)  # type: ignore[assignment,type-var]


class Column:
    """One column; see `ml.adopt.profile.ColumnProfile` for what becomes of it."""

    def __init__(self, name: str, dtype: pl.DataType, form: TableForm, limit: int) -> None:
        self.name = name
        self.dtype = dtype
        self.kind = _kind(dtype)
        self.form = form
        self.unit = ""
        self.rows = self.missing = self.longest = self.words = 0
        self.tally = Tally(limit)
        self.numbers: Numbers | None = Numbers() if self.kind in ("text", "number") else None
        self.times: list[Times] | None = None
        self.first_row: tuple[str, int] | None = None
        self.nothings: Counter[str] = Counter()

    def add(self, column: pl.Series) -> None:
        """Take in the next rows."""
        values = self.values(column)
        filled = values.drop_nulls()
        if self.first_row is None and len(filled):
            self.first_row = (
                filled.head(1).cast(pl.String)[0],
                self.rows + int(values.is_not_null().arg_true()[0]) + 1,
            )
        if values.null_count() > column.null_count() and self.kind == "text":
            words = column.alias("value").cast(pl.String).filter(values.is_null()).value_counts(name="count")
            self.nothings.update({word: count for word, count in words.sort("value").iter_rows() if word})
        self.rows += len(values)
        self.missing += values.null_count()
        if not len(filled):
            return
        counts = filled.value_counts(name="count")
        self._begin(counts)
        self.tally.add(counts.with_columns(pl.col("value").cast(pl.String), pl.col("count").cast(pl.Int64)))
        self._add_numbers(counts, filled)
        self._add_times(filled)
        if self.kind == "text":
            self._add_texts(counts)

    def read(self, values: pl.Series) -> pl.Series:
        """The numbers of a column of its type and form."""
        return read_numbers(values, self.form, self.unit) if values.dtype == pl.String else values.cast(pl.Float64)

    def values(self, column: pl.Series) -> pl.Series:
        """The values of a batch, null where there is none; a name such as ^a.*$ would be taken for a pattern."""
        column = column.alias("value")
        if self.kind == "text":
            texts = column.cast(pl.String)
            return texts.set(texts.is_in(MISSING).fill_null(value=False), None)
        if self.kind == "other":
            return pl.Series(
                "value", [None if value is None else str(value) for value in column.to_list()], dtype=pl.String
            )
        return column.fill_nan(None) if column.dtype.is_float() else column

    def _begin(self, counts: pl.DataFrame) -> None:
        """Settle on a unit and on ways of writing times, by the first values that there are."""
        if self.times is not None:
            return
        values = counts["value"].sort().gather_every(max(1, counts.height // _FIRST_VALUES))
        if self.kind == "text":
            self.unit = find_unit(values.to_list(), self.form)
            self.times = [Times(form=form) for form in time_forms(self.name, values)]
        elif self.kind == "time":
            self.times = [Times(form="")]
        else:
            texts = values.cast(pl.String) if values.dtype.is_integer() else values.clear().cast(pl.String)
            self.times = [Times(form=form) for form in time_forms(self.name, texts) if form.startswith("unix")]

    def _add_numbers(self, counts: pl.DataFrame, filled: pl.Series) -> None:
        if self.numbers is None:
            return
        is_first = self.numbers.count == 0 and not self.numbers.strange
        self.numbers.add(counts, self.read(counts["value"]))
        if self.numbers.rising:
            self.numbers.follow(self.read(filled))
        if is_first and self.numbers.count < _LEAST_SHARE * len(filled):
            self.numbers = None

    def _add_times(self, filled: pl.Series) -> None:
        for times in self.times or ():
            if self.kind == "time":
                times.add(filled.cast(pl.Datetime("us", getattr(filled.dtype, "time_zone", None))))
            else:
                times.add(read_times(filled.cast(pl.String), times.form))

    def _add_texts(self, counts: pl.DataFrame) -> None:
        texts = counts["value"]
        self.longest = max(self.longest, int(texts.str.len_chars().max()))  # type: ignore[arg-type]
        if self.numbers is None or self.numbers.strange:
            words = texts.str.count_matches(" ", literal=True) + 1
            self.words += int((words.cast(pl.Int64) * counts["count"].cast(pl.Int64)).sum())
        else:
            self.words += int(counts["count"].sum())


def _kind(dtype: pl.DataType) -> str:
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return "text"
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "truth"
    return "time" if dtype in (pl.Date, pl.Datetime) else "other"
