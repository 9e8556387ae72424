"""What the journal holds: predictions, one record a request, and outcomes; their ids sort by time."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import uuid_utils

ID_LENGTH = 32
# Rows of a batch are numbered with so many digits that their ids sort as text.
_ROW_DIGITS = 6
ROW_ID_PATTERN = "^[0-9a-f]{32}(-[0-9]{6})?$"
_ROW_ID = re.compile(ROW_ID_PATTERN[1:-1])

if TYPE_CHECKING:
    Json = Any
else:
    # Read as it was written; msgspec writes whatever JSON can hold.
    Json = msgspec.Raw


class Prediction(msgspec.Struct, frozen=True, kw_only=True, tag="prediction", gc=False):
    """
    One request that was answered, with one or many rows.

    Attributes:
        id: Of the request; `row_id` makes that of a row.
        at: When it was answered, in microseconds since 1970, UTC.
        tag: Of the model that answered.
        arm: Of an experiment, that the request was assigned to; `champion` where there is none.
        fallback: Why the champion answered although it was the challenger's; None if it did not.
        subject: Whom the rows are about, hashed.
        request_id: What the caller or the log calls the request.
        latency_us: From the first byte of the request to the answer, in microseconds.
        rows: How many rows were scored.
        is_batch: Whether the rows have ids of their own.
        inputs: JSON; by feature one value a row.
        answers: JSON; by field of an answer one value a row.
        warnings: JSON; row, field and code of what training did not see.
    """

    id: str
    at: int
    tag: str
    arm: str
    fallback: str | None = None
    subject: str | None
    request_id: str
    latency_us: int
    rows: int
    is_batch: bool
    inputs: Json
    answers: Json
    warnings: Json


class Outcome(msgspec.Struct, frozen=True, kw_only=True, tag="outcome", gc=False):
    """
    What turned out to be true of one prediction, as somebody reported it.

    Attributes:
        id: Of the report.
        at: When it was reported, in microseconds since 1970, UTC.
        prediction: The id of the row.
        value: A class, or a number for regression.
    """

    id: str
    at: int
    prediction: str
    value: str | float


class Shadow(msgspec.Struct, frozen=True, kw_only=True, tag="shadow", gc=False):
    """
    What another model would have answered to a request.

    Attributes:
        id: Of the request.
        at: When it was scored, in microseconds since 1970, UTC.
        tag: Of the model that nobody was answered by.
        answers: JSON; by field of an answer one value a row.
    """

    id: str
    at: int
    tag: str
    answers: Json


Record = Prediction | Outcome | Shadow

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Record).decode


def row_id(request: str, row: int, *, is_batch: bool) -> str:
    """The id of a row: of a single prediction that of the request, of a batch with the row's number."""
    return request + _ending(row) if is_batch else request


def row_ids(request: str, count: int) -> list[str]:
    """The ids of a batch's rows, as `row_id` makes them."""
    endings = _ENDINGS[:count] if count <= len(_ENDINGS) else map(_ending, range(count))
    return [request + ending for ending in endings]


def _ending(row: int) -> str:
    return f"-{row:0{_ROW_DIGITS}}"


# Made once, as making them takes longer than anything else about them.
_ENDINGS = [_ending(row) for row in range(1000)]


def read_row_id(text: str) -> tuple[str, int] | None:
    """
    The request and the row that an id names; None if it is no id of ours.

    The inverse of `row_id`.
    """
    if not _ROW_ID.fullmatch(text):
        return None
    request, _, row = text.partition("-")
    return request, int(row or 0)


class Ids:
    """
    Ids that sort in the order they are made, within a process even when the clock is set back.

    Source:
        UUID version 7, RFC 9562.
    """

    def __init__(self) -> None:
        self._last = ""
        self._lock = threading.Lock()

    def new(self) -> str:
        """32 hexadecimal digits."""
        made = uuid_utils.uuid7().hex
        with self._lock:
            if made <= self._last:
                made = f"{int(self._last, 16) + 1:0{ID_LENGTH}x}"
            self._last = made
        return made
