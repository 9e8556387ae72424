"""A table in one or more files, read as a stream of batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from core.errors import DatasetError
from ml.datasets.csv_file import open_csv
from ml.datasets.form import TableForm
from ml.datasets.json_lines import open_json_lines
from ml.datasets.sources import ENDINGS, JSON_LINES, PARQUET, digest, file_digest, kind_of

_TEXTS = (pl.String, pl.Categorical, pl.Enum)


class TableFile(Protocol):
    """One file of a table."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in the order of the file."""

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Tables of up to `rows` rows each, in the order of the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParquetFile:
    """A Parquet file with the types it carries."""

    path: Path
    name: str
    schema: pl.Schema

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in the order of the file."""
        return tuple(self.schema.names())

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Tables of up to `rows` rows each, in the order of the file."""
        try:
            yield from pl.scan_parquet(self.path, glob=False).collect_batches(chunk_size=rows, maintain_order=True)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(self.name, error) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFiles:
    """
    A table whose files were opened and agree in their columns.

    Attributes:
        source: What to call it.
        sha256: As `ml.datasets.sources.digest` makes it.
        form: How its texts are written.
        files: In the order of their rows.
        paths: Where they are.
        casts: Types of columns that differ between files.
    """

    source: str
    sha256: str
    form: TableForm
    files: tuple[TableFile, ...]
    paths: tuple[Path, ...]
    casts: Mapping[str, pl.DataType]

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in the order of the first file."""
        return self.files[0].columns

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """
        All rows in their order, in tables of up to `rows` rows, without holding more than a few of them at once.

        Raises:
            DatasetError: if a file cannot be read to its end.
        """
        for file in self.files:
            for batch in file.batches(rows):
                # By name: an expression would take * or ^a.*$ for a pattern.
                yield batch[list(self.columns)].with_columns(
                    batch[name].cast(dtype) for name, dtype in self.casts.items()
                )


def open_table(paths: Sequence[Path], form: TableForm, *, source: str, names: Sequence[str] = ()) -> TableFiles:
    """
    Open the files of a table, and read texts once to see that they hold one.

    Every column of a CSV file is text. What it means is the contract's to say: guessed types would turn 01234 into
    1234 and True into true. Parquet keeps its types; JSON lines have numbers, truth values and texts.

    Args:
        paths: At least one, all of one kind; each ends in one of `ml.datasets.sources.SUFFIXES`.
        form: How CSV files and JSON lines are written.
        source: What to call the table.
        names: What to call each file; its path if nothing is said.

    Raises:
        DatasetError: if a file is missing or unreadable, or two differ in their columns.
    """
    names = tuple(names) or tuple(map(str, paths))
    digests = [_digest(path, name) for path, name in zip(paths, names, strict=True)]
    files = _open(paths, names, form)
    return TableFiles(
        source=source,
        sha256=digest(names, digests),
        form=form,
        files=tuple(files),
        paths=tuple(paths),
        casts=_common_types(files, names),
    )


def _open(paths: Sequence[Path], names: Sequence[str], form: TableForm) -> Sequence[TableFile]:
    kinds = {_kind(name, path) for name, path in zip(names, paths, strict=True)}
    if len(kinds) > 1:
        raise DatasetError(f"{names[0]} and the files beside it are of different kinds, {', '.join(sorted(kinds))}")
    if kinds <= {*JSON_LINES}:
        return [open_json_lines(paths, names, form.encoding)]
    opened: list[TableFile] = []
    for path, name in zip(paths, names, strict=True):
        opened.append(_open_parquet(path, name) if kinds == {PARQUET} else open_csv(path, name, form))
        _require_same_columns(names[0], opened[0], name, opened[-1])
    return opened


def _kind(name: str, path: Path) -> str:
    """The ending that says how a file is to be read, without `.gz`."""
    suffix = kind_of(path.name)
    if suffix is None:
        raise DatasetError(f"{name}: takes a file that ends in {ENDINGS}")
    return suffix.removesuffix(".gz")


def _open_parquet(path: Path, name: str) -> ParquetFile:
    try:
        return ParquetFile(path=path, name=name, schema=pl.Schema(pl.read_parquet_schema(path)))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> DatasetError:
    return DatasetError(f"{name}: is not a readable parquet file ({(str(error).splitlines() or [''])[0]})")


def _digest(path: Path, name: str) -> str:
    _kind(name, path)
    try:
        return file_digest(path)
    except FileNotFoundError as error:
        raise DatasetError(
            f"{name} does not exist; dataset.path in model.toml names it, from that file's folder"
        ) from error
    except OSError as error:
        raise DatasetError(f"{name} cannot be read ({error.strerror})") from error


def _require_same_columns(first: str, before: TableFile, name: str, file: TableFile) -> None:
    differing = sorted(set(file.columns) ^ set(before.columns))
    if differing:
        raise DatasetError(
            f"{name}: has other columns than {first}: only one of them has {', '.join(map(repr, differing))}"
        )


def _common_types(files: Sequence[TableFile], names: Sequence[str]) -> dict[str, pl.DataType]:
    """What columns become whose types differ between Parquet files: numbers of any sort are numbers, texts texts."""
    schemas = [file.schema for file in files if isinstance(file, ParquetFile)]
    casts: dict[str, pl.DataType] = {}
    for column in schemas[0] if schemas else ():
        found = {schema[column] for schema in schemas} - {pl.Null()}
        if len(found) > 1 and all(dtype in _TEXTS for dtype in found):
            found = {pl.String()}
        if len(found) > 1 and not all(dtype.is_numeric() for dtype in found):
            types = " and ".join(sorted(map(str, found)))
            raise DatasetError(f"{names[0]} and the files beside it hold {types} in column {column!r}; write one type")
        if len({schema[column] for schema in schemas}) > 1:
            casts[column] = found.pop() if len(found) == 1 else pl.Float64()
    return casts
