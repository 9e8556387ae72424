"""One file of delimited text: its rows are counted cell by cell before any of them is believed."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import DatasetError
from ml.datasets.form import TableForm
from ml.datasets.texts import as_utf8, utf8_chunks

# A line longer than this is taken for a quote that never closes.
MAX_LINE_BYTES = 1 << 24
# What the first column is called if the head has no name for it, as R and pandas write the names of rows.
UNNAMED = "(unnamed)"
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_OTHER_DELIMITERS = ",;\t|"


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvFile:
    """
    A file whose lines were looked at and found whole.

    Attributes:
        path: Of the file.
        name: What to call it.
        form: How it is written.
        columns: The names in its head; `UNNAMED` for the first if it has none.
        width: Cells of a line, the nameless and empty ones at its end among them.
        skipped: Lines up to the head, with it.
    """

    path: Path
    name: str
    form: TableForm
    columns: tuple[str, ...]
    width: int
    skipped: int

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Tables of up to `rows` rows, all text without spaces around it; lines without any value are left out."""
        nameless = [f"slipway nameless {place}" for place in range(len(self.columns), self.width)]
        schema = dict.fromkeys([*self.columns, *nameless], pl.String)
        with as_utf8(self.path, self.form.encoding, self.name) as path:
            table = pl.scan_csv(
                path,
                schema=schema,
                separator=self.form.delimiter,
                has_header=False,
                skip_rows=self.skipped,
                # The cells of every line have been counted.
                missing_columns="insert",
                extra_columns="ignore",
                truncate_ragged_lines=True,
                glob=False,
            )
            try:
                for batch in table.collect_batches(chunk_size=rows, maintain_order=True):
                    self._require_empty(batch.select(nameless))
                    cells = batch.drop(nameless).select(pl.all().str.strip_chars())
                    yield cells.filter(~pl.all_horizontal(pl.all().is_null()))
            except pl.exceptions.PolarsError as error:
                raise DatasetError(
                    f"{self.name}: is not a readable CSV file; a cell that begins with a double quote ends with one, "
                    "and a quote inside is written twice"
                ) from error

    def _require_empty(self, nameless: pl.DataFrame) -> None:
        for place, column in enumerate(nameless, len(self.columns) + 1):
            if column.null_count() < len(column):
                raise DatasetError(f"{self.name}: column {place} holds values but has no name in the head")


def open_csv(path: Path, name: str, form: TableForm) -> CsvFile:
    """
    Look at every line of a file.

    Raises:
        DatasetError: if its text or its lines are not what `form` says, naming the row, counted from 1 after the head.
    """
    lines = _whole_lines(name, utf8_chunks(path, form.encoding, name))
    first = next(lines, b"")
    head, body, skipped = _head(first)
    names, *more = [*csv.reader(io.StringIO(head.decode(), newline=""), delimiter=form.delimiter)] or [[]]
    if more:
        raise DatasetError(f"{name}: its lines end in a carriage return alone; save it with usual line ends")
    columns = _columns(name, names, form.delimiter)
    rows = 0
    for block in _chained(body, lines):
        if block.startswith(head) or b"\n" + head in block:
            _reject_second_head(name, block, head, rows)
        rows += _count_rows(name, block, form.delimiter, len(names), rows)
    if not rows:
        raise DatasetError(f"{name}: holds no rows, only the head")
    return CsvFile(path=path, name=name, form=form, columns=columns, width=len(names), skipped=skipped)


def _head(block: bytes) -> tuple[bytes, bytes, int]:
    """The first line that is not blank, without its end; what follows; and the lines up to there."""
    rest = block.lstrip(b"\r\n")
    ends, _ = _marks(rest, 0)
    end = int(ends[0]) if len(ends) else len(rest)
    return rest[:end].rstrip(b"\r"), rest[end + 1 :], block[: len(block) - len(rest)].count(b"\n") + 1


def _chained(body: bytes, lines: Iterator[bytes]) -> Iterator[bytes]:
    if body:
        yield body
    yield from lines


def _columns(name: str, names: list[str], delimiter: str) -> tuple[str, ...]:
    columns = [each.strip() for each in names]
    if not any(columns):
        raise DatasetError(f"{name}: holds no rows, nor a head with names of columns")
    while not columns[-1]:
        columns.pop()
    columns[0] = columns[0] or UNNAMED
    if "" in columns:
        place = columns.index("") + 1
        raise DatasetError(f"{name}: column {place} has no name; write one in the first line, or remove the column")
    twice = next((each for each, count in Counter(columns).items() if count > 1), None)
    if twice is not None:
        raise DatasetError(f"{name}: has more than one column {twice!r}; rename all but one")
    if len(names) == 1 and any(mark in names[0] for mark in _OTHER_DELIMITERS if mark != delimiter):
        taken = "commas" if delimiter == "," else repr(delimiter)
        raise DatasetError(
            f"{name}: has one column, {names[0]!r}; columns are separated by {taken} (dataset.delimiter in model.toml)"
        )
    return tuple(columns)


def _count_rows(name: str, block: bytes, delimiter: str, width: int, before: int) -> int:
    """Check whole lines to have `width` cells each, and count those that are not blank."""
    ends, delimiters = _marks(block, ord(delimiter))
    starts = np.concatenate([[0], ends[:-1] + 1])
    content = np.frombuffer(block, dtype=np.uint8)
    cells = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
    stops = ends - ((ends > 0) & (content[ends - 1] == _RETURN))
    blank = stops <= starts
    # A delimiter at the end of a line is no cell of its own.
    cells -= (cells == width + 1) & ~blank & (content[np.maximum(stops - 1, 0)] == ord(delimiter))
    wrong = np.flatnonzero((cells != width) & ~blank)
    if len(wrong):
        row = before + int(np.count_nonzero(~blank[: wrong[0] + 1]))
        raise DatasetError(
            f"{name}: row {row:,} has {cells[wrong[0]]} cells, the head has {width}; a cell that holds "
            f"{delimiter!r} or a line end takes double quotes around it"
        )
    return int(np.count_nonzero(~blank))


def _marks(block: bytes, delimiter: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where lines end, and where delimiters lie, outside of quotes."""
    content = np.frombuffer(block, dtype=np.uint8)
    ends, delimiters = content == _NEWLINE, content == delimiter
    if b'"' in block:
        outside = ~np.logical_xor.accumulate(content == _QUOTE)
        ends, delimiters = ends & outside, delimiters & outside
    return np.flatnonzero(ends), np.flatnonzero(delimiters)


def _whole_lines(name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut where a line ends outside of quotes; the last line gets an end if it has none."""
    rest, rows = b"", 0
    for chunk in chunks:
        block = rest + chunk
        ends, _ = _marks(block, 0)
        cut = int(ends[-1]) + 1 if len(ends) else 0
        rows, rest = rows + len(ends), block[cut:]
        if len(rest) > MAX_LINE_BYTES:
            raise _open_quote(name, rows)
        if cut:
            yield block[:cut]
    if rest.count(b'"') % 2:
        raise _open_quote(name, rows)
    if rest:
        yield rest + b"\n"


def _open_quote(name: str, rows: int) -> DatasetError:
    where = f"row {rows:,}" if rows else "the head"
    return DatasetError(f"{name}: a double quote in {where} is never closed; a quote inside a text is written twice")


def _reject_second_head(name: str, block: bytes, head: bytes, before: int) -> None:
    lines = block.replace(b"\r\n", b"\n").split(b"\n")
    for row, line in enumerate((line for line in lines if line), before + 1):
        if line == head:
            raise DatasetError(f"{name}: row {row:,} repeats the head; remove that line")
