"""Rows of a running service, asked for over HTTP with a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import msgspec

from core.errors import ServiceError, SourceError
from core.service import JOURNAL, Service
from drift.rows import MEMORY_NAME, REPORT_NAME, Batch
from drift.sources.grouping import ANSWER_FIELDS, USUAL_TIMES, Row, batches_of, is_usual, microseconds

# Requests a page; the service counts these, not their rows.
_PAGE: Final = 10_000
_DRIFT: Final = "/v1/drift"
_PLACES: Final = {REPORT_NAME: ("report", _DRIFT), MEMORY_NAME: ("memory", f"{_DRIFT}/memory")}
_NOT_FOUND: Final = 404


class _Line(msgspec.Struct, kw_only=True):
    cursor: int
    at: datetime
    tag: str
    inputs: dict[str, Any]
    label: Any = msgspec.UNSET
    score: Any = msgspec.UNSET
    scores: Any = msgspec.UNSET
    value: Any = msgspec.UNSET
    disagreement: Any = msgspec.UNSET
    outcome: str | float | None = None


class ServiceSource:
    """The rows that a service holds in its journal; what a check found is kept there."""

    drops_columns = True
    notes: tuple[str, ...] = ()

    def __init__(self, url: str, key: str, *, page: int = _PAGE, sleep: Callable[[float], None] = time.sleep) -> None:
        """
        Args:
            url: What the service's routes begin with; https, or http on this machine.
            key: With the scope admin; empty for a service without keys.
            page: How many requests of the journal are asked for at once.
            sleep: Waits.

        Raises:
            ValueError: saying what would be right.
        """
        self._service, self._page = Service(url, key, sleep=sleep), page
        self.name = self._service.name

    def span(self) -> tuple[datetime, datetime] | None:
        """See `Source`."""
        with _told():
            found = self._service.span()
        for end in found or ():
            self._at(end)
        return found

    def rows(self, since: datetime, until: datetime, *, with_outcomes: bool = False) -> Iterator[Batch]:
        """See `Source`."""
        query = {"since": since.isoformat(), "until": until.isoformat()}
        if with_outcomes:
            query["outcomes"] = "true"
        with _told():
            lines = self._service.lines(JOURNAL, query, _Line, page=self._page)
            yield from batches_of(map(self._row, lines), with_outcomes=with_outcomes)

    def _row(self, line: _Line) -> Row:
        answers = {name: value for name in ANSWER_FIELDS if (value := getattr(line, name)) is not msgspec.UNSET}
        return Row(at=self._at(line.at), tag=line.tag, inputs=line.inputs, answers=answers, outcome=line.outcome)

    def _at(self, time: datetime) -> int:
        at = microseconds(time)
        if not is_usual(at):
            raise SourceError(f"{self.name}: a row of its journal is of {time.isoformat()}; it takes {USUAL_TIMES}")
        return at

    def recall(self, name: str) -> bytes | None:
        """See `Source`."""
        with _told():
            answer = self._service.call("GET", _PLACES[name][1], passes=_NOT_FOUND)
            if answer.status == _NOT_FOUND:
                return None
            self._service.read(answer.body, msgspec.Raw)
        return answer.body

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """See `Source`."""
        body = msgspec.json.encode({_PLACES[name][0]: msgspec.Raw(content) for name, content in documents.items()})
        with _told():
            # To keep the same twice is to keep it once.
            self._service.call("POST", _DRIFT, data=body, headers={"Content-Type": "application/json"})


@contextmanager
def _told() -> Iterator[None]:
    """What the client of a service says, as an error of a source."""
    try:
        yield
    except ServiceError as error:
        raise SourceError(str(error)) from error
