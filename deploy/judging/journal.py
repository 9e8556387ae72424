"""The journal of a service that answers the public: its newest rows, and those that come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from core.contract import CategoricalFeature, Contract, Row
from core.service import JOURNAL, Service
from deploy.judging.asking import Answer

# As the service writes what is not to be written down.
REDACTED: Final = "*"
_PAGE: Final = 1000
_PAGES: Final = 5
# At most so many rows are read for each that is wanted, of one stretch of the past and, more or less, of all.
_MOST_FOR_ONE: Final = 10
_FIRST: Final = timedelta(seconds=10)
_SHORTEST: Final = timedelta(seconds=1)
_GROWS, _SHRINKS = 4, 8


class Line(Answer, kw_only=True):
    """A row of the journal, as far as a judge needs it."""

    cursor: int
    at: datetime
    tag: str
    latency_ms: float
    inputs: dict[str, Any]
    subject: str | None = None
    outcome: str | float | None = None


def newest(
    service: Service,
    wanted: int,
    is_wanted: Callable[[Line], bool] = lambda _: True,
    *,
    most_for_one: int = _MOST_FOR_ONE,
    has_outcomes: bool = False,
) -> list[Line]:
    """
    The newest rows, oldest first.

    The journal is read forwards only, so that stretches of the past are asked for that grow where there is little and
    shrink where there is much. Where few rows count, it is not read to its beginning: callers may be waiting.

    Args:
        service: Whose journal it is; needs a key with the scope admin.
        wanted: At most so many rows.
        is_wanted: Which rows count.
        most_for_one: So many rows may be read for each that is wanted.
        has_outcomes: Whether they come with what was reported of them.

    Raises:
        ServiceError: if it cannot be read.
    """
    span = service.span()
    found: list[Line] = []
    most, read = most_for_one * wanted, 0
    if span is None or not wanted:
        return found
    oldest, end, width = span[0], span[1] + timedelta(microseconds=1), _FIRST
    while len(found) < wanted and read < most and end > oldest:
        start = max(end - width, oldest)
        stretch = _between(service, start, end, has_outcomes=has_outcomes)
        lines = list(islice(stretch, most) if width > _SHORTEST else deque(stretch, most))
        if len(lines) == most and width > _SHORTEST:
            width /= _SHRINKS
            continue
        read += len(lines)
        found = [line for line in lines if is_wanted(line)] + found
        end, width = start, min(width * _GROWS, timedelta(days=365))
    return found[-wanted:]


def _between(service: Service, since: datetime, until: datetime, *, has_outcomes: bool) -> Iterator[Line]:
    query = {"since": since.isoformat(), "until": until.isoformat()}
    if has_outcomes:
        query["outcomes"] = "true"
    return service.lines(JOURNAL, query, Line, page=_PAGE)


def coming(service: Service, since: datetime, after: int) -> Iterator[Line]:
    """
    Rows that were answered since a time, and come after a cursor; of at most five thousand requests.

    Raises:
        ServiceError: if they cannot be read.
    """
    return service.lines(JOURNAL, {"since": since.isoformat()}, Line, page=_PAGE, after=after, pages=_PAGES)


def replayable(inputs: Mapping[str, Any], contract: Contract) -> Row | None:
    """The row that was sent, if the journal holds all of it and it is one of the contract."""
    if set(inputs) != set(contract.names):
        return None
    for feature in contract.features:
        value, is_text = inputs[feature.name], isinstance(feature, CategoricalFeature)
        if value is not None and (value == REDACTED or isinstance(value, str) != is_text):
            return None
    return dict(inputs)


def rows_of(lines: Sequence[Line], contract: Contract) -> list[Row]:
    """Of these the rows that can be sent again."""
    return [row for line in lines if (row := replayable(line.inputs, contract)) is not None]
