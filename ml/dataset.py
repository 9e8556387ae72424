"""A data set: rows as a loader gives them, then as the contract wants them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, NumericFeature, Row, Target, Task
from core.errors import DatasetError
from ml.columns import TARGET_RULE, Cells, Misread, RawTable, by_text, encode_frame, gathered, read_cells, text_counts
from ml.datasets.form import ISO, TableForm

MIN_ROWS = 100
# Columns of ours beside those of the data.
RESERVED_PREFIX = "slipway "
_NO_NUMBER = "not a number"


@dataclass(frozen=True, kw_only=True, slots=True)
class RawData:
    """What a loader returns: a table, the SHA-256 of its bytes, what to call it, how it is written, its files."""

    frame: pl.DataFrame
    sha256: str
    source: str
    form: TableForm = ISO
    paths: tuple[Path, ...] = ()

    @property
    def columns(self) -> Sequence[str]:
        """The names, in order."""
        return self.frame.columns

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """The table in parts of at most so many rows, in order."""
        return self.frame.iter_slices(rows)


def is_pattern(name: str) -> bool:
    """Whether polars takes a column's name for a pattern of several."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


Loader = Callable[[date | None], RawTable]


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
        """The rows at the given positions; neighbours in their order are not copied."""
        if len(index) and index[-1] - index[0] == len(index) - 1 and (np.diff(index) == 1).all():
            return self._between(int(index[0]), len(index))
        return replace(
            self,
            rows=self.rows[index],
            matrix=self.matrix[index],
            target=self.target[index],
            times=None if self.times is None else self.times.gather(index),
        )

    def spread(self, most: int) -> Dataset:
        """At most so many rows, evenly spread over all in their order."""
        if len(self) <= most:
            return self
        return self.take(np.linspace(0, len(self) - 1, most).round().astype(np.int64))

    def _between(self, first: int, count: int) -> Dataset:
        return replace(
            self,
            rows=self.rows.slice(first, count),
            matrix=self.matrix[first : first + count],
            target=self.target[first : first + count],
            times=None if self.times is None else self.times.slice(first, count),
        )

    def as_json_rows(self) -> list[Row]:
        """The rows as a caller would send them."""
        return list(self.rows.iter_rows(named=True))


def fit_to_contract(
    raw: RawTable,
    contract: Contract,
    *,
    time_column: str | None,
    max_faulty_share: float,
    left_out: tuple[str, ...] = (),
) -> Dataset:
    """
    Check a table against the contract and encode it.

    Rows without an outcome are left out, and rows whose outcome is one of `left_out`. So are rows that a caller could
    not send (no number, out of range, null where the contract says no) or whose outcome is no number where one is
    predicted, as long as they are at most `max_faulty_share` of all; categories that the contract does not know stay
    and are encoded as unseen.

    Raises:
        DatasetError: naming the column, the first row and what would be right.
    """
    found = read_cells(raw, contract, time_column, left_out)
    strange = found.misread[-1]
    target, notes = _target_codes(found.target, contract.target, left_out, raw.source, len(strange.rows))
    known = ~np.isnan(target)
    known[strange.rows] = True
    keep = known & _sendable(found, contract, known, max_faulty_share, raw.source, notes)
    usable = int(keep.sum())
    if usable < MIN_ROWS:
        raise DatasetError(f"{raw.source}: {usable} usable rows; training takes at least {MIN_ROWS}")
    order = _order(found.times, keep)
    if order is not None:
        target = target[order]
    rows, times = found.in_order(order), None if found.times is None else gathered(found.times, order)
    _require_variety(target, contract.target, raw.source)
    _note_unseen(rows, contract, raw.source, notes)
    return Dataset(
        rows=rows,
        matrix=encode_frame(rows, contract),
        target=target,
        times=times,
        sha256=raw.sha256,
        notes=tuple(notes),
    )


