"""What training did not see: values that are allowed, scored, and answered with a warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.schemas import exact
from core.contract import CategoricalFeature, Contract
from core.encoder import MISSING_CATEGORY
from core.reference import Reference

UNSEEN_CATEGORY = "unseen_category"
OUTSIDE_TRAINING_RANGE = "outside_training_range"


class InputWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is allowed but that training did not see."""

    field: str
    code: str
    message: str


class Novelty:
    """Finds values outside of what training saw; numbers are compared as the model sees them, in float32."""

    def __init__(self, contract: Contract, reference: Reference) -> None:
        self._features = contract.features
        self._reference = reference
        low, high = [], []
        # Categories that the contract lists and training never met, by column.
        self._unmet: list[tuple[int, frozenset[float]]] = []
        for column, feature in enumerate(contract.features):
            if isinstance(feature, CategoricalFeature):
                low.append(MISSING_CATEGORY)
                high.append(np.inf)
                seen = reference.categorical[feature.name]
                unmet = frozenset(
                    float(code) for code, category in enumerate(feature.categories) if not seen.was_trained(category)
                )
                if unmet:
                    self._unmet.append((column, unmet))
            else:
                numbers = reference.numeric[feature.name]
                # Where training saw no value nothing is out of its range.
                low.append(-np.inf if numbers.low is None else numbers.low)
                high.append(np.inf if numbers.high is None else numbers.high)
        self._low, self._high = np.array(low, dtype=np.float32), np.array(high, dtype=np.float32)
        self._lows: list[float] = self._low.tolist()
        self._highs: list[float] = self._high.tolist()

    def find(
        self, matrix: NDArray[np.float32], columns: Sequence[Sequence[Any] | NDArray[Any]]
    ) -> list[tuple[int, InputWarning]]:
        """
        The warnings of every row, in the order of rows and then of the contract.

        Args:
            matrix: Shape (n, width), from the contract's encoder.
            columns: What was encoded, in the contract's order.

        Returns:
            Pairs of row number and warning.
        """
        if len(matrix) == 1:
            return [(0, self._warning(column, columns[column][0])) for column in self._new_in(matrix[0].tolist())]
        # A missing number is NaN, which compares as False.
        is_new = (matrix < self._low) | (matrix > self._high)
        for column, unmet in self._unmet:
            is_new[:, column] |= np.isin(matrix[:, column], list(unmet))
        if not is_new.any():
            return []
        return [(int(row), self._warning(int(column), columns[column][row])) for row, column in np.argwhere(is_new)]

    def _new_in(self, row: list[float]) -> list[int]:
        """The columns of one row that hold something new, without arrays, which would cost ten times as much."""
        found = [
            column
            for column, (value, low, high) in enumerate(zip(row, self._lows, self._highs, strict=True))
            if value < low or value > high
        ]
        found += [column for column, unmet in self._unmet if row[column] in unmet]
        return sorted(found)

    def _warning(self, column: int, value: Any) -> InputWarning:
        feature = self._features[column]
        if isinstance(feature, CategoricalFeature):
            text = f"training saw no {feature.name} {value!r}"
            return InputWarning(field=feature.name, code=UNSEEN_CATEGORY, message=text)
        seen = self._reference.numeric[feature.name]
        low, high = (exact(float("nan") if bound is None else bound) for bound in (seen.low, seen.high))
        text = f"training saw {feature.name} from {low} to {high} only"
        return InputWarning(field=feature.name, code=OUTSIDE_TRAINING_RANGE, message=text)
