"""Turns rows or columns of a contract into the float32 matrix that every member reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, Row

MISSING_CATEGORY = -1.0
UNSEEN_CATEGORY = -2.0


class Encoder:
    """
    The one encoding, for training and serving alike.

    A numeric feature becomes its value, NaN where it is missing. A categorical one becomes the position of
    its value in the contract's categories, -1 where it is missing and -2 where the contract does not know it.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        # Of a categorical feature; None stands for a numeric one.
        self._codes = [_codes(f) if isinstance(f, CategoricalFeature) else None for f in contract.features]

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return len(self.contract.features)

    def rows(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """
        Encode valid rows; an absent key is a missing value.

        Returns:
            Shape (len(rows), width).
        """
        return self.encode([[row.get(name) for row in rows] for name in self.contract.names], len(rows))

    def columns(self, columns: Mapping[str, Sequence[Any] | NDArray[Any]], count: int) -> NDArray[np.float32]:
        """
        Encode columns of equal length, keyed by feature name.

        Returns:
            Shape (count, width), C-contiguous.
        """
        return self.encode([columns[name] for name in self.contract.names], count)

    def encode(self, columns: Sequence[Sequence[Any] | NDArray[Any]], count: int) -> NDArray[np.float32]:
        """
        Encode columns of equal length, in the contract's order.

        Returns:
            Shape (count, width), C-contiguous.
        """
        if count == 1:
            return np.array([self._vector(columns)], dtype=np.float32)
        matrix = np.empty((count, self.width), dtype=np.float32)
        for index, values in enumerate(columns):
            matrix[:, index] = self.column(index, values)
        return matrix

    def column(self, index: int, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.floating[Any]]:
        """The values of the feature at `index` as the matrix will hold them, shape (len(values),)."""
        codes = self._codes[index]
        if codes is None:
            # None becomes NaN.
            return np.asarray(values, dtype=np.float64)
        return np.fromiter(map(codes.get, values, repeat(UNSEEN_CATEGORY)), np.float32, len(values))

    def _vector(self, columns: Sequence[Sequence[Any] | NDArray[Any]]) -> list[float]:
        """One row without an array for each column, which would cost ten times as much."""
        vector = []
        for values, codes in zip(columns, self._codes, strict=True):
            value = values[0]
            if codes is not None:
                vector.append(codes.get(value, UNSEEN_CATEGORY))
            else:
                vector.append(math.nan if value is None else value)
        return vector


def _codes(feature: CategoricalFeature) -> dict[str | None, float]:
    return {None: MISSING_CATEGORY, **{category: float(code) for code, category in enumerate(feature.categories)}}