def _order(times: pl.Series | None, keep: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """The rows to keep, in order of time where there are times; None if all stay where they are."""
    if times is None or times.is_sorted():
        return None if keep.all() else np.flatnonzero(keep)
    order = np.argsort(times.to_physical().to_numpy(), kind="stable")
    return order[keep[order]]


def _target_codes(
    column: pl.Series, target: Target, left_out: tuple[str, ...], source: str, strange: int
) -> tuple[NDArray[np.float64], list[str]]:
    """Class codes or values, NaN where the outcome is unknown, left out or strange, and a note on the first two."""
    notes = []
    if target.task is Task.REGRESSION:
        values = column.set(column.is_infinite(), None).fill_null(float("nan")).to_numpy()
        lost = 0
    else:
        counts = text_counts(column)
        lost = sum(counts.pop(name, 0) for name in set(left_out))
        _require_classes(counts, target, f"{source}: target {target.name!r}")
        values = by_text(column, partial(_class_codes, target, frozenset(left_out)))
    if lost:
        names = " or ".join(map(repr, left_out))
        notes.append(f"{lost:,} rows were left out: their {target.name!r} is {names} (target.left_out)")
    if unknown := int(np.isnan(values).sum()) - lost - strange:
        notes.append(f"{unknown:,} rows without an outcome were left out")
    return values, notes


def _class_codes(target: Target, left_out: frozenset[str], texts: list[str | None]) -> NDArray[np.float64]:
    codes: dict[str | None, float] = {name: float(code) for code, name in enumerate(target.classes)}
    codes |= dict.fromkeys([None, *left_out], math.nan)
    return np.array([codes.get(text, 0.0) for text in texts])


def _require_classes(counts: Mapping[str, int], target: Target, what: str) -> None:
    if target.catch_all:
        if target.classes[1] not in counts:
            raise DatasetError(f"{what} never is {target.classes[1]!r}, the positive value; it is {_some(counts)}")
        return
    strange = [text for text in counts if text not in target.classes]
    if strange:
        names = ", ".join(map(repr, target.classes))
        raise DatasetError(f"{what} holds {_some(strange)}, which is none of {names}")


def _some(texts: Iterable[str]) -> str:
    """The first few different texts, in the order of the alphabet."""
    names = sorted(texts)
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _sendable(
    cells: Cells,
    contract: Contract,
    known: NDArray[np.bool_],
    max_faulty_share: float,
    source: str,
    notes: list[str],
) -> NDArray[np.bool_]:
    """Which rows a caller could have sent; a note for each rule that some broke."""
    good = np.ones(len(known), dtype=bool)
    first_problem = ""
    *of_features, of_target = cells.misread
    if len(of_target.rows):
        first = int(of_target.rows[0])
        first_problem = (
            f"target {contract.target.name!r}, row {first + 1}: {of_target.text(first)} is not a number, but "
            f"{TARGET_RULE}"
        )
        notes.append(f"{len(of_target.rows):,} rows were left out: {first_problem}")
        good[of_target.rows] = False
    for feature, column, misread in zip(contract.features, cells.columns, of_features, strict=True):
        for rule, broken in _broken(feature, column, misread):
            places = np.flatnonzero(broken & known)
            if len(places):
                first = int(places[0])
                value = misread.text(first) if rule == _NO_NUMBER else column[first]
                found = "" if value is None else f": {value}"
                problem = f"column {feature.name!r}, row {first + 1}{found} is {rule}"
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


def _broken(
    feature: NumericFeature | CategoricalFeature, column: pl.Series, misread: Misread
) -> list[tuple[str, NDArray[np.bool_]]]:
    rules = []
    if len(misread.rows):
        strange = np.zeros(len(column), dtype=bool)
        strange[misread.rows] = True
        rules.append((_NO_NUMBER, strange))
    if not feature.nullable:
        empty = column.is_null().to_numpy(writable=True)
        empty[misread.rows] = False
        rules.append(("empty, and model.toml does not say nullable = true", empty))
    if isinstance(feature, NumericFeature):
        outside = ((column < feature.low) | (column > feature.high)).fill_null(value=False)
        rules.append((f"outside {feature.low:g}..{feature.high:g}", outside.to_numpy()))
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
        if not isinstance(feature, CategoricalFeature):
            continue
        counts = text_counts(rows[feature.name])
        listed = set(feature.categories)
        strange = {text: count for text, count in counts.items() if text not in listed}
        if strange and len(strange) == len(counts):
            raise DatasetError(
                f"{source}: column {feature.name!r} holds none of the contract's categories, "
                f"{_some(feature.categories)}; it holds {_some(strange)}"
            )
        if strange:
            unseen = sum(strange.values())
            notes.append(
                f"column {feature.name!r}: {unseen:,} values ({unseen / sum(counts.values()):.1%}) are not in the "
                f"contract ({_some(strange)})"
            )
