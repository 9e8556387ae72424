"""GET /v1/journal and /v1/journal/outcomes: what was journalled, one JSON object a line; /v1/journal/span: of when."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from app.errors import InputFault, InvalidInput, json_response
from app.journal import Journal
from app.lines import stream
from app.query import flag
from core.errors import JournalUnavailable
from core.journal.records import Outcome, Prediction, Shadow, row_id
from core.journal.store import Stored

DEFAULT_LIMIT, MAX_LIMIT = 1_000, 100_000
# So many requests lie in memory at once.
_PAGE = 100
# And so many rows, where their outcomes are looked up.
_OUTCOMES_PAGE = 1_000
MAX_CURSOR = 2**63 - 1


def blueprint(journal: Journal) -> Blueprint:
    """The routes that read the journal."""
    routes = Blueprint("history", __name__)

    @routes.get("/v1/journal")
    def show_predictions() -> Response:
        after, limit = _number("after", 0, 0, MAX_CURSOR), _number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        since, until = _time("since"), _time("until")
        has_outcomes, has_shadows = flag("outcomes"), flag("shadow")
        rows = _predictions(journal, after, since, until, limit, inputs=_inputs(), has_shadows=has_shadows)
        return _stream(journal, _with_outcomes(journal, rows) if has_outcomes else rows)

    @routes.get("/v1/journal/outcomes")
    def show_outcomes() -> Response:
        after, limit = _number("after", 0, 0, MAX_CURSOR), _number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        return _stream(journal, _outcomes(journal, after, limit))

    @routes.get("/v1/journal/span")
    def show_span() -> Response:
        _ship(journal)
        oldest, newest = journal.store.span() or (None, None)
        return json_response({"oldest": oldest and _written(oldest), "newest": newest and _written(newest)})

    return routes


def _number(name: str, default: int, low: int, high: int) -> int:
    if name not in request.args:
        return default
    text = request.args[name]
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not low <= int(text) <= high:
        raise InvalidInput([InputFault(field=name, problem=f"takes a whole number from {low} to {high}, in the query")])
    return int(text)


def _inputs() -> frozenset[str] | None:
    """The features that are asked for; None for all."""
    text = request.args.get("inputs")
    return None if text is None else frozenset(text.split(",") if text else ())


def _time(name: str) -> int | None:
    if name not in request.args:
        return None
    text = request.args[name]
    try:
        # A plus sign in a query stands for a space.
        time = datetime.fromisoformat(text.replace(" ", "+"))
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1e6)
    except (ValueError, OverflowError) as error:
        problem = "takes a time in ISO 8601, such as 2026-11-25T08:00:00Z, in the query"
        raise InvalidInput([InputFault(field=name, problem=problem)]) from error


def _predictions(
    journal: Journal,
    after: int,
    since: int | None,
    until: int | None,
    limit: int,
    *,
    inputs: frozenset[str] | None,
    has_shadows: bool,
) -> Iterator[dict[str, Any]]:
    while limit > 0:
        page = list(journal.store.predictions(after=after, since=since, until=until, limit=min(limit, _PAGE)))
        shadows = journal.store.shadows_of([stored.record.id for stored in page]) if has_shadows else {}
        for stored in page:
            for number, row in enumerate(_rows_of(stored, inputs)):
                yield {**row, "shadow": _shadow_of(shadows.get(stored.record.id), number)} if has_shadows else row
        if len(page) < min(limit, _PAGE):
            return
        after, limit = page[-1].cursor, limit - len(page)


def _shadow_of(shadow: Shadow | None, row: int) -> dict[str, Any] | None:
    """What the shadow would have answered to a row of a request."""
    return None if shadow is None else {"tag": shadow.tag, **_answer(_decoded(shadow.answers), row)}


def _with_outcomes(journal: Journal, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows, each with what was reported last of it, or null."""
    while page := list(islice(rows, _OUTCOMES_PAGE)):
        found = journal.store.latest_outcomes([row["id"] for row in page])
        for row in page:
            yield {**row, "outcome": found.get(row["id"])}


def _outcomes(journal: Journal, after: int, limit: int) -> Iterator[dict[str, Any]]:
    while limit > 0:
        page = list(journal.store.outcomes(after=after, limit=min(limit, _PAGE)))
        for stored in page:
            outcome = stored.record
            if isinstance(outcome, Outcome):
                yield {
                    "cursor": stored.cursor,
                    "id": outcome.prediction,
                    "at": _written(outcome.at),
                    "outcome": outcome.value,
                }
        if len(page) < min(limit, _PAGE):
            return
        after, limit = page[-1].cursor, limit - len(page)


def _rows_of(stored: Stored, wanted: frozenset[str] | None) -> Iterator[dict[str, Any]]:
    """The rows of a request, each with everything that is known of it."""
    record = stored.record
    if not isinstance(record, Prediction):
        return
    inputs, answers = _decoded(record.inputs), _decoded(record.answers)
    if wanted is not None:
        inputs = {name: values for name, values in inputs.items() if name in wanted}
    warnings: dict[int, list[dict[str, str]]] = {}
    for row, field, code in _decoded(record.warnings):
        warnings.setdefault(row, []).append({"field": field, "code": code})
    for row in range(record.rows):
        yield {
            "cursor": stored.cursor,
            "id": row_id(record.id, row, is_batch=record.is_batch),
            "at": _written(record.at),
            "tag": record.tag,
            "arm": record.arm,
            "fallback": record.fallback,
            "subject": record.subject,
            "request_id": record.request_id,
            "latency_ms": record.latency_us / 1000,
            "inputs": {name: values[row] for name, values in inputs.items()},
            **_answer(answers, row),
            "warnings": warnings.get(row, []),
        }


def _answer(answers: dict[str, Any], row: int) -> dict[str, Any]:
    return {
        name: {label: each[row] for label, each in values.items()} if isinstance(values, dict) else values[row]
        for name, values in answers.items()
    }


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value)


def _written(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _stream(journal: Journal, lines: Iterable[dict[str, Any]]) -> Response:
    _ship(journal)
    body = _encoded(lines)
    # What cannot be read must fail before the answer begins.
    return stream(chain([next(body, b"")], body))


def _ship(journal: Journal) -> None:
    # What waits in the spool will be seen later, under a larger cursor.
    with contextlib.suppress(JournalUnavailable):
        journal.shipper.ship()


def _encoded(lines: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for line in lines:
        yield msgspec.json.encode(line) + b"\n"
