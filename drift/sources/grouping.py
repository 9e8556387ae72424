"""Rows of any kind, put together to batches of one tag and equal fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np

from core.reference import DISAGREEMENT
from drift.rows import Batch

# So many rows lie in memory as objects at once.
_ROWS = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Before and after there is no row: 0001-01-01 is an empty date of .NET, 9999-12-31 one of databases.
_OLDEST, _NEWEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
USUAL_TIMES = "a time from 1970 to 8999"
ANSWER_FIELDS = ("label", "score", "scores", "value", DISAGREEMENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """
    One row that was answered.

    Attributes:
        at: When, in microseconds since 1970, UTC.
        tag: The model that answered.
        inputs: Values by feature.
        answers: Values by field of the answer; `scores` by class.
        outcome: What turned out to be true; None where that is not known.
    """

    at: int
    tag: str
    inputs: Mapping[str, Any]
    answers: Mapping[str, Any] = field(default_factory=dict)
    outcome: str | float | None = None


def shape_of(tag: str, inputs: Mapping[str, Any], answers: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is equal for rows, or columns of rows, that belong in one batch."""
    labels = [(name, tuple(each) if isinstance(each, Mapping) else None) for name, each in answers.items()]
    return (tag, tuple(inputs), tuple(labels))


def batches_of(rows: Iterable[Row], *, with_outcomes: bool) -> Iterator[Batch]:
    """Batches of rows, in the order in which the first row of each comes."""
    rest = iter(rows)
    while page := list(islice(rest, _ROWS)):
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in page:
            groups.setdefault(shape_of(row.tag, row.inputs, row.answers), []).append(row)
        for group in groups.values():
            yield _batch_of(group, with_outcomes=with_outcomes)


def _batch_of(rows: Sequence[Row], *, with_outcomes: bool) -> Batch:
    return Batch(
        tag=rows[0].tag,
        at=np.array([row.at for row in rows], dtype=np.int64),
        inputs={name: [row.inputs[name] for row in rows] for name in rows[0].inputs},
        answers={
            name: {label: [row.answers[name][label] for row in rows] for label in values}
            if isinstance(values, Mapping)
            else [row.answers[name] for row in rows]
            for name, values in rows[0].answers.items()
        },
        outcomes=[row.outcome for row in rows] if with_outcomes else None,
    )


def microseconds(time: datetime) -> int:
    """Since 1970; a time without a zone is UTC."""
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def is_usual(at: int) -> bool:
    """Whether a row may have been answered so many microseconds after 1970."""
    return microseconds(_OLDEST) <= at < microseconds(_NEWEST)


def moment(at: int) -> datetime:
    """
    So many microseconds since 1970, UTC.

    Raises:
        OverflowError: if that is in no year from 1 to 9999.
    """
    return _EPOCH + at * _MICROSECOND
