"""Rows as they were written down, as the typed columns of a contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from drift.rows import Batch


@dataclass(frozen=True, kw_only=True, slots=True)
class Coded:
    """
    A column of texts.

    Attributes:
        codes: The place of each row's text in `categories`, -1 where it is missing; int32, shape (n,).
        categories: Each text once.
    """

    codes: NDArray[np.int32]
    categories: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """
    Rows of one tag, by the contract of that tag.

    Attributes:
        at: When each row was answered, in microseconds since 1970, UTC; int64, shape (n,).
        numeric: By numeric feature; float64, shape (n,); NaN where missing or no finite number.
        categorical: By categorical feature.
        scores: By score column: `score`, or `score CLASS` for each class, or `value`; float64, shape (n,).
        absent: Features that no row has.
        redacted: Features of which only is known whether they were missing; they are in `numeric` or `categorical` too.
        wrong: By feature, how many values were of another type or no finite number; they are missing in the column.
        outcomes: What turned out to be true; None where that is not known; empty where it was not asked for.
    """

    at: NDArray[np.int64]
    numeric: Mapping[str, NDArray[np.float64]]
    categorical: Mapping[str, Coded]
    scores: Mapping[str, NDArray[np.float64]]
    absent: frozenset[str] = frozenset()
    redacted: frozenset[str] = frozenset()
    wrong: Mapping[str, int]
    outcomes: tuple[str | float | None, ...] = ()

    def __len__(self) -> int:
        return len(self.at)


def columns_of(batches: Iterable[Batch], contract: Contract) -> Columns:
    """
    The rows of some batches of one tag, in the order in which they come.

    Nothing raises: what is not of its column's type counts as wrong.
    """
    raise NotImplementedError
