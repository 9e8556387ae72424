"""A data set: rows as a loader gives them, then as the contract wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, NumericFeature, Row, Target, Task
from core.encoder import Encoder
from core.errors import DatasetError
from ml.datasets.form import ISO, TableForm
from ml.datasets.numbers import misread, read_numbers
from ml.times import as_times

MIN_ROWS = 100
# Texts that stand for nothing in a table; one that the contract lists as a category or class is itself.
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
_TEXT_TYPES = (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Date, pl.Datetime, pl.Time, pl.Null)
# Columns of ours beside those of the data.
RESERVED_PREFIX = "slipway "
_ROW_NUMBER = f"{RESERVED_PREFIX}row"
_NO_NUMBER = "not a number"


@dataclass(frozen=True, kw_only=True, slots=True)
class RawData:
    """What a loader returns: a table, the SHA-256 of its bytes, what to call it, how it is written, its files."""

    frame: pl.DataFrame
    sha256: str
    source: str
    form: TableForm = ISO
    files: tuple[Path, ...] = ()


Loader = Callable[[date | None], RawData]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """
    Rows that keep the contract, in time order where there is a time column.

    Attributes:
        rows: The features, columns in the contract's order.
        matrix: The encoder's float32 matrix of the rows, shape (n, features).
        target: Class codes (binary: 1 is positive) or values, float64, shape (n,).
        times: The time column, or None.
        sha256: Of the bytes the data came from.
        notes: What was left out and why, in sentences.
    """

    rows: pl.DataFrame
    matrix: NDArray[np.float32]
    target: NDArray[np.float64]
    times: pl.Series | None
    sha256: str
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.target)

    def take(self, index: NDArray[np.int64]) -> Dataset:
        """The rows at the given positions."""
        return Dataset(
            rows=self.rows[index],
            matrix=self.matrix[index],
            target=self.target[index],
            times=None if self.times is None else self.times.gather(index),
            sha256=self.sha256,
            notes=self.notes,
        )

    def as_json_rows(self) -> list[Row]:
        """The rows as a caller would send them."""
        return list(self.rows.iter_rows(named=True))


def fit_to_contract(
    raw: RawData,
    contract: Contract,
    *,
    time_column: str | None,
    max_faulty_share: float,
    left_out: tuple[str, ...] = (),
) -> Dataset:
    """
    Check a table against the contract and encode it.

    Rows without an outcome are left out, and rows whose outcome is one of `left_out`. So are rows that a caller could
    not send (no number, out of range, null where the contract says no), as long as they are at most
    `max_faulty_share` of all; categories that the contract does not know stay and are encoded as unseen.

    Raises:
        DatasetError: naming the column, the first row and what would be right.
    """
    wanted = [contract.target.name, *contract.names, *([time_column] if time_column else [])]
    _require_columns(raw, wanted)
    frame = raw.frame.select(list(dict.fromkeys(wanted))).with_row_index(_ROW_NUMBER, offset=1)
    frame = _in_time_order(frame, time_column, raw)
    frame, notes = _without(frame, contract.target.name, left_out)
    columns = [_cast(frame, feature, raw) for feature in contract.features]
    target = _target_codes(frame[contract.target.name], frame[_ROW_NUMBER], contract.target, raw, notes)
    keep = (known := ~np.isnan(target)) & _sendable(frame, columns, contract, known, max_faulty_share, raw, notes)
    rows = pl.DataFrame(columns).filter(pl.Series(keep))
    if len(rows) < MIN_ROWS:
        raise DatasetError(f"{raw.source}: {len(rows)} usable rows; training takes at least {MIN_ROWS}")
    _require_variety(target[keep], contract.target, raw.source)
    _note_unseen(rows, contract, raw.source, notes)
    return Dataset(
        rows=rows,
        matrix=encode_frame(rows, contract),
        target=target[keep],
        times=frame[time_column].filter(pl.Series(keep)) if time_column else None,
        sha256=raw.sha256,
        notes=tuple(notes),
    )


def encode_frame(rows: pl.DataFrame, contract: Contract) -> NDArray[np.float32]:
    """Encode a table whose columns keep the contract; shape (n, features)."""
    columns = {
        feature.name: rows[feature.name].to_list()
        if isinstance(feature, CategoricalFeature)
        else rows[feature.name].fill_null(float("nan")).to_numpy()
        for feature in contract.features
    }
    return Encoder(contract).columns(columns, len(rows))


def _require_columns(raw: RawData, wanted: list[str]) -> None:
    if raw.frame.is_empty():
        raise DatasetError(f"{raw.source}: holds no rows")
    missing = [name for name in wanted if name not in raw.frame.columns]
    if missing:
        raise DatasetError(
            f"{raw.source}: model.toml names {', '.join(map(repr, missing))}, which the data do not have; "
            f"their columns are {', '.join(map(repr, raw.frame.columns))}"
        )


def _in_time_order(frame: pl.DataFrame, time_column: str | None, raw: RawData) -> pl.DataFrame:
    if time_column is None:
        return frame
    times = as_times(frame[time_column], raw.source, raw.form.time_format)
    return frame.with_columns(times.alias(time_column)).sort(time_column, maintain_order=True)


def _cast(frame: pl.DataFrame, feature: NumericFeature | CategoricalFeature, raw: RawData) -> pl.Series:
    column, what = frame[feature.name], f"{raw.source}: column {feature.name!r}"
    if isinstance(feature, CategoricalFeature):
        if column.dtype.is_float():
            raise DatasetError(f"{what} holds {column.dtype}, but model.toml says it is categorical")
        return _as_texts(column, feature.categories, raw.form, what)
    return _as_numbers(column, raw.form, feature.unit, what, "model.toml says the column is numeric")


def _without(frame: pl.DataFrame, target: str, left_out: tuple[str, ...]) -> tuple[pl.DataFrame, list[str]]:
    """The rows whose outcome is none of `left_out`, and a note on how many that took away."""
    if not left_out or frame[target].dtype.is_nested():
        return frame, []
    kept = frame.filter(~frame[target].cast(pl.String, strict=False).is_in(left_out).fill_null(value=False))
    lost, values = len(frame) - len(kept), " or ".join(map(repr, left_out))
    return kept, [f"{lost:,} rows were left out: their {target!r} is {values} (target.left_out)"] if lost else []


def _as_texts(column: pl.Series, listed: tuple[str, ...], form: TableForm, what: str) -> pl.Series:
    """A column as texts, null where it is empty or holds a word for nothing that the contract does not list."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
    elif not (column.dtype.is_integer() or column.dtype in _TEXT_TYPES):
        raise DatasetError(f"{what} holds {column.dtype}; it takes texts, whole numbers, truth values, dates or times")
    texts = column.cast(pl.String)
    return texts.set(texts.is_in([word for word in (*MISSING, *form.missing) if word not in listed]), None)


