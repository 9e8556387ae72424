"""Records as rows of a database's tables, and back."""

from __future__ import annotations

from typing import Any

import msgspec

from core.journal.records import Outcome, Prediction
from core.journal.store import Stored

PREDICTION_COLUMNS = (
    *("id", "at", "tag", "arm", "subject", "request_id", "latency_us", "rows", "is_batch"),
    *("inputs", "answers", "warnings"),
)
OUTCOME_COLUMNS = ("id", "at", "prediction", "value")


def prediction_row(record: Prediction) -> tuple[Any, ...]:
    """In the order of PREDICTION_COLUMNS; JSON as text."""
    values = (getattr(record, name) for name in PREDICTION_COLUMNS)
    return tuple(bytes(value).decode() if isinstance(value, msgspec.Raw) else value for value in values)


def outcome_row(record: Outcome) -> tuple[Any, ...]:
    """In the order of OUTCOME_COLUMNS; JSON as text."""
    return record.id, record.at, record.prediction, msgspec.json.encode(record.value).decode()


def read_prediction(row: tuple[Any, ...]) -> Stored:
    """From the cursor and PREDICTION_COLUMNS."""
    cursor, *values = row
    fields = dict(zip(PREDICTION_COLUMNS, values, strict=True))
    fields["is_batch"] = bool(fields["is_batch"])
    fields |= {name: msgspec.Raw(fields[name]) for name in ("inputs", "answers", "warnings")}
    return Stored(cursor=cursor, record=Prediction(**fields))


def read_outcome(row: tuple[Any, ...]) -> Stored:
    """From the cursor and OUTCOME_COLUMNS."""
    cursor, made, at, prediction, value = row
    return Stored(cursor=cursor, record=Outcome(id=made, at=at, prediction=prediction, value=read_value(value)))


def read_value(text: str) -> str | float:
    """An outcome's value."""
    value: str | float = msgspec.json.decode(text)
    return value
