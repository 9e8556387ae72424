"""Turns rows or columns of a contract into the float32 matrix that every member reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, NumericFeature, Row

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
        self._codes = {
            feature.name: {category: float(code) for code, category in enumerate(feature.categories)}
            for feature in contract.features
            if isinstance(feature, CategoricalFeature)
        }

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
        columns = {name: [row.get(name) for row in rows] for name in self.contract.names}
        return self.columns(columns, len(rows))

    def columns(self, columns: Mapping[str, Sequence[Any] | NDArray[Any]], length: int) -> NDArray[np.float32]:
        """
        Encode columns of equal length, keyed by feature name.

        Returns:
            Shape (length, width), C-contiguous.
        """
        matrix = np.empty((length, self.width), dtype=np.float32)
        for index, feature in enumerate(self.contract.features):
            values = columns[feature.name]
            if isinstance(feature, NumericFeature):
                # None becomes NaN.
                matrix[:, index] = np.asarray(values, dtype=np.float64)
            else:
                codes = self._codes[feature.name]
                matrix[:, index] = [
                    MISSING_CATEGORY if value is None else codes.get(value, UNSEEN_CATEGORY) for value in values
                ]
        return matrix
