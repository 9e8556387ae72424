"""Records as rows of a database's tables, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple

from core.journal.records import Outcome, Prediction, Record, Shadow
from core.journal.store import Stored

PREDICTION_COLUMNS = Prediction.__struct_fields__
OUTCOME_COLUMNS = Outcome.__struct_fields__
SHADOW_COLUMNS = Shadow.__struct_fields__
# What is forgotten by its age.
TABLES = ("predictions", "outcomes", "shadows")
# Two questions, each answered from an end of the index; as one, SQLite would walk through all of it.
SPAN = "select (select min(at) from predictions), (select max(at) from predictions)"

NEWEST_OUTCOME = "select max(at) from outcomes"


def prediction_row(record: Prediction) -> tuple[Any, ...]:
    """In the order of PREDICTION_COLUMNS; JSON as text."""
    *values, inputs, answers, warnings = astuple(record)
    return (*values, bytes(inputs).decode(), bytes(answers).decode(), bytes(warnings).decode())


def outcome_row(record: Outcome) -> tuple[Any, ...]:
    """In the order of OUTCOME_COLUMNS; JSON as text."""
    return record.id, record.at, record.prediction, msgspec.json.encode(record.value).decode()


def shadow_row(record: Shadow) -> tuple[Any, ...]:
    """In the order of SHADOW_COLUMNS; JSON as text."""
    return record.id, record.at, record.tag, bytes(record.answers).decode()


def rows_of_records(records: Sequence[Record]) -> tuple[list[tuple[Any, ...]], ...]:
    """The rows of each of TABLES."""
    predictions = [prediction_row(record) for record in records if isinstance(record, Prediction)]
    outcomes = [outcome_row(record) for record in records if isinstance(record, Outcome)]
    return predictions, outcomes, [shadow_row(record) for record in records if isinstance(record, Shadow)]


def window(mark: str, after: int, since: int | None, until: int | None, limit: int) -> tuple[str, list[int]]:
    """The condition, order and limit of a query for predictions, and its values; `mark` stands for each of these."""
    bounds = (("cursor >", after), ("at >=", since), ("at <", until))
    asked = [(text, value) for text, value in bounds if value is not None]
    where = " and ".join(f"{text} {mark}" for text, _ in asked)
    return f"where {where} order by cursor limit {mark}", [*(value for _, value in asked), limit]


def read_prediction(row: tuple[Any, ...]) -> Stored:
    """From the cursor and PREDICTION_COLUMNS."""
    cursor, *values = row
    fields = dict(zip(PREDICTION_COLUMNS, values, strict=True))
    fields["is_batch"] = bool(fields["is_batch"])
    fields |= {name: msgspec.Raw(fields[name]) for name in ("inputs", "answers", "warnings")}
    return Stored(cursor=cursor, record=Prediction(**fields))


def read_shadow(row: tuple[Any, ...]) -> Shadow:
    """From SHADOW_COLUMNS."""
    made, at, tag, answers = row
    return Shadow(id=made, at=at, tag=tag, answers=msgspec.Raw(answers))


def read_outcome(row: tuple[Any, ...]) -> Stored:
    """From the cursor and OUTCOME_COLUMNS."""
    cursor, made, at, prediction, value = row
    return Stored(cursor=cursor, record=Outcome(id=made, at=at, prediction=prediction, value=read_value(value)))


def read_value(text: str) -> str | float:
    """An outcome's value."""
    value: str | float = msgspec.json.decode(text)
    return value
