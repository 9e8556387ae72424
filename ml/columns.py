"""A table's columns in the compact types that training keeps: numbers, and texts by a number each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, NumericFeature, Task
from core.encoder import Encoder
from core.errors import DatasetError
from ml.datasets.form import TableForm
from ml.datasets.numbers import misread, read_numbers
from ml.times import as_times, of_one_kind

# Texts that stand for nothing in a table; one that the contract lists as a category or class is itself.
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
_TEXT_TYPES = (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Date, pl.Datetime, pl.Time, pl.Null)

TARGET_RULE = "regression takes numbers"
# Of texts that are no numbers only the first is ever shown, or the first whose outcome is known.
_KEPT_TEXTS = 1_000
# So many rows are read at a time.
BATCH_ROWS = 100_000


class RawTable(Protocol):
    """A table that need not be held whole: `RawData`, or files that are read as they are asked for."""

    @property
    def sha256(self) -> str:
        """Of the bytes it comes from."""

    @property
    def source(self) -> str:
        """What to call it."""

    @property
    def form(self) -> TableForm:
        """How its texts are written."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where its files are, if it has any."""

    @property
    def columns(self) -> Sequence[str]:
        """The names, in order."""

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """The table in parts of at most so many rows, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Misread:
    """The rows of a numeric column without a number: positions from 0, rising, and what the first of them hold."""

    rows: NDArray[np.int64]
    texts: Sequence[str]

    def text(self, row: int) -> str | None:
        """What one of the rows holds; None if it is one of many."""
        place = int(np.searchsorted(self.rows, row))
        return self.texts[place] if place < len(self.texts) else None


@dataclass(kw_only=True, slots=True)
class Cells:
    """
    What a table holds in the contract's columns, its times and its target, in the order of its rows.

    The last of `misread` belongs to the target.
    """

    columns: list[pl.Series]
    misread: list[Misread]
    target: pl.Series
    times: pl.Series | None

    def in_order(self, order: NDArray[np.int64] | None) -> pl.DataFrame:
        """The columns' rows at some positions; each column is let go as soon as it is copied."""
        for index in range(len(self.columns)):
            self.columns[index] = gathered(self.columns[index], order)
        return pl.DataFrame(self.columns)


class _Column:
    """A column of numbers or texts, as its parts come in."""

    def __init__(self, name: str, unit: str | None, listed: tuple[str, ...], rule: str) -> None:
        """
        Args:
            name: Of the column.
            unit: What may be written beside its numbers; None for texts.
            listed: Texts that stand for themselves.
            rule: Why it must hold numbers, or none with decimals; empty if it may hold either.
        """
        self.name, self._unit, self._listed, self._rule = name, unit, listed, rule
        self._parts: list[pl.Series] = []
        self._rows: list[NDArray[np.int64]] = []
        self._texts: list[str] = []

    def add(self, written: pl.Series, before: int, raw: RawTable, what: str) -> None:
        """Take a part that comes after so many rows."""
        if self._unit is None:
            if (written.dtype.is_float() or written.dtype.is_decimal()) and self._rule:
                raise DatasetError(f"{what} holds {written.dtype}, but {self._rule}")
            self._parts.append(as_texts(written, self._listed, raw.form, what))
            return
        numbers = as_numbers(written, raw.form, self._unit, f"{what} holds {written.dtype}, but {self._rule}")
        strange = misread(written, numbers, (*MISSING, *raw.form.missing)).arg_true()
        if len(strange):
            self._rows.append(strange.to_numpy().astype(np.int64) + before)
            self._texts += written.gather(strange.head(_KEPT_TEXTS - len(self._texts))).to_list()
        self._parts.append(numbers)

    def whole(self) -> pl.Series:
        """The column in one piece; its parts are let go."""
        parts, self._parts = self._parts, []
        return pl.concat(parts, rechunk=True)

    def misread(self) -> Misread:
        """What is no number."""
        rows = np.concatenate(self._rows) if self._rows else np.empty(0, dtype=np.int64)
        return Misread(rows=rows, texts=self._texts)


