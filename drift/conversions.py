"""Values of one column, as they were written down, as numbers or as codes of texts; what is neither is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from types import NoneType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# What the service's JOURNAL_REDACT writes in place of a value; a missing one stays missing.
REDACTED: Final = "*"
_NUMBERS, _TEXTS = frozenset({float, int, NoneType}), frozenset({str, NoneType})


class Numbers:
    """
    A numeric column, put together from parts.

    Attributes:
        wrong: How many values were no finite number.
        is_absent: Whether no part had it.
        is_partial: Whether some rows did not have it.
    """

    def __init__(self, *, takes_missing: bool = True) -> None:
        """
        Args:
            takes_missing: Whether a value may be missing where others are given; else that is wrong.
        """
        self.wrong, self.is_absent, self.is_partial = 0, True, False
        self._takes_missing = takes_missing
        self._parts: list[NDArray[np.float64]] = []

    def add(self, values: Sequence[Any] | None, rows: int, *, are_texts: bool = False) -> None:
        """
        Add some rows.

        Args:
            values: One a row; None where the rows do not have the column.
            rows: How many.
            are_texts: Whether numbers are written as texts.
        """
        if values is None:
            self._parts.append(np.full(rows, np.nan))
            self.is_partial = self.is_partial or rows > 0
            return
        self.is_absent = False
        part, wrong = _parsed(values) if are_texts else _numbers(values)
        if not self._takes_missing:
            part[np.isinf(part)] = np.nan
            wrong = int(np.isnan(part).sum())
        self.wrong += wrong
        self._parts.append(part)

    def finish(self, *, may_begin: bool = False) -> tuple[NDArray[np.float64], bool]:
        """
        The column, NaN where it is missing or wrong; and whether it was redacted.

        Of a redacted column only is known whether a value is missing: it is NaN then, and 0 otherwise.

        Args:
            may_begin: Whether one that was redacted in part is redacted, and not wrong in that part.
        """
        found = np.concatenate([np.empty(0), *self._parts])
        stars = np.isinf(found)
        is_redacted = bool(stars.any()) and (may_begin or not (self.wrong or np.isfinite(found).any()))
        if is_redacted:
            found[~np.isnan(found)] = 0.0
        else:
            self.wrong += int(stars.sum())
            found[stars] = np.nan
        return found, is_redacted


class Texts:
    """
    A column of texts, put together from parts.

    Attributes:
        wrong: How many values were no texts.
        is_absent: Whether no part had it.
        is_partial: Whether some rows did not have it.
    """

    def __init__(self) -> None:
        self.wrong, self.is_absent, self.is_partial = 0, True, False
        self._places = _Places()
        self._parts: list[NDArray[np.int32]] = []

    def add(self, values: Sequence[Any] | None, rows: int) -> None:
        """Add some rows, as `Numbers.add` does."""
        if values is None:
            self._parts.append(np.full(rows, -1, dtype=np.int32))
            self.is_partial = self.is_partial or rows > 0
            return
        self.is_absent = False
        texts = values
        if not set(map(type, values)) <= _TEXTS:
            texts = [value if isinstance(value, str) else None for value in values]
            self.wrong += sum(not isinstance(value, str) and not _is_missing(value) for value in values)
        self._parts.append(np.fromiter(map(self._places.__getitem__, texts), np.int32, rows))

    def finish(self, *, may_begin: bool = False) -> tuple[NDArray[np.int32], tuple[str, ...], bool]:
        """
        Codes (-1 where missing or wrong), the texts that they stand for, and whether the column was redacted.

        Args:
            may_begin: See `Numbers.finish`.
        """
        categories = tuple(text for text in self._places if text is not None)
        codes = np.concatenate([np.empty(0, dtype=np.int32), *self._parts])
        if may_begin and REDACTED in categories:
            return np.minimum(codes, 0), (REDACTED,), True
        return codes, categories, categories == (REDACTED,) and not self.wrong


class _Places(dict[str | None, int]):
    """The place of each text, given out as they come; that of what is missing is -1."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, text: str | None) -> int:
        place = self[text] = len(self) - 1
        return place


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def _numbers(values: Sequence[Any]) -> tuple[NDArray[np.float64], int]:
    """Numbers, NaN where there is none and infinity where it is redacted; and how many were wrong."""
    # NumPy would take True for 1 and "12" for 12, so it gets a list only where the types leave no doubt.
    if set(map(type, values)) <= _NUMBERS:
        with suppress(OverflowError):
            return _without_infinities(np.array(values, dtype=np.float64))
    return _one_by_one([_number(value) for value in values])


def _parsed(values: Sequence[Any]) -> tuple[NDArray[np.float64], int]:
    """The same of texts."""
    # Python reads 1_000 as a number.
    if "_" not in "".join(filter(None, values)):
        with suppress(ValueError):
            return _without_infinities(np.array([math.nan if text is None else float(text) for text in values]))
    return _one_by_one([_number_of_text(text) for text in values])


def _without_infinities(found: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    infinite = np.isinf(found)
    found[infinite] = np.nan
    return found, int(infinite.sum())


def _one_by_one(found: list[float | None]) -> tuple[NDArray[np.float64], int]:
    return np.array(found, dtype=np.float64), found.count(None)


def _number(value: Any) -> float | None:
    """A number, NaN for none, infinity where it is redacted; None for anything else."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        return math.inf if value == REDACTED else None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    with suppress(OverflowError):
        number = float(value)
        return None if math.isinf(number) else number
    return None


def _number_of_text(text: str | None) -> float | None:
    if text is None or text == REDACTED or "_" in text:
        return _number(text)
    with suppress(ValueError):
        return _number(float(text))
    return None
