"""A data set: rows as a loader gives them, then as the contract wants them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, NumericFeature, Row, Target, Task
from core.encoder import Encoder
from core.errors import DatasetError

MIN_ROWS = 100
# Columns of ours beside those of the data.
RESERVED_PREFIX = "slipway "
_ROW_NUMBER = f"{RESERVED_PREFIX}row"


@dataclass(frozen=True, kw_only=True, slots=True)
class RawData:
    """What a loader returns: a table, the SHA-256 of the bytes it came from, and what to call it."""

    frame: pl.DataFrame
    sha256: str
    source: str


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
        keys: Without times, 16 bytes a row that depend on what the row holds, all its columns, and on how many equal
            rows came before it; with times None.
        sha256: Of the bytes the data came from.
        notes: What was left out and why, in sentences.
    """

    rows: pl.DataFrame
    matrix: NDArray[np.float32]
    target: NDArray[np.float64]
    times: pl.Series | None
    keys: tuple[bytes, ...] | None
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
            keys=None if self.keys is None else tuple(self.keys[i] for i in index),
            sha256=self.sha256,
            notes=self.notes,
        )

    def as_json_rows(self) -> list[Row]:
        """The rows as a caller would send them."""
        return list(self.rows.iter_rows(named=True))


def fit_to_contract(raw: RawData, contract: Contract, *, time_column: str | None, max_faulty_share: float) -> Dataset:
    """
    Check a table against the contract and encode it.

    Rows without an outcome are left out. So are rows that a caller could not send (out of range, null where
    the contract says no), as long as they are at most `max_faulty_share` of all; categories that the contract
    does not know stay and are encoded as unseen.

    Raises:
        DatasetError: naming the column, the first row and what would be right.
    """
    wanted = [contract.target.name, *contract.names, *([time_column] if time_column else [])]
    _require_columns(raw, wanted)
    frame = raw.frame.select(list(dict.fromkeys(wanted))).with_row_index(_ROW_NUMBER, offset=1)
    frame = _in_time_order(frame, time_column, raw.source)
    columns = [_cast(frame, feature, raw.source) for feature in contract.features]
    target, notes = _target_codes(frame[contract.target.name], contract.target, raw.source)
    known = ~np.isnan(target)
    keep = known & _sendable(frame[_ROW_NUMBER], columns, contract, known, max_faulty_share, raw.source, notes)
    rows = pl.DataFrame(columns).filter(pl.Series(keep))
    if len(rows) < MIN_ROWS:
        raise DatasetError(f"{raw.source}: {len(rows)} usable rows; training takes at least {MIN_ROWS}")
    _require_variety(target[keep], contract.target, raw.source)
    _note_unseen(rows, contract, notes)
    return Dataset(
        rows=rows,
        matrix=encode_frame(rows, contract),
        target=target[keep],
        times=frame[time_column].filter(pl.Series(keep)) if time_column else None,
        keys=None if time_column else row_keys(raw.frame.filter(pl.Series(keep))),
        sha256=raw.sha256,
        notes=tuple(notes),
    )


def row_keys(frame: pl.DataFrame) -> tuple[bytes, ...]:
    """What tells rows apart wherever they stand: a hash of all their values and of how many equal rows came before."""
    texts = frame.select(
        pl.concat_str(
            [
                pl.col(name).cast(pl.String).fill_null("\0")
                for name in frame.columns
                if not frame[name].dtype.is_nested()
            ],
            separator="\x1f",
        )
    ).to_series()
    copies: Counter[str] = Counter()
    keys = []
    for text in texts:
        keys.append(hashlib.blake2b(f"{copies[text]} {text}".encode(), digest_size=16).digest())
        copies[text] += 1
    return tuple(keys)


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
            f"their columns are {', '.join(raw.frame.columns)}"
        )


def _in_time_order(frame: pl.DataFrame, time_column: str | None, source: str) -> pl.DataFrame:
    if time_column is None:
        return frame
    times = as_times(frame[time_column], source)
    return frame.with_columns(times.alias(time_column)).sort(time_column, maintain_order=True)


def _cast(frame: pl.DataFrame, feature: NumericFeature | CategoricalFeature, source: str) -> pl.Series:
    column = frame[feature.name]
    if isinstance(feature, CategoricalFeature):
        if column.dtype.is_float() or column.dtype.is_nested():
            raise DatasetError(
                f"{source}: column {feature.name!r} holds {column.dtype}, but model.toml says it is categorical"
            )
        return column.cast(pl.String)
    if not column.dtype.is_numeric():
        numbers = column.cast(pl.Float64, strict=False) if column.dtype == pl.String else column.clear(len(column))
        wrong = (numbers.is_null() & column.is_not_null()).arg_true()
        if len(wrong):
            raise DatasetError(
                f"{source}: column {feature.name!r}, row {frame[_ROW_NUMBER][wrong[0]]}: {column[wrong[0]]!r} "
                "is not a number, but model.toml says the column is numeric"
            )
        column = numbers
    return column.cast(pl.Float64).fill_nan(None)


