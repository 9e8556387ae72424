"""The table that model.toml names, up to the day that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from core.errors import DatasetError
from ml.dataset import RawData
from ml.datasets.form import ISO, TableForm
from ml.datasets.sources import Files
from ml.datasets.table import TableFiles, open_table
from ml.times import as_times

_BATCH_ROWS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierRows:
    """
    The rows of a table before a day.

    Attributes:
        table: The whole.
        time_column: One of its columns.
        day: Begins at midnight, in the zone of the times if they have one.
    """

    table: TableFiles
    time_column: str
    day: date

    @property
    def source(self) -> str:
        """What to call it."""
        return self.table.source

    @property
    def sha256(self) -> str:
        """Of the whole table."""
        return self.table.sha256

    @property
    def form(self) -> TableForm:
        """How its texts are written."""
        return self.table.form

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where its files are."""
        return self.table.paths

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in order."""
        return self.table.columns

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """
        The table in parts of at most so many rows, in order.

        Raises:
            DatasetError: if a time cannot be read, or no row is early enough.
        """
        midnight = pl.lit(datetime(self.day.year, self.day.month, self.day.day))  # noqa: DTZ001  # see `day`
        row, found = 1, False
        for batch in self.table.batches(rows):
            times = as_times(batch[self.time_column], self.source, self.form.time_format, row)
            kept = batch.filter(times < midnight.dt.replace_time_zone(getattr(times.dtype, "time_zone", None)))
            row, found = row + len(batch), found or not kept.is_empty()
            yield kept
        if not found:
            raise DatasetError(f"{self.source}: holds no rows before {self.day}")


def open_files(
    files: Files, form: TableForm, *, time_column: str | None, as_of: date | None
) -> TableFiles | EarlierRows:
    """
    Open a table to be read in batches.

    Args:
        files: Of one kind and with the same columns, in any order.
        form: How their texts are written.
        time_column: Needed to honour `as_of`.
        as_of: Keep the rows before this day.

    Raises:
        DatasetError: if a file is missing, unreadable or of other columns, or `as_of` is asked of data without a time
            column.
    """
    table = open_table(files.paths, form, source=files.label, names=files.names)
    if as_of is None:
        return table
    if time_column is None or time_column not in table.columns:
        raise DatasetError(f"{table.source}: --as-of needs dataset.time_column in model.toml, to know what came before")
    return EarlierRows(table=table, time_column=time_column, day=as_of)


def load(files: Files, form: TableForm = ISO, *, time_column: str | None, as_of: date | None) -> RawData:
    """
    Read a table whole; see `open_files`.

    Raises:
        DatasetError: as there, or if it holds no rows.
    """
    table = open_files(files, form, time_column=time_column, as_of=as_of)
    batches = list(table.batches(_BATCH_ROWS))
    if not batches:
        raise DatasetError(f"{table.source}: holds no rows")
    return RawData(frame=pl.concat(batches), sha256=table.sha256, source=table.source, form=form, paths=files.paths)