def _as_numbers(column: pl.Series, form: TableForm, unit: str, what: str, rule: str) -> pl.Series:
    """A column as 64-bit floats, null where it is empty or no number."""
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_nan(None)
    if column.dtype not in (pl.String, pl.Null):
        raise DatasetError(f"{what} holds {column.dtype}, but {rule}")
    return read_numbers(column.cast(pl.String), form, unit)


def _target_codes(
    column: pl.Series, row_numbers: pl.Series, target: Target, raw: RawData, notes: list[str]
) -> NDArray[np.float64]:
    """Class codes or values, NaN where the outcome is unknown; a note when some are."""
    what = f"{raw.source}: target {target.name!r}"
    if target.task is Task.REGRESSION:
        rule = "regression takes numbers"
        codes = _as_numbers(column, raw.form, target.unit, what, rule)
        for first in misread(column, codes, (*MISSING, *raw.form.missing)).arg_true()[:1]:
            raise DatasetError(f"{what}, row {row_numbers[first]}: {column[first]!r} is not a number, but {rule}")
        codes = codes.set(codes.is_infinite(), None)
    else:
        classes, texts = list(target.classes), _as_texts(column, target.classes, raw.form, what)
        if target.catch_all:
            if not (texts == classes[1]).any():
                raise DatasetError(f"{what} never is {classes[1]!r}, the positive value; it is {_some(texts)}")
            codes = (texts == classes[1]).cast(pl.Float64)
        else:
            strange = texts.filter(texts.is_not_null() & ~texts.is_in(classes))
            if len(strange):
                raise DatasetError(f"{what} holds {_some(strange)}, which is none of {', '.join(map(repr, classes))}")
            codes = texts.replace_strict(classes, list(range(len(classes))), default=None, return_dtype=pl.Float64)
    values = codes.fill_null(float("nan")).to_numpy()
    if unknown := int(np.isnan(values).sum()):
        notes.append(f"{unknown:,} rows without an outcome were left out")
    return values


