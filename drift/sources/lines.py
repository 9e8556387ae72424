"""Rows of a file with one JSON object a line, such as an answer of `GET /v1/journal` that was saved."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import msgspec

from core.errors import SourceError
from core.reference import DISAGREEMENT
from drift.rows import Batch
from drift.sources.export import CLASS_SCORE, ID, OUTCOME, SCORE, TAG, VALUE, Export, Times
from drift.sources.folder import Folder
from drift.sources.grouping import ANSWER_FIELDS, Row, batches_of, microseconds, moment

KINDS: Final = (".jsonl", ".ndjson")
_INPUTS: Final = "inputs"
# In microseconds.
_DAY: Final = 86_400_000_000


class LinesSource:
    """
    The rows of a file of lines; what a check found is kept in a folder.

    A line has its inputs under `inputs`, as the journal writes them; or every field of it is an input that is none of
    those which a table has beside its inputs.
    """

    drops_columns = False

    def __init__(self, export: Export) -> None:
        """
        Args:
            export: Of kind .jsonl or .ndjson; nothing is read before there is something to do.
        """
        self.name = str(export.path)
        self.notes: tuple[str, ...] = ()
        self._export = export
        memory = Folder(export.folder)
        self.recall, self.keep = memory.recall, memory.keep

    def span(self) -> tuple[datetime, datetime] | None:
        """See `Source`."""
        days = self._days
        if not days:
            return None
        return moment(min(days[min(days)])[0]), moment(max(days[max(days)])[0])

    def rows(self, since: datetime, until: datetime, *, with_outcomes: bool = False) -> Iterator[Batch]:
        """See `Source`."""
        first, end = microseconds(since), microseconds(until)
        days = (self._days[day] for day in sorted(self._days) if first // _DAY <= day <= end // _DAY)
        wanted = (self._again(line, number) for day in days for at, number, line in day if first <= at < end)
        yield from batches_of(wanted, with_outcomes=with_outcomes)

    def _again(self, line: bytes, number: int) -> Row:
        return self._row(self._object(line, number), f"line {number}", self._clock())

    def _clock(self) -> Times:
        return Times(f"{self.name}: {self._export.time_column!r}")

    @cached_property
    def _days(self) -> dict[int, list[tuple[int, int, bytes]]]:
        """By day since 1970 of every row, once: when it was answered, the number of its line, and the line itself."""
        seen, duplicates, has_ids = set[str | int](), 0, True
        found: dict[int, list[tuple[int, int, bytes]]] = {}
        clock = self._clock()
        for number, line in self._lines():
            values = self._object(line, number)
            known = values.get(ID)
            if not isinstance(known, str | int):
                has_ids = False
            elif known in seen:
                duplicates += 1
                continue
            else:
                seen.add(known)
            at = self._row(values, f"line {number}", clock).at
            # As bytes, a million rows take a fraction of the memory that their values would.
            found.setdefault(at // _DAY, []).append((at, number, line))
        self.notes = self._export.notes(duplicates=duplicates, has_ids=has_ids)
        return found

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        export = self._export
        export.require()
        with export.translated():
            try:
                with gzip.open(export.path) if export.is_packed else export.path.open("rb") as file:
                    for number, line in enumerate(file, start=1):
                        if not line.isspace():
                            yield number, line
            except zlib.error as error:
                raise SourceError(f"{self.name} is not packed by gzip as its name says, or is damaged") from error

    def _object(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            return msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SourceError(f"{self.name}, line {number} is no JSON object ({error})") from error

    def _row(self, values: dict[str, Any], place: str, clock: Times) -> Row:
        outcome = values.get(OUTCOME)
        answers, inputs = _of_journal(values) if isinstance(values.get(_INPUTS), dict) else self._of_table(values)
        return Row(
            at=clock.read(values.get(self._export.time_column), place),
            tag=self._export.tag_of(values.get(TAG), place),
            inputs=inputs,
            answers=answers,
            outcome=outcome if isinstance(outcome, str | float | int) else None,
        )

    def _of_table(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        # That of the members stays an input too, as a feature may be called so.
        answers = {name: values[name] for name in (SCORE, VALUE, DISAGREEMENT) if name in values}
        scores = {name: value for name, value in values.items() if name.startswith(CLASS_SCORE)}
        if scores:
            answers["scores"] = {name.removeprefix(CLASS_SCORE): value for name, value in scores.items()}
        aside = {self._export.time_column, ID, TAG, OUTCOME, SCORE, VALUE, *scores}
        return answers, {name: value for name, value in values.items() if name not in aside}


def _of_journal(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return {name: values[name] for name in ANSWER_FIELDS if name in values}, values[_INPUTS]