def read_cells(raw: RawTable, contract: Contract, time_column: str | None, left_out: tuple[str, ...]) -> Cells:
    """
    The contract's columns of a table, read by batches and cast to compact types.

    Args:
        raw: The table.
        contract: Names the columns.
        time_column: One more, or None.
        left_out: Values of the target that are no words for nothing.

    Raises:
        DatasetError: if a column is absent or holds what it cannot.
    """
    columns, target = [_feature_column(feature) for feature in contract.features], _target_column(contract, left_out)
    wanted = list(dict.fromkeys([target.name, *contract.names, *([time_column] if time_column else [])]))
    times, before = [], 0
    for batch in raw.batches(BATCH_ROWS):
        _require_columns(raw, wanted)
        frame = batch.select(wanted)
        if time_column:
            times.append(as_times(frame[time_column], raw.source, raw.form.time_format, before + 1))
            frame = frame.with_columns(times[-1].alias(time_column))
        for column in columns:
            column.add(frame[column.name], before, raw, f"{raw.source}: column {column.name!r}")
        target.add(frame[target.name], before, raw, f"{raw.source}: target {target.name!r}")
        before += len(batch)
    if not before:
        raise DatasetError(f"{raw.source}: holds no rows")
    return Cells(
        columns=[column.whole() for column in columns],
        misread=[column.misread() for column in (*columns, target)],
        target=target.whole(),
        times=of_one_kind(times, raw.source) if time_column else None,
    )


def _feature_column(feature: NumericFeature | CategoricalFeature) -> _Column:
    if isinstance(feature, CategoricalFeature):
        return _Column(feature.name, None, feature.categories, "model.toml says it is categorical")
    return _Column(feature.name, feature.unit, (), "model.toml says the column is numeric")


def _target_column(contract: Contract, left_out: tuple[str, ...]) -> _Column:
    target = contract.target
    if target.task is Task.REGRESSION:
        return _Column(target.name, target.unit, (), TARGET_RULE)
    return _Column(target.name, None, (*target.classes, *left_out), "")


def _require_columns(raw: RawTable, wanted: list[str]) -> None:
    missing = [name for name in wanted if name not in raw.columns]
    if missing:
        raise DatasetError(
            f"{raw.source}: model.toml names {', '.join(map(repr, missing))}, which the data do not have; "
            f"their columns are {', '.join(map(repr, raw.columns))}"
        )


def as_texts(column: pl.Series, listed: tuple[str, ...], form: TableForm, what: str) -> pl.Series:
    """
    A column as texts, null where it is empty or holds a word for nothing that the contract does not list.

    Returns:
        A categorical column: each text is kept once, and a row takes four bytes.
    """
    if column.dtype.is_float():
        column = column.fill_nan(None)
    elif not (column.dtype.is_integer() or column.dtype.is_decimal() or column.dtype in _TEXT_TYPES):
        raise DatasetError(f"{what} holds {column.dtype}; it takes texts, whole numbers, truth values, dates or times")
    texts = column.cast(pl.String)
    nothing = [word for word in (*MISSING, *form.missing) if word not in listed]
    return texts.set(texts.is_in(nothing), None).cast(pl.Categorical)


def as_numbers(column: pl.Series, form: TableForm, unit: str, problem: str) -> pl.Series:
    """A column as 64-bit floats, null where it is empty or no number."""
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_nan(None)
    if column.dtype not in (pl.String, pl.Null):
        raise DatasetError(problem)
    return read_numbers(column.cast(pl.String), form, unit)


def gathered(column: pl.Series, order: NDArray[np.int64] | None) -> pl.Series:
    """A column's rows at some positions; all, uncopied, without any."""
    return column if order is None else column.gather(order)


def text_counts(column: pl.Series) -> dict[str, int]:
    """How many rows hold each text of a column, in the order of the alphabet; rows without one do not count."""
    counted = column.drop_nulls().value_counts(name="slipway rows")
    return dict(sorted(zip(counted[column.name].to_list(), counted["slipway rows"].to_list(), strict=True)))


def by_text(column: pl.Series, give: Callable[[list[str | None]], NDArray[Any]]) -> NDArray[np.float64]:
    """
    A number for each row of a column of texts, from a function that is asked once for each text.

    Args:
        column: Texts, null where missing; shape (n,).
        give: From the different texts, None among them, to a number each.

    Returns:
        Shape (n,).
    """
    column = column.cast(pl.Categorical)
    different, codes = column.unique(), column.to_physical()
    # One beyond the codes of texts stands for a missing one.
    absent = 0 if different.null_count() == len(different) else int(different.to_physical().max()) + 1  # type: ignore[arg-type]
    table = np.zeros(absent + 1)
    table[different.to_physical().fill_null(absent).to_numpy()] = give(different.to_list())
    found: NDArray[np.float64] = table[codes.fill_null(absent).to_numpy()]
    return found


def encode_frame(rows: pl.DataFrame, contract: Contract) -> NDArray[np.float32]:
    """Encode a table whose columns keep the contract; shape (n, features)."""
    encoder, matrix = Encoder(contract), np.empty((len(rows), len(contract.features)), dtype=np.float32)
    for index, feature in enumerate(contract.features):
        column = rows[feature.name]
        if isinstance(feature, CategoricalFeature):
            matrix[:, index] = by_text(column, partial(encoder.column, index))
        else:
            matrix[:, index] = column.fill_null(float("nan")).to_numpy()
    return matrix