def _some(texts: pl.Series) -> str:
    """The first few different texts of a column, in the order of the alphabet."""
    names = sorted(texts.drop_nulls().unique().to_list())
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _sendable(
    frame: pl.DataFrame,
    columns: list[pl.Series],
    contract: Contract,
    known: NDArray[np.bool_],
    max_faulty_share: float,
    raw: RawData,
    notes: list[str],
) -> NDArray[np.bool_]:
    """Which rows a caller could have sent; a note for each rule that some broke."""
    good = np.ones(len(known), dtype=bool)
    first_problem = ""
    for feature, column in zip(contract.features, columns, strict=True):
        written = frame[feature.name]
        for rule, broken in _broken(feature, column, written, raw.form):
            places = np.flatnonzero(broken.to_numpy() & known)
            if len(places):
                first = int(places[0])
                value = written[first] if rule == _NO_NUMBER else column[first]
                found = "" if value is None else f": {value}"
                problem = f"column {feature.name!r}, row {frame[_ROW_NUMBER][first]}{found} is {rule}"
                first_problem = first_problem or problem
                notes.append(f"{len(places):,} rows were left out: {problem}")
                good[places] = False
    share = (~good[known]).mean() if known.any() else 0.0
    if share > max_faulty_share:
        raise DatasetError(
            f"{raw.source}: {share:.1%} of the rows break the contract, {max_faulty_share:.1%} may "
            f"(dataset.max_faulty_share); the first: {first_problem}"
        )
    return good


def _broken(
    feature: NumericFeature | CategoricalFeature, column: pl.Series, written: pl.Series, form: TableForm
) -> list[tuple[str, pl.Series]]:
    rules, empty = [], column.is_null()
    if isinstance(feature, NumericFeature):
        strange = misread(written, column, (*MISSING, *form.missing))
        rules.append((_NO_NUMBER, strange))
        empty &= ~strange
    if not feature.nullable:
        rules.append(("empty, and model.toml does not say nullable = true", empty))
    if isinstance(feature, NumericFeature):
        outside = ((column < feature.low) | (column > feature.high)).fill_null(value=False)
        rules.append((f"outside {feature.low:g}..{feature.high:g}", outside))
    return rules


def _require_variety(target: NDArray[np.float64], declared: Target, source: str) -> None:
    values = np.unique(target)
    if len(values) < 2:
        only = declared.classes[int(values[0])] if declared.classes else f"{values[0]:g}"
        raise DatasetError(f"{source}: every outcome of {declared.name!r} is {only!r}; a model needs at least two")
    if declared.task is Task.MULTICLASS and len(values) < len(declared.classes):
        absent = [name for code, name in enumerate(declared.classes) if code not in values]
        raise DatasetError(f"{source}: target {declared.name!r} never is {', '.join(absent)}; remove it from classes")


def _note_unseen(rows: pl.DataFrame, contract: Contract, source: str, notes: list[str]) -> None:
    for feature in contract.features:
        if isinstance(feature, CategoricalFeature):
            known = rows[feature.name].drop_nulls()
            strange = known.filter(~known.is_in(list(feature.categories)))
            if len(strange) and len(strange) == len(known):
                raise DatasetError(
                    f"{source}: column {feature.name!r} holds none of the contract's categories, "
                    f"{_some(pl.Series(feature.categories))}; it holds {_some(strange)}"
                )
            if len(strange):
                share = len(strange) / len(known)
                notes.append(
                    f"column {feature.name!r}: {len(strange):,} values ({share:.1%}) are not in the contract "
                    f"({_some(strange)})"
                )
