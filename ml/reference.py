"""The reference that drift compares with, from all rows known at training, and how much its own windows differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl
from msgspec.structs import replace
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract
from core.documents import to_json_line
from core.effects import ks_distances_left_out, spread_of, total_variations_left_out
from core.ensemble import Opinions
from core.reference import (
    DISAGREEMENT,
    MAX_KNOTS,
    WINDOW_DAYS,
    CategoricalReference,
    Knots,
    NumericReference,
    Reference,
    Spread,
    Spreads,
    counted_reference,
    numeric_reference,
)
from ml.columns import by_text, text_counts
from ml.dataset import Dataset
from ml.split import Split
from ml.times import span

MAX_BYTES: Final = 64_000
Ask = Callable[[NDArray[np.float32]], Opinions]
_FEWEST_KNOTS = 125
_SURELY = 0.8
# With fewer values a window's distance is mostly chance; with fewer windows their spread is.
_WINDOW_ROWS, _WINDOWS = 200, 3
_DIGITS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class _Windows:
    """
    Windows of one length.

    Attributes:
        numbers: The complete window of each row, from 0; -1 for the rows of one that the data cut short.
        count: How many windows there are.
    """

    numbers: NDArray[np.int64]
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scores:
    """
    What the model answers.

    Attributes:
        columns: By score column, and how far the members lie apart, where there are several; shape (n,).
        fitted: So many rows, the first ones, are of the parts that the members were fitted on.
        windows: By length, of all rows.
    """

    columns: Mapping[str, NDArray[np.float64]]
    fitted: int
    windows: Mapping[str, _Windows]


def build_reference(
    parts: Split,
    ask: Ask,
    contract: Contract,
    importances: Mapping[str, float],
    *,
    window_days: Mapping[str, int] = WINDOW_DAYS,
) -> Reference:
    """
    The reference of a training.

    Wide tables get fewer knots a column, so that the whole stays within 64 kB of JSON where that is possible.

    Args:
        parts: Columns are taken from all rows, scores from those that the members were not fitted on.
        ask: The exported graphs: what they say of rows of the encoder's matrix, shape (n, features).
        contract: Of the rows.
        importances: By feature, in per cent.
        window_days: Names and lengths of the windows whose spreads are wanted.
    """
    most, scores = MAX_KNOTS, _scores(parts, ask, contract, window_days)
    windows = _windows(parts.data.times, window_days)
    while True:
        reference = _build(parts, contract, scores, importances, windows, most)
        size = len(to_json_line(reference))
        if most <= _FEWEST_KNOTS or size <= MAX_BYTES:
            return reference
        most, size = most // 2, size // 2
        # Half of the knots are about half of the bytes: what would be too large by far is not built.
        while most > _FEWEST_KNOTS and _SURELY * size > MAX_BYTES:
            most, size = most // 2, size // 2


def _build(
    parts: Split,
    contract: Contract,
    scores: _Scores,
    importances: Mapping[str, float],
    windows: Mapping[str, _Windows],
    most: int,
) -> Reference:
    data, fitted = parts.data, parts.fitted
    categorical = {feature.name for feature in contract.features if isinstance(feature, CategoricalFeature)}
    start, end = span(data.times)
    return Reference(
        numeric={
            name: _numeric(_numbers(data, name), _numbers(fitted, name), windows, most)
            for name in contract.names
            if name not in categorical
        },
        categorical={
            name: _categorical(data.rows[name], fitted.rows[name], windows)
            for name in contract.names
            if name in categorical
        },
        scores=_score_references(scores, most),
        rows=len(data),
        start=start,
        end=end,
        longest_gap_days=_longest_gap(data.times),
        importances=dict(importances),
    )


def _scores(parts: Split, ask: Ask, contract: Contract, window_days: Mapping[str, int]) -> _Scores:
    """The scores of all rows where they have times, else of those that no member was fitted on."""
    fitted = [] if parts.train.times is None else [parts.fitted]
    used = [*fitted, parts.holdout]
    opinions = [ask(part.matrix) for part in used]
    scores = np.concatenate([each.scores for each in opinions]).round(_DIGITS).astype(np.float64)
    columns = dict(zip(contract.target.score_names, scores.T, strict=True))
    # A feature of that name keeps it: drift tells columns apart by their names.
    if len(opinions[0].members) > 1 and DISAGREEMENT not in contract.names:
        columns[DISAGREEMENT] = np.concatenate([each.disagreement for each in opinions])
    return _Scores(
        columns=columns,
        fitted=sum(map(len, fitted)),
        windows=_windows(_times(used), window_days),
    )


def _score_references(scores: _Scores, most: int) -> dict[str, NumericReference]:
    """
    The scores of the rows that no member was fitted on.

    How much windows differ is taken from all rows, where they have times: a few months would hold too few weeks.
    """
    found = {}
    for name, values in scores.columns.items():
        reference = numeric_reference(values[scores.fitted :], most)
        effects = partial(_numeric_spreads, values, reference.knots(), is_score=True)
        found[name] = replace(reference, spreads=_spreads(scores.windows, np.isnan(values), effects))
    return found


def _times(parts: Sequence[Dataset]) -> pl.Series | None:
    times = [part.times for part in parts if part.times is not None]
    return pl.concat(times) if len(times) == len(parts) else None


def _numbers(data: Dataset, name: str) -> NDArray[np.float64]:
    # NaN where there is none.
    numbers: NDArray[np.float64] = data.rows[name].to_numpy().astype(np.float64, copy=False)
    return numbers


def _windows(times: pl.Series | None, window_days: Mapping[str, int]) -> dict[str, _Windows]:
    if times is None or not len(times):
        return {}
    days = times.dt.date().cast(pl.Int32).to_numpy().astype(np.int64)
    days = days - days.min()
    found = {}
    for length, in_days in window_days.items():
        count = int(days.max() + 1) // in_days
        numbers = days // in_days
        found[length] = _Windows(numbers=np.where(numbers < count, numbers, -1), count=count)
    return found


def _longest_gap(times: pl.Series | None) -> int:
    if times is None or not len(times):
        return 0
    days = np.unique(times.dt.date().cast(pl.Int32).to_numpy())
    return int(np.diff(days).max(initial=1)) - 1


def _numeric(
    values: NDArray[np.float64], trained: NDArray[np.float64], windows: Mapping[str, _Windows], most: int
) -> NumericReference:
    found, seen = numeric_reference(values, most), trained[~np.isnan(trained)]
    return replace(
        found,
        low=float(seen.min()) if len(seen) else None,
        high=float(seen.max()) if len(seen) else None,
        spreads=_spreads(windows, np.isnan(values), partial(_numeric_spreads, values, found.knots(), is_score=False)),
    )


def _categorical(values: pl.Series, trained: pl.Series, windows: Mapping[str, _Windows]) -> CategoricalReference:
    found = counted_reference(text_counts(values), values.null_count())
    return replace(
        found,
        untrained=tuple(sorted(set(found.counts) - set(text_counts(trained)))),
        spreads=_spreads(windows, values.is_null().to_numpy(), partial(_categorical_spreads, values)),
    )


def _spreads(
    windows: Mapping[str, _Windows],
    is_missing: NDArray[np.bool_],
    effects: Callable[[NDArray[np.int64], int], dict[str, Spread]],
) -> dict[str, Spreads]:
    """
    The spreads of a column for each length of window that has enough of them.

    Args:
        windows: By length.
        is_missing: Shape (n,).
        effects: Given the window of each row (-1 for none) and how many windows there are, the other spreads.
    """
    found = {}
    for length, each in windows.items():
        rows = _sums(each, np.ones(len(is_missing)))
        missing = _sums(each, is_missing)
        busy, filled = rows >= _WINDOW_ROWS, rows - missing >= _WINDOW_ROWS
        if filled.sum() >= _WINDOWS:
            # The windows that are left, numbered anew.
            renumbered = np.append(np.where(filled, np.cumsum(filled) - 1, -1), -1)
            found[length] = Spreads(
                missing=spread_of(_mean_differences(missing[busy], rows[busy])),
                **effects(renumbered[each.numbers], int(filled.sum())),
            )
    return found


def _sums(windows: _Windows, values: NDArray[Any]) -> NDArray[np.float64]:
    inside = windows.numbers >= 0
    return _weighted(windows.numbers[inside], values[inside], windows.count)


def _weighted(numbers: NDArray[np.int64], values: NDArray[Any], count: int) -> NDArray[np.float64]:
    return np.bincount(numbers, values.astype(np.float64), count).astype(np.float64)


def _mean_differences(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each window's mean beside that of all others together, as an absolute difference."""
    differences: NDArray[np.float64] = np.abs(sums / counts - (sums.sum() - sums) / (counts.sum() - counts))
    return differences


