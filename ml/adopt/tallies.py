"""What a stream of values is made of, counted in bounded memory."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

# Values that are still counted once there are too many to count all.
KEPT = 20_000
# Smallest hashes that are kept; the estimate's standard error is 1 / sqrt(this - 2), 0.8 %.
SKETCH = 16_384
_SPACE = 2.0**64


class Tally:
    """
    Different values and how often each occurs: exact up to `limit` of them, then an estimate and the frequent ones.

    Beyond the limit the `KEPT` most frequent values so far are counted on; a value that comes and goes among them loses
    what was counted before, which the frequent ones do not.

    Source:
        Bar-Yossef et al., "Counting Distinct Elements in a Data Stream" (2002), for the estimate from the smallest
        hashes; Manku and Motwani, "Approximate Frequency Counts over Data Streams" (2002).
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: pl.DataFrame | None = None
        self._smallest: NDArray[np.uint64] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every value is still counted."""
        return self._smallest is None

    @property
    def distinct(self) -> int:
        """How many different values there are, or about how many."""
        if self._smallest is None:
            return 0 if self._counts is None else self._counts.height
        return round((len(self._smallest) - 1) / (float(self._smallest[-1]) / _SPACE))

    def add(self, counts: pl.DataFrame) -> None:
        """
        Take in the values of a batch.

        Args:
            counts: `value`, each once, and `count`.
        """
        if self._smallest is not None:
            self._smallest = _least(self._smallest, counts["value"])
        if self._counts is not None:
            counts = pl.concat([self._counts, counts]).group_by("value").agg(pl.col("count").sum())
        if self._smallest is None and counts.height > self._limit:
            self._smallest = _least(np.empty(0, dtype=np.uint64), counts["value"])
        if self._smallest is not None and counts.height > KEPT:
            counts = _most_frequent(counts, KEPT)
        self._counts = counts

    def top(self, limit: int) -> list[tuple[object, int]]:
        """The most frequent values, most frequent first, equal ones in their order."""
        return [] if self._counts is None else list(_most_frequent(self._counts, limit).iter_rows())


def _most_frequent(counts: pl.DataFrame, limit: int) -> pl.DataFrame:
    return counts.sort(["count", "value"], descending=[True, False]).head(limit)


def _least(before: NDArray[np.uint64], values: pl.Series) -> NDArray[np.uint64]:
    hashes = values.hash().to_numpy()
    if len(before) == SKETCH:
        hashes = hashes[hashes < before[-1]]
    return np.unique(np.concatenate([before, hashes]))[:SKETCH]


class RowSample:
    """
    Up to `limit` rows of a stream, each with the same chance, and the same ones each time.

    A row's place is drawn from its number, so that no period of the data, such as a day, meets one of the sample.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen = 0
        self._frames: list[pl.DataFrame] = []
        self._draws: list[NDArray[np.uint64]] = []
        self._below = np.uint64(2**64 - 1)

    def add(self, batch: pl.DataFrame) -> None:
        """Take in the next rows."""
        draws = _drawn(np.arange(self._seen, self._seen + batch.height, dtype=np.uint64))
        self._seen += batch.height
        taken = np.flatnonzero(draws <= self._below)
        self._frames.append(batch[taken])
        self._draws.append(draws[taken])
        if sum(map(len, self._draws)) > 2 * self._limit:
            self._prune()

    def frame(self) -> pl.DataFrame:
        """The rows, in their order."""
        self._prune()
        return self._frames[0]

    def _prune(self) -> None:
        draws, rows = np.concatenate(self._draws), pl.concat(self._frames)
        if len(draws) > self._limit:
            self._below = np.partition(draws, self._limit - 1)[self._limit - 1]
            taken = np.flatnonzero(draws <= self._below)
            draws, rows = draws[taken], rows[taken]
        self._draws, self._frames = [draws], [rows]


def _drawn(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """
    A well mixed 64-bit number for each.

    Source:
        Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014), the finalizer of SplitMix64.
    """
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
