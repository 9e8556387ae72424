"""Rows of a CSV or Parquet file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import SourceError
from core.reference import DISAGREEMENT
from drift.rows import Batch
from drift.sources.export import CLASS_SCORE, ID, OUTCOME, SCORE, TAG, VALUE, Export, Times
from drift.sources.folder import Folder
from drift.sources.grouping import microseconds, moment

CSV, PARQUET = ".csv", ".parquet"
_MISSING: Final = ["", "NA", "NaN", "null"]
# So many rows lie in memory as objects at once.
_ROWS: Final = 100_000
_DUPLICATED = re.compile(r"(.*)_duplicated_\d+", re.DOTALL)


class TableSource:
    """
    The rows of a table; what a check found is kept in a folder.

    Every column that is neither the time, `id`, `tag`, `score`, `score CLASS`, `value` nor `outcome` is an input. Those
    of a CSV file are texts, as only a contract knows what they mean.
    """

    drops_columns = False

    def __init__(self, export: Export) -> None:
        """
        Args:
            export: Of kind .csv or .parquet; nothing is read before there is something to do.
        """
        self.name = str(export.path)
        self.notes: tuple[str, ...] = ()
        self._export = export
        memory = Folder(export.folder)
        self.recall, self.keep = memory.recall, memory.keep

    def span(self) -> tuple[datetime, datetime] | None:
        """See `Source`."""
        at = self._times[self._is_first]
        return (moment(int(at.min())), moment(int(at.max()))) if len(at) else None

    def rows(self, since: datetime, until: datetime, *, with_outcomes: bool = False) -> Iterator[Batch]:
        """See `Source`."""
        wanted = self._is_first & (self._times >= microseconds(since)) & (self._times < microseconds(until))
        places = np.flatnonzero(wanted)
        if not len(places):
            return
        first, end = int(places[0]), int(places[-1]) + 1
        frame = self._collect(self._scan.slice(first, end - first)).filter(pl.Series(wanted[first:end]))
        for start in range(0, len(frame), _ROWS):
            part = places[start : start + _ROWS]
            yield from self._batches(frame.slice(start, _ROWS), part, with_outcomes=with_outcomes)

    def _batches(self, frame: pl.DataFrame, places: NDArray[np.int64], *, with_outcomes: bool) -> Iterator[Batch]:
        said = frame[TAG].cast(pl.String).to_list() if TAG in frame.columns else [None] * len(frame)
        tags = [self._export.tag_of(tag, f"row {place + 1}") for tag, place in zip(said, places, strict=True)]
        for tag in dict.fromkeys(tags):
            is_here = np.array([each == tag for each in tags])
            yield self._batch(tag, frame.filter(pl.Series(is_here)), places[is_here], with_outcomes=with_outcomes)

    def _batch(self, tag: str, frame: pl.DataFrame, places: NDArray[np.int64], *, with_outcomes: bool) -> Batch:
        columns = {name: frame[name].to_list() for name in frame.columns if name not in self._aside}
        answers: dict[str, Any] = {name: columns.pop(name) for name in (SCORE, VALUE) if name in columns}
        labels = [name for name in columns if name.startswith(CLASS_SCORE)]
        if labels:
            answers["scores"] = {name.removeprefix(CLASS_SCORE): columns.pop(name) for name in labels}
        if DISAGREEMENT in columns:
            # It stays an input too, as a feature may be called so.
            answers[DISAGREEMENT] = columns[DISAGREEMENT]
        return Batch(
            tag=tag,
            at=self._times[places],
            inputs=columns,
            answers=answers,
            outcomes=_outcomes(frame) if with_outcomes else None,
            are_texts=self._export.kind == CSV,
        )

    @property
    def _aside(self) -> set[str]:
        return {self._export.time_column, ID, TAG, OUTCOME}

    @cached_property
    def _scan(self) -> pl.LazyFrame:
        export = self._export
        export.require()
        if export.kind == PARQUET:
            found = pl.scan_parquet(export.path, glob=False)
        else:
            found = pl.scan_csv(export.path, infer_schema=False, null_values=_MISSING, glob=False)
        with self._translated():
            self._check(found.collect_schema().names())
        return found

    def _check(self, names: list[str]) -> None:
        for name in names:
            match = _DUPLICATED.fullmatch(name)
            if match and match[1] in names:
                raise SourceError(f"{self.name} has more than one column {match[1]!r}; rename all but one")
        if self._export.time_column not in names:
            shown = ", ".join(map(repr, names[:20]))
            raise SourceError(
                f"{self.name} has no column {self._export.time_column!r}; name the one that says when a row was "
                f"answered, of {shown}"
            )

    def _collect(self, lazy: pl.LazyFrame) -> pl.DataFrame:
        with self._translated():
            return lazy.collect()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what polars and the system say of the file in one sentence."""
        with self._export.translated():
            try:
                yield
            except pl.exceptions.NoDataError as error:
                raise SourceError(f"{self.name} is empty; export the rows again") from error
            except pl.exceptions.PolarsError as error:
                problem = (str(error).splitlines() or [type(error).__name__])[0]
                kind = self._export.kind.removeprefix(".")
                raise SourceError(f"{self.name} is not a readable {kind} file ({problem})") from error

    def _column(self, name: str) -> pl.Series:
        return self._collect(self._scan.select(name))[name]

    @cached_property
    def _times(self) -> NDArray[np.int64]:
        """When each row of the file was answered, in microseconds since 1970, UTC."""
        name = self._export.time_column
        what = f"{self.name}: time column {name!r}"
        times = self._column(name)
        clock = Times(what)
        if times.dtype == pl.String:
            read = [clock.read(text, f"row {row}") for row, text in enumerate(times.to_list(), start=1)]
            return np.array(read, dtype=np.int64)
        if times.dtype != pl.Date and not isinstance(times.dtype, pl.Datetime):
            raise SourceError(f"{what} holds {times.dtype}, it takes dates or times")
        if times.null_count():
            clock.read(None, f"row {int(times.is_null().arg_true()[0]) + 1}")
        at = times.cast(pl.Datetime("us", getattr(times.dtype, "time_zone", None))).dt.epoch("us")
        for place in (at.arg_min(), at.arg_max()):
            if place is not None:
                clock.checked(int(at[place]), f"{at[place]} microseconds since 1970", f"row {place + 1}")
        return at.to_numpy()

    @cached_property
    def _is_first(self) -> NDArray[np.bool_]:
        """Whether each row is the first with its id."""
        has_ids = ID in self._scan.collect_schema().names()
        is_first = np.ones(len(self._times), dtype=bool)
        if has_ids:
            ids = self._column(ID)
            is_first = (ids.is_first_distinct() | ids.is_null()).to_numpy()
        self.notes = self._export.notes(duplicates=int((~is_first).sum()), has_ids=has_ids)
        return is_first


def _outcomes(frame: pl.DataFrame) -> list[str | float | None]:
    if OUTCOME not in frame.columns:
        return [None] * len(frame)
    column = frame[OUTCOME]
    return (column if column.dtype.is_numeric() else column.cast(pl.String)).to_list()
