"""
Hooks of schemathesis: bodies of lines, and what JSON Schema cannot say of those in JSON.

Loaded by schemathesis itself, named by SCHEMATHESIS_HOOKS; OUTCOME_EXAMPLES holds outcomes of the served task as JSON.
"""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

import schemathesis

_OUTCOMES = json.loads(os.environ["OUTCOME_EXAMPLES"])
_NDJSON, _CSV = "application/x-ndjson", "text/csv"
_MOST_LINES = 50


@schemathesis.serializer(_NDJSON, _CSV)
def lines(context: Any, value: Any) -> bytes:  # called so
    """Text as it is."""
    return str(value).encode(errors="surrogatepass")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:  # called so
    """Send valid lines and columns of equal length; and faulty rows to be refused, as those to be skipped are not."""
    if case.meta and case.meta.generation.mode.is_negative and isinstance(case.query, dict):
        case.query.pop("on_error", None)
    if case.headers and "Idempotency-Key" in case.headers:
        # A key belongs to one request; and lines take none.
        key = case.headers.pop("Idempotency-Key")
        if case.media_type != _NDJSON:
            case.headers["Idempotency-Key"] = f"{key}{uuid.uuid4().hex}"[-255:] if str(key).isascii() else key
    if case.body and isinstance(case.body, str) and case.media_type in {_NDJSON, _CSV}:
        numbers = [ord(character) for character in case.body[:_MOST_LINES]]
        case.body = "\n".join(_rows(numbers) if case.media_type == _NDJSON else _table(numbers))
    columns = case.body.get("columns") if isinstance(case.body, dict) else None
    if isinstance(columns, dict) and columns and all(isinstance(values, list) for values in columns.values()):
        count = min(map(len, columns.values()))
        case.body = {**case.body, "columns": {name: values[: count or None] for name, values in columns.items()}}


def _rows(numbers: list[int]) -> list[str]:
    return [json.dumps({"age": number % 121, "city": str(number)}) for number in numbers]


def _table(numbers: list[int]) -> list[str]:
    return ["id,outcome", *(f"{number:032x},{_OUTCOMES[number % len(_OUTCOMES)]}" for number in numbers)]
