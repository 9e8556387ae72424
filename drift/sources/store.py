"""Rows of a journal store on this machine, or of the database that a service writes to."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from core.errors import SourceError
from core.journal.records import Prediction, row_ids
from core.journal.store import JournalStore, Stored
from drift.rows import Batch
from drift.sources.grouping import microseconds, moment, shape_of

# So many requests lie in memory at once, each with one or many rows.
_PAGE = 200
_decode_inputs = msgspec.json.Decoder(dict[str, list[Any]]).decode
_decode_answers = msgspec.json.Decoder(dict[str, list[Any] | dict[str, list[Any]]]).decode


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    """A record with its columns decoded."""

    record: Prediction
    inputs: dict[str, list[Any]]
    answers: dict[str, Any]

    @property
    def ids(self) -> list[str]:
        """Of its rows."""
        return row_ids(self.record.id, self.record.rows) if self.record.is_batch else [self.record.id]


class StoreSource:
    """The rows that a journal store holds; what a check found is kept beside them."""

    drops_columns = True
    notes: tuple[str, ...] = ()

    def __init__(self, store: JournalStore) -> None:
        """
        Args:
            store: Open; closing it is the caller's.
        """
        self.name = str(store)
        self._store = store

    def span(self) -> tuple[datetime, datetime] | None:
        """See `Source`."""
        found = self._store.span()
        return None if found is None else (moment(found[0]), moment(found[1]))

    def rows(self, since: datetime, until: datetime, *, with_outcomes: bool = False) -> Iterator[Batch]:
        """See `Source`."""
        for page in self._pages(microseconds(since), microseconds(until)):
            groups: dict[tuple[Any, ...], list[_Request]] = {}
            for request in [self._decoded(each.record) for each in page if isinstance(each.record, Prediction)]:
                key = shape_of(request.record.tag, request.inputs, request.answers)
                groups.setdefault(key, []).append(request)
            for group in groups.values():
                yield self._batch(group, with_outcomes=with_outcomes)

    def _pages(self, since: int, until: int) -> Iterator[list[Stored]]:
        after = 0
        while page := list(self._store.predictions(after=after, since=since, until=until, limit=_PAGE)):
            yield page
            after = page[-1].cursor

    def _decoded(self, record: Prediction) -> _Request:
        try:
            request = _Request(
                record=record, inputs=_decode_inputs(record.inputs), answers=_decode_answers(record.answers)
            )
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._damaged(record, str(error)) from error
        columns = chain(request.inputs.values(), *map(_lists, request.answers.values()))
        if not set(map(len, columns)) <= {record.rows}:
            raise self._damaged(record, f"not each of its columns has {record.rows} values, one a row")
        return request

    def _damaged(self, record: Prediction, problem: str) -> SourceError:
        return SourceError(f"{self.name}: the record {record.id} is damaged ({problem}); delete it")

    def _batch(self, requests: Sequence[_Request], *, with_outcomes: bool) -> Batch:
        first = requests[0]
        records = [request.record for request in requests]
        return Batch(
            tag=first.record.tag,
            at=np.repeat(
                np.array([record.at for record in records], dtype=np.int64), [record.rows for record in records]
            ),
            inputs={name: _joined(request.inputs[name] for request in requests) for name in first.inputs},
            answers={
                name: {label: _joined(request.answers[name][label] for request in requests) for label in values}
                if isinstance(values, Mapping)
                else _joined(request.answers[name] for request in requests)
                for name, values in first.answers.items()
            },
            outcomes=self._outcomes(requests) if with_outcomes else None,
        )

    def _outcomes(self, requests: Sequence[_Request]) -> list[str | float | None]:
        ids = _joined(request.ids for request in requests)
        known = self._store.latest_outcomes(ids)
        return [known.get(row) for row in ids]

    def recall(self, name: str) -> bytes | None:
        """See `Source`."""
        found = self._store.kept(name)
        return None if found is None else bytes(found[1])

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """See `Source`."""
        self._store.keep(documents, at=time.time_ns() // 1000)


def _joined(parts: Iterator[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))


def _lists(values: list[Any] | dict[str, list[Any]]) -> list[list[Any]]:
    return list(values.values()) if isinstance(values, dict) else [values]
