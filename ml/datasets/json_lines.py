"""Files of JSON lines: an object a line, whose keys are the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from core.errors import DatasetError
from ml.datasets.texts import utf8_chunks

# A list or a table in a cell, kept as its JSON spelling.
NESTED = pl.List(pl.String)
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonLines:
    """
    Files whose every line was read once.

    Attributes:
        paths: Of the files.
        names: What to call each.
        encoding: Of their text.
        schema: The columns, in the order in which they first occur, with their types.
    """

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    encoding: str
    schema: dict[str, pl.DataType]

    @property
    def columns(self) -> tuple[str, ...]:
        """The keys of all lines."""
        return tuple(self.schema)

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Tables of up to `rows` rows; a key that a line lacks is null."""
        objects = _objects(self.paths, self.names, self.encoding)
        while batch := list(islice(objects, rows)):
            yield pl.DataFrame({name: _column(name, dtype, batch) for name, dtype in self.schema.items()})


def open_json_lines(paths: Sequence[Path], names: Sequence[str], encoding: str) -> JsonLines:
    """
    Find the columns of files and their types: numbers, truth values or texts; what is mixed becomes text.

    Raises:
        DatasetError: if a line is not an object, naming the row, or none has a key.
    """
    kinds: dict[str, set[str]] = {}
    for values in _objects(paths, names, encoding):
        for name, value in values.items():
            kinds.setdefault(name, set()).add(_kind(value))
    if not kinds:
        raise DatasetError(f"{names[0]}: holds no rows")
    schema = {name: _dtype(found) for name, found in kinds.items()}
    return JsonLines(paths=tuple(paths), names=tuple(names), encoding=encoding, schema=schema)


def _objects(paths: Sequence[Path], names: Sequence[str], encoding: str) -> Iterator[dict[str, Any]]:
    for path, name in zip(paths, names, strict=True):
        filled = (line for line in _lines(path, encoding, name) if line.strip())
        for row, line in enumerate(filled, 1):
            yield _object(line, f"{name}: row {row:,}")


def _object(line: bytes, what: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
        if b"\\u" in line:
            # Half of a pair of escapes is no character, which only an encoder sees.
            _spelt(values).encode()
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{what} is not JSON ({error}); each line takes one object") from error
    if not isinstance(values, dict):
        raise DatasetError(f'{what} is no JSON object; each line takes one, such as {{"age": 30}}')
    return values


def _lines(path: Path, encoding: str, name: str) -> Iterator[bytes]:
    rest = b""
    for chunk in utf8_chunks(path, encoding, name):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    yield rest


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int):
        return "whole" if value in _INT64 else "number"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "nothing" if value is None else "nested"


def _dtype(kinds: set[str]) -> pl.DataType:
    found = kinds - {"nothing"}
    if found <= {"whole"} and found:
        return pl.Int64()
    if found <= {"whole", "number"} and found:
        return pl.Float64()
    if found == {"truth"}:
        return pl.Boolean()
    return NESTED if found == {"nested"} else pl.String()


def _column(name: str, dtype: pl.DataType, rows: list[dict[str, Any]]) -> pl.Series:
    values = [row.get(name) for row in rows]
    if dtype == pl.Float64:
        values = [None if value is None else _as_float(value) for value in values]
    elif dtype == pl.String:
        values = [value if value is None or isinstance(value, str) else _spelt(value) for value in values]
    elif dtype == NESTED:
        values = [None if value is None else [_spelt(value)] for value in values]
    return pl.Series(name, values, dtype=dtype)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _spelt(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
