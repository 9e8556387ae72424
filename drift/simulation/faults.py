"""
What may go wrong with the inputs of a model, put into rows on purpose, to see whether it would be noticed.

The scores of the rows stay what they were: what a fault would do to the answers is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from drift.columns import Coded, Columns

NEW_CATEGORY: Final = "slipway-new"


class Fault(Protocol):
    """
    Something that goes wrong with one column.

    Attributes:
        word: Its kind, as the command line has it.
    """

    word: ClassVar[str]

    @property
    def column(self) -> str:
        """The feature."""

    def apply(self, columns: Columns, generator: np.random.Generator) -> Columns:
        """
        The rows with the fault in them; the given ones stay as they are.

        A column that the rows do not have stays absent.

        Args:
            columns: Rows of one tag.
            generator: Chooses the rows that a fault in a share of them strikes, each by itself.
        """

    def __str__(self) -> str:
        """In words, beginning with the column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A number in another unit: `factor` times what it was, in a share of the rows, in (0, 1]."""

    word: ClassVar[str] = "unit"
    column: str
    factor: float
    share: float = 1.0

    def apply(self, columns: Columns, generator: np.random.Generator) -> Columns:
        """Multiply; see `Fault`."""
        if self.column not in columns.numeric:
            return columns
        values = columns.numeric[self.column]
        struck = generator.random(len(values)) < self.share
        with np.errstate(over="ignore"):
            return _with_numbers(columns, self.column, np.where(struck, values * self.factor, values))

    def __str__(self) -> str:
        where = "" if self.share == 1 else f" in {_percent(self.share)} of rows"
        return f"{self.column} in another unit (x {_number(self.factor)}){where}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """A number off by so many standard deviations of the rows' own values."""

    word: ClassVar[str] = "shift"
    column: str
    sds: float

    def apply(self, columns: Columns, generator: np.random.Generator) -> Columns:  # noqa: ARG002  # strikes every row
        """Add; see `Fault`."""
        if self.column not in columns.numeric:
            return columns
        values = columns.numeric[self.column]
        present = values[~np.isnan(values)]
        if not len(present):
            return columns
        with np.errstate(over="ignore", invalid="ignore"):
            moved = values + self.sds * present.std()
        return _with_numbers(columns, self.column, moved)

    def __str__(self) -> str:
        way = "lower" if self.sds < 0 else "higher"
        return f"{self.column} {way} by {_number(abs(self.sds))} standard deviations"


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A value missing in a further share of all rows, in (0, 1]; in all of them if fewer have one."""

    word: ClassVar[str] = "missing"
    column: str
    share: float

    def apply(self, columns: Columns, generator: np.random.Generator) -> Columns:
        """Take values away; see `Fault`."""
        present = _present(columns, self.column)
        count = int(present.sum())
        if not count:
            return columns
        return _without(columns, self.column, _some_of(present, self.share * len(columns) / count, generator))

    def __str__(self) -> str:
        return f"{self.column} missing in a further {_percent(self.share)} of rows"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCategory:
    """The category `slipway-new` in a share of the rows that have a value, in (0, 1]."""

    word: ClassVar[str] = "new"
    column: str
    share: float

    def apply(self, columns: Columns, generator: np.random.Generator) -> Columns:
        """Put the new category in; see `Fault`."""
        coded = columns.categorical.get(self.column)
        if coded is None:
            return columns
        categories = (*(text for text in coded.categories if text != NEW_CATEGORY), NEW_CATEGORY)
        places = {text: place for place, text in enumerate(categories)}
        # The last place is for -1, which numpy takes for the end.
        moved = np.array([*(places[text] for text in coded.categories), -1], dtype=np.int32)
        struck = _some_of(coded.codes >= 0, self.share, generator)
        codes = np.where(struck, np.int32(places[NEW_CATEGORY]), moved[coded.codes])
        return _with_texts(columns, self.column, Coded(codes=codes, categories=categories))

    def __str__(self) -> str:
        return f"{self.column} with a new category in {_percent(self.share)} of rows"


@dataclass(frozen=True, kw_only=True, slots=True)
class Swap:
    """Two categories exchanged."""

    word: ClassVar[str] = "swap"
    column: str
    first: str
    second: str

    def apply(self, columns: Columns, generator: np.random.Generator) -> Columns:  # noqa: ARG002  # strikes every row
        """Exchange their names; see `Fault`."""
        coded = columns.categorical.get(self.column)
        if coded is None:
            return columns
        other = {self.first: self.second, self.second: self.first}
        categories = tuple(other.get(text, text) for text in coded.categories)
        return _with_texts(columns, self.column, Coded(codes=coded.codes, categories=categories))

    def __str__(self) -> str:
        return f"{self.column} with {self.first} and {self.second} exchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """A column that no row has any more."""

    word: ClassVar[str] = "absent"
    column: str

    def apply(self, columns: Columns, generator: np.random.Generator) -> Columns:  # noqa: ARG002  # strikes every row
        """Take the column away; see `Fault`."""
        emptied = _without(columns, self.column, np.ones(len(columns), dtype=bool))
        wrong = {name: 0 if name == self.column else count for name, count in columns.wrong.items()}
        return replace(
            emptied, absent=columns.absent | {self.column}, redacted=columns.redacted - {self.column}, wrong=wrong
        )

    def __str__(self) -> str:
        return f"{self.column} absent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Constant:
    """A column that is stuck: every value is the first one."""

    word: ClassVar[str] = "constant"
    column: str

    def apply(self, columns: Columns, generator: np.random.Generator) -> Columns:  # noqa: ARG002  # strikes every row
        """Repeat the first value where there is one; see `Fault`."""
        present = _present(columns, self.column)
        if not present.any():
            return columns
        first = int(present.argmax())
        if self.column in columns.numeric:
            values = columns.numeric[self.column]
            return _with_numbers(columns, self.column, np.where(present, values[first], np.nan))
        coded = columns.categorical[self.column]
        codes = np.where(present, coded.codes[first], np.int32(-1))
        return _with_texts(columns, self.column, replace(coded, codes=codes))

    def __str__(self) -> str:
        return f"{self.column} stuck at one value"


def _present(columns: Columns, name: str) -> NDArray[np.bool_]:
    """Which rows have a value; shape (n,)."""
    if name in columns.numeric:
        return ~np.isnan(columns.numeric[name])
    if name in columns.categorical:
        return columns.categorical[name].codes >= 0
    return np.zeros(len(columns), dtype=bool)


def _some_of(rows: NDArray[np.bool_], share: float, generator: np.random.Generator) -> NDArray[np.bool_]:
    return rows & (generator.random(len(rows)) < share)


def _without(columns: Columns, name: str, rows: NDArray[np.bool_]) -> Columns:
    if name in columns.numeric:
        return _with_numbers(columns, name, np.where(rows, np.nan, columns.numeric[name]))
    if name in columns.categorical:
        coded = columns.categorical[name]
        return _with_texts(columns, name, replace(coded, codes=np.where(rows, np.int32(-1), coded.codes)))
    return columns


def _with_numbers(columns: Columns, name: str, values: NDArray[np.float64]) -> Columns:
    # What has become too large for a float is missing, as everywhere in these columns.
    finite = np.where(np.isfinite(values), values, np.nan)
    return replace(columns, numeric={**columns.numeric, name: finite})


def _with_texts(columns: Columns, name: str, coded: Coded) -> Columns:
    return replace(columns, categorical={**columns.categorical, name: coded})


def _number(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return repr(value).removesuffix(".0")


def _percent(share: float) -> str:
    return f"{_number(round(share * 100, 10))} %"
