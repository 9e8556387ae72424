"""POST /v1/outcomes: what turned out to be true of rows that were scored."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, request
from marshmallow import Schema, ValidationError
from msgspec import structs

from app.body import CSV, JSON, read_body
from app.errors import MAX_LISTED_FAULTS, InputFault, InvalidInput, json_response
from app.idempotency import Once
from app.intake import faults_of, read_json
from app.journal import Journal
from app.schemas import outcome_schema
from core.contract import Target, Task
from core.errors import JournalUnavailable
from core.journal.records import read_row_id

_SHAPES = 'takes an object {"id": ..., "outcome": ...} or {"outcomes": [...]} and nothing else'
_FIELDS = {"id", "outcome"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The outcome of a row, as its id and a class or a number."""

    id: str
    value: str | float


def blueprint(target: Target, journal: Journal, *, max_rows: int) -> Blueprint:
    """The route that takes outcomes."""
    routes = Blueprint("outcomes", __name__)
    schema, once = outcome_schema(target)(), Once(journal)

    @routes.post("/v1/outcomes")
    def report() -> Response:
        body = read_body(JSON, CSV)
        return once.answer(body, lambda _: report_all(body))

    def report_all(body: bytes) -> Response:
        sent = _from_csv(body, target) if request.mimetype == CSV else _from_json(body)
        reports = _checked(sent, schema, max_rows)
        g.rows = len(reports)
        return json_response(_take(reports, journal))

    return routes


def _from_json(body: bytes) -> Sequence[Any]:
    value = read_json(body)
    if isinstance(value, dict) and set(value) == {"outcomes"} and isinstance(value["outcomes"], list):
        return value["outcomes"]
    if isinstance(value, dict) and set(value) <= _FIELDS:
        return [value]
    raise InvalidInput([InputFault(problem=_SHAPES)])


def _from_csv(body: bytes, target: Target) -> Sequence[Any]:
    try:
        rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput([InputFault(problem=f"the body cannot be read as CSV: {error}")]) from error
    if rows and set(rows[0]) != _FIELDS:
        raise InvalidInput([InputFault(problem="the first line of the CSV must be id,outcome")])
    return [{**row, "outcome": _number(row["outcome"])} for row in rows] if target.task is Task.REGRESSION else rows


def _number(text: str | None) -> float | str | None:
    try:
        return text and float(text)
    except ValueError:
        return text


def _checked(sent: Sequence[Any], schema: Schema, most: int) -> list[Report]:
    if not 1 <= len(sent) <= most:
        raise InvalidInput([InputFault(field="outcomes", problem=f"takes 1 to {most} outcomes, found {len(sent)}")])
    try:
        loaded = schema.load(list(sent), many=True)
    except ValidationError as error:
        by_row: dict[Any, Any] = error.messages_dict
        raise InvalidInput(
            structs.replace(fault, row=number) for number in sorted(by_row) for fault in faults_of(by_row[number])
        ) from error
    return [Report(id=entry["id"], value=entry["outcome"]) for entry in loaded]


def _take(reports: Sequence[Report], journal: Journal) -> dict[str, Any]:
    """
    Keep reports, and say what is remarkable about them.

    Every report is kept, but for one that says what the last one said already; the last one counts. An id that is not
    known may be that of an answer which another machine has not shipped yet, so its report is kept too.
    """
    known, before, is_checked = _look_up(reports, journal)
    fresh: list[Report] = []
    contradicted, unknown = [], []
    for report in reports:
        if is_checked and report.id not in known:
            unknown.append(report.id)
        earlier = before.get(report.id)
        if earlier == report.value:
            continue
        if earlier is not None:
            contradicted.append({"id": report.id, "before": earlier, "now": report.value})
        before[report.id] = report.value
        fresh.append(report)
    journal.report([(report.id, report.value) for report in fresh])
    return {
        "accepted": len(fresh),
        "repeated": len(reports) - len(fresh),
        "contradicted": contradicted[:MAX_LISTED_FAULTS],
        "contradicted_count": len(contradicted),
        "unknown_ids": unknown[:MAX_LISTED_FAULTS],
        "unknown_count": len(unknown),
        "checked": is_checked,
    }


def _look_up(reports: Sequence[Report], journal: Journal) -> tuple[set[str], dict[str, str | float], bool]:
    """The ids that are known, the last reports of them, and whether the store could be asked at all."""
    try:
        journal.shipper.ship()
        requests = {report.id: read_row_id(report.id) for report in reports}
        rows = journal.store.rows_of(sorted({found[0] for found in requests.values() if found}))
        before = journal.store.latest_outcomes(sorted(requests))
    except JournalUnavailable:
        return set(), {}, False
    return {made for made, found in requests.items() if found and found[1] < rows.get(found[0], 0)}, before, True
