"""A table in one or more files, read as a stream of batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from core.errors import DatasetError
from ml.datasets.csv_file import open_csv
from ml.datasets.form import TableForm
from ml.datasets.json_lines import open_json_lines

DELIMITED = (".csv", ".tsv", ".txt")
JSON_LINES = (".jsonl", ".ndjson")
PARQUET = ".parquet"
SUFFIXES = (*DELIMITED, PARQUET, *JSON_LINES, *(f"{suffix}.gz" for suffix in (*DELIMITED, *JSON_LINES)))


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
            raise _unreadable(self.path, error) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFiles:
    """
    A table whose files were opened and agree in their columns.

    Attributes:
        source: What to call it.
        sha256: Of the file's bytes; of several files, of their checksums.
        form: How its texts are written.
        files: In the order of their rows.
    """

    source: str
    sha256: str
    form: TableForm
    files: tuple[TableFile, ...]

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
                yield batch.select(self.columns)


def open_table(paths: Sequence[Path], form: TableForm, *, source: str) -> TableFiles:
    """
    Open the files of a table, and read them once to see that they hold one.

    Every column of a CSV file is text. What it means is the contract's to say: guessed types would turn 01234 into
    1234 and True into true. Parquet keeps its types; JSON lines have numbers, truth values and texts.

    Args:
        paths: At least one; each ends in one of `SUFFIXES`.
        form: How CSV files and JSON lines are written.
        source: What to call the table.

    Raises:
        DatasetError: if a file is missing or unreadable, or two differ in their columns.
    """
    files, checksums = [], []
    for path in paths:
        checksums.append(_sha256(path))
        files.append(_open(path, form))
    _require_same_columns(paths, files)
    sha256 = checksums[0] if len(paths) == 1 else hashlib.sha256("\n".join(checksums).encode()).hexdigest()
    return TableFiles(source=source, sha256=sha256, form=form, files=tuple(files))


def kind_of(path: Path) -> str:
    """
    The ending that says how a file is to be read, without `.gz`.

    Raises:
        DatasetError: if it is none that is known.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise DatasetError(f"{path}: takes a file that ends in {', '.join(SUFFIXES[:6])}, or .gz of a text")
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _open(path: Path, form: TableForm) -> TableFile:
    kind = kind_of(path)
    if kind in JSON_LINES:
        return open_json_lines(path, form.encoding)
    if kind in DELIMITED:
        return open_csv(path, form)
    try:
        return ParquetFile(path=path, schema=pl.Schema(pl.read_parquet_schema(path)))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DatasetError:
    return DatasetError(f"{path}: is not a readable parquet file ({(str(error).splitlines() or [''])[0]})")


def _sha256(path: Path) -> str:
    kind_of(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} does not exist; dataset.path in model.toml names it, from that file's folder"
        ) from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror})") from error


def _require_same_columns(paths: Sequence[Path], files: Sequence[TableFile]) -> None:
    for path, file in zip(paths[1:], files[1:], strict=True):
        odd = set(file.columns) ^ set(files[0].columns)
        if odd:
            name = min(odd)
            has, lacks = (path, paths[0]) if name in file.columns else (paths[0], path)
            raise DatasetError(f"{has} has a column {name!r} and {lacks} has none; the files of a table have the same")
        if isinstance(file, ParquetFile) and isinstance(files[0], ParquetFile):
            _require_same_types(paths[0], files[0], path, file)


def _require_same_types(first: Path, before: ParquetFile, path: Path, file: ParquetFile) -> None:
    for name, dtype in before.schema.items():
        if file.schema[name] != dtype:
            raise DatasetError(
                f"column {name!r} is {dtype} in {first} and {file.schema[name]} in {path}; "
                "the files of a table hold the same types"
            )