def _numeric_spreads(
    values: NDArray[np.float64], knots: Knots, numbers: NDArray[np.int64], count: int, *, is_score: bool
) -> dict[str, Spread]:
    used = (numbers >= 0) & ~np.isnan(values)
    present, window = values[used], numbers[used]
    place = np.searchsorted(knots.values, present, "left")
    is_knot = knots.values[place.clip(max=len(knots.values) - 1)] == present
    table = _table(window, 2 * place + is_knot, count, 2 * len(knots.values) + 1)
    found = {"effect": spread_of(ks_distances_left_out(table))}
    if is_score:
        sums = _weighted(window, present, count)
        found["mean"] = spread_of(_mean_differences(sums, table.sum(axis=1).astype(np.float64)))
    return found


def _categorical_spreads(values: pl.Series, numbers: NDArray[np.int64], count: int) -> dict[str, Spread]:
    # In the order of the alphabet: sums of floats depend on it, and equal rows must give equal bytes.
    ranks: dict[str | None, int] = {text: rank for rank, text in enumerate(text_counts(values))}
    codes = by_text(values, lambda texts: np.array([ranks.get(text, -1) for text in texts])).astype(np.int64)
    used = (numbers >= 0) & (codes >= 0)
    table = _table(numbers[used], codes[used], count, int(codes.max()) + 1)
    alone = np.where(table.sum(axis=0) == table, table, 0).sum(axis=1) / table.sum(axis=1)
    return {"effect": spread_of(total_variations_left_out(table)), "unseen": spread_of(alone)}


def _table(window: NDArray[np.int64], place: NDArray[np.int64], windows: int, places: int) -> NDArray[np.int64]:
    return np.bincount(window * places + place, minlength=windows * places).reshape(windows, places)
