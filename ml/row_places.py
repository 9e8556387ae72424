"""A random order of rows that follows from what they hold, and so stays as it is when others are added."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.columns import BATCH_ROWS
from ml.dataset import Dataset


def places(data: Dataset, names: Sequence[str], came: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """
    Where each row stands in a random order that follows from what it holds.

    A row keeps its place wherever it lies in the data and whatever rows are added, so it keeps its part, and it can be
    told later which rows a model was not fitted on.

    Args:
        data: The whole data set: the first of several equal rows has another place than the second.
        names: Features that tell rows apart, beside the outcome.
        came: The place that each row came at, if they are in another order now; shape (n,).

    Returns:
        Hashes as numbers in [0, 1), shape (n,).
    """
    hashes = _hashes(data, names, np.arange(len(data)), repeat(0))
    copies = _copies(hashes, np.arange(len(data)) if came is None else came)
    again = np.flatnonzero(copies)
    hashes[again] = _hashes(data, names, again, copies[again].tolist())
    found: NDArray[np.float64] = (hashes >> np.uint64(11)) / 2**53
    return found


def _hashes(data: Dataset, names: Sequence[str], rows: NDArray[np.int64], copies: Iterable[int]) -> NDArray[np.uint64]:
    """The 64-bit hashes of some rows and of how many equal ones came before, a few rows as texts at a time."""
    found, copy = np.empty(len(rows), dtype=np.uint64), iter(copies)
    for start in range(0, len(rows), BATCH_ROWS):
        part = rows[start : start + BATCH_ROWS]
        columns = [_exact_text(data.rows[name].gather(part)) for name in sorted(names)]
        columns.append(_exact_text(pl.Series("", data.target[part])))
        texts = pl.select(pl.concat_str(columns, separator="\x1f")).to_series()
        digests = b"".join(
            hashlib.blake2b(f"{number} {text}".encode(), digest_size=8).digest()
            for number, text in zip(copy, texts, strict=False)
        )
        found[start : start + len(part)] = np.frombuffer(digests, dtype=">u8")
    return found


def _copies(hashes: NDArray[np.uint64], came: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many rows of the same hash came before each; shape (n,)."""
    order = np.lexsort((came, hashes))
    ordered = hashes[order]
    is_first = np.r_[True, ordered[1:] != ordered[:-1]]
    number = np.arange(len(order))
    copies = np.empty(len(order), dtype=np.int64)
    copies[order] = number - np.maximum.accumulate(np.where(is_first, number, 0))
    return copies


def _exact_text(column: pl.Series) -> pl.Series:
    """A column as texts that differ when the values do; numbers by their bits, which no library formats in its way."""
    if column.dtype == pl.Float64:
        bits = pl.Series(column.name, (column.fill_null(float("nan")).to_numpy() + 0.0).view(np.int64))
        return bits.cast(pl.String)
    return column.cast(pl.String).fill_null("\0")
