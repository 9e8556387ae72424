"""Reads typed values out of a parsed document, collecting a fault for every place that is wrong."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from core.errors import Fault, ModelFileError

T = TypeVar("T")
N = TypeVar("N", int, float)
_ABSENT = object()
_TYPE_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


class Table:
    """
    One table of a document, read key by key.

    A wrong or missing value adds a fault and gives the default (or a neutral value of the type), so that
    one pass over a document reports everything that is wrong with it. Faults are shared by all sub-tables.
    """

    def __init__(self, values: Mapping[str, Any], place: str = "", faults: list[Fault] | None = None) -> None:
        self.values = values
        self.place = place
        self.faults: list[Fault] = [] if faults is None else faults

    def fault(self, key: str, problem: str) -> None:
        """Record that `key` of this table is wrong."""
        self.faults.append(Fault(place=self.at(key), problem=problem))

    def at(self, key: str) -> str:
        """The dotted place of a key, as a person would look for it."""
        if not self.place:
            return key
        return f"{self.place}.{key}" if key else self.place

    def reject_unknown(self, known: Iterable[str]) -> None:
        """Add a fault for every key that is not in `known`: a misspelt key must not be ignored."""
        names = sorted(known)
        for key in self.values:
            if key not in names:
                self.fault(key, f"unknown key; known here: {', '.join(names)}")

    def get(self, key: str, kind: type[T], default: Any = _ABSENT) -> T:
        """
        The value at `key`, of type `kind`; a whole number is taken where a number is wanted.

        Args:
            key: The key in this table.
            kind: One of str, bool, int, float, list, dict.
            default: What an absent key means; without one an absent key is a fault.
        """
        value = self.values.get(key, _ABSENT)
        if value is _ABSENT:
            if default is _ABSENT:
                self.fault(key, f"missing; it takes {_TYPE_NAMES[kind]}")
                return kind()
            return default  # type: ignore[no-any-return]  # the caller's default has the type the caller asks for
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = _as_float(value)
        right_type = isinstance(value, kind) and not (kind is not bool and isinstance(value, bool))
        if not right_type or (isinstance(value, float) and not math.isfinite(value)):
            self.fault(key, f"takes {_TYPE_NAMES[kind]}, found {_shown(value)}")
            return kind()
        return value  # type: ignore[no-any-return]  # isinstance above has checked it

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number from `low` to `high`, both included."""
        return self._within(key, float, default, low, high, f"a number from {low:g} to {high:g}")

    def whole_number(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return self._within(key, int, default, low, high, f"a whole number from {low} to {high}")

    def _within(self, key: str, kind: type[N], default: N, low: N, high: N, taken: str) -> N:
        before = len(self.faults)
        value = self.get(key, kind, default)
        if len(self.faults) == before and low <= value <= high:
            return value
        if len(self.faults) == before:
            self.fault(key, f"takes {taken}, found {_shown(self.values[key])}")
        return default

    def choice(self, key: str, choices: Iterable[str], default: Any = _ABSENT) -> str:
        """A text that must be one of `choices`."""
        allowed = list(choices)
        value = self.get(key, str, default)
        if value not in allowed and key in self.values and isinstance(self.values[key], str):
            self.fault(key, f"takes one of {', '.join(allowed)}, found {_shown(value)}")
            return allowed[0]
        return value if value in allowed else allowed[0]

    def texts(self, key: str, default: Any = _ABSENT) -> tuple[str, ...]:
        """A list of texts."""
        values = self.get(key, list, default)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self.fault(f"{key}[{index}]", f"takes text, found {_shown(value)}")
        return tuple(value for value in values if isinstance(value, str))

    def choices(self, key: str, choices: Iterable[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of one or more of `choices`, each once; they come in the order of `choices`."""
        allowed = list(choices)
        before = len(self.faults)
        values = self.texts(key, list(default))
        if len(self.faults) > before:
            return default
        for index, value in enumerate(values):
            if value not in allowed:
                self.fault(f"{key}[{index}]", f"takes one of {', '.join(allowed)}, found {_shown(value)}")
        if not values or len(set(values)) < len(values):
            self.fault(key, f"takes at least one of {', '.join(allowed)}, each once")
        return tuple(value for value in allowed if value in values)

    def table(self, key: str, *, optional: bool = False) -> Table:
        """A sub-table; an absent optional one reads as empty."""
        values: dict[str, Any] = self.get(key, dict, {}) if optional else self.get(key, dict)
        return Table(values, self.at(key), self.faults)

    def tables(self, key: str) -> list[Table]:
        """A list of sub-tables, each placed by its number from 0."""
        found = []
        for index, value in enumerate(self.get(key, list, [])):
            place = self.at(f"{key}[{index}]")
            if isinstance(value, dict):
                found.append(Table(value, place, self.faults))
            else:
                self.faults.append(Fault(place=place, problem=f"takes a table, found {_shown(value)}"))
        return found


def read_model_file(path: Path) -> Table:
    """
    The whole of a model.toml, not checked yet.

    Raises:
        ModelFileError: if it cannot be read or is not TOML.
    """
    try:
        # Editors of Windows may put a mark of the byte order in front.
        return Table(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise ModelFileError(str(path), [Fault(place="file", problem=f"cannot be read ({error.strerror})")]) from error
    except (ValueError, RecursionError) as error:  # beside its own, what the parser meets in numbers and in deep lists
        raise ModelFileError(str(path), [Fault(place="file", problem=f"is not TOML: {error}")]) from error


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