def _target_codes(column: pl.Series, target: Target, source: str) -> tuple[NDArray[np.float64], list[str]]:
    """Class codes or values, NaN where the outcome is unknown, and a note when some are."""
    if target.task is Task.REGRESSION:
        if not column.dtype.is_numeric():
            raise DatasetError(f"{source}: target {target.name!r} holds {column.dtype}, regression takes numbers")
        codes = column.cast(pl.Float64)
        codes = codes.set(codes.is_infinite(), None)
    else:
        texts = column.cast(pl.String)
        if target.catch_all:
            codes = (texts == target.classes[1]).cast(pl.Float64)
        else:
            strange = texts.filter(texts.is_not_null() & ~texts.is_in(list(target.classes)))
            if len(strange):
                raise DatasetError(
                    f"{source}: target {target.name!r} holds {strange[0]!r}, "
                    f"which is none of {', '.join(target.classes)}"
                )
            codes = texts.replace_strict(list(target.classes), list(range(len(target.classes))), default=None)
    values = codes.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    unknown = int(np.isnan(values).sum())
    return values, [f"{unknown:,} rows without an outcome were left out"] if unknown else []


def _sendable(
    row_numbers: pl.Series,
    columns: list[pl.Series],
    contract: Contract,
    known: NDArray[np.bool_],
    max_faulty_share: float,
    source: str,
    notes: list[str],
) -> NDArray[np.bool_]:
    """Which rows a caller could have sent; a note for each rule that some broke."""
    good = np.ones(len(known), dtype=bool)
    first_problem = ""
    for feature, column in zip(contract.features, columns, strict=True):
        for rule, broken in _broken(feature, column):
            places = np.flatnonzero(broken.to_numpy() & known)
            if len(places):
                problem = (
                    f"column {feature.name!r}, row {row_numbers[int(places[0])]}: {column[int(places[0])]} is {rule}"
                )
                first_problem = first_problem or problem
                notes.append(f"{len(places):,} rows were left out: {problem}")
                good[places] = False
    share = (~good[known]).mean() if known.any() else 0.0
    if share > max_faulty_share:
        raise DatasetError(
            f"{source}: {share:.1%} of the rows break the contract, {max_faulty_share:.1%} may "
            f"(dataset.max_faulty_share); the first: {first_problem}"
        )
    return good


def _broken(feature: NumericFeature | CategoricalFeature, column: pl.Series) -> list[tuple[str, pl.Series]]:
    rules = []
    if not feature.nullable:
        rules.append(("empty, and the contract says nullable = false", column.is_null()))
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


def _note_unseen(rows: pl.DataFrame, contract: Contract, notes: list[str]) -> None:
    for feature in contract.features:
        if isinstance(feature, CategoricalFeature):
            strange = rows[feature.name].drop_nulls()
            strange = strange.filter(~strange.is_in(list(feature.categories)))
            if len(strange):
                names = ", ".join(sorted(strange.unique().to_list())[:5])
                notes.append(f"column {feature.name!r}: {len(strange):,} values are not in the contract ({names})")


def as_times(column: pl.Series, source: str) -> pl.Series:
    """
    A time column as datetimes.

    Raises:
        DatasetError: if it holds anything else, naming the first row that does.
    """
    times = column
    if column.dtype == pl.String:
        try:
            times = column.str.to_datetime(strict=False)
        except pl.exceptions.ComputeError:
            # Polars guesses the format from the texts, and gives up where not even one is a time.
            times = pl.Series(column.name, [None] * len(column), dtype=pl.Datetime("us"))
    elif column.dtype == pl.Date:
        times = column.cast(pl.Datetime("us"))
    if not isinstance(times.dtype, pl.Datetime):
        raise DatasetError(f"{source}: time column {column.name!r} holds {times.dtype}, it takes dates or times")
    if times.null_count():
        row = int(times.is_null().arg_true()[0])
        raise DatasetError(
            f"{source}: time column {column.name!r}, row {row + 1}: {column[row]!r} is not a time; "
            "write ISO 8601, such as 2013-07-01 05:15"
        )
    return times


def span(times: pl.Series | None) -> tuple[str | None, str | None]:
    """First and last time as ISO 8601; None without a time column."""
    if times is None or not len(times):
        return None, None
    first, last = times[0], times[-1]
    return first.isoformat(), last.isoformat()
