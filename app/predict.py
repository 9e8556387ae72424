"""POST /v1/predict and /v1/predict/batch."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, g, request

from app.answering import Answering
from app.body import JSON, NDJSON, read_body, receive_file, require_type
from app.errors import InputFault, InvalidInput, json_response, listed
from app.headers import IDEMPOTENCY_KEY, NAME, SUBJECT, UNRECORDED, YES, is_name
from app.idempotency import Once
from app.intake import Batch, Intake
from app.journal import Request
from app.lines import LineScorer, stream
from app.query import flag
from app.served_model import Scored
from app.settings import ServiceSettings
from core.experiment import Arm

T = TypeVar("T")

REFUSE, SKIP = "refuse", "skip"
MEMBERS = "members"


def blueprint(answering: Answering, settings: ServiceSettings) -> Blueprint:
    """The prediction routes."""
    routes = Blueprint("predict", __name__)
    champion = answering.arms.champion
    intake = Intake(champion.contract, max_rows=settings.max_batch_rows)
    once = Once(answering.journal)
    lines = LineScorer(
        intake, answering, max_line_bytes=settings.max_body_bytes, deadline_s=settings.request_deadline_s
    )

    @routes.post("/v1/predict")
    def predict() -> Response:
        shows, body = flag(MEMBERS), read_body()
        return once.answer(
            body, lambda record: predict_row(body, record, shows_members=shows), is_recorded=_is_recorded()
        )

    def predict_row(body: bytes, record: str | None, *, shows_members: bool) -> Response:
        columns, asked = intake.row(body), _request(record, is_batch=False)
        answered, (row,) = answering.answer(columns, asked)
        g.rows, g.model_tag = 1, answered.tag
        return json_response(answered.single(row, shows_members=shows_members))

    @routes.post("/v1/predict/batch")
    def predict_batch() -> Response:
        require_type((JSON, NDJSON))
        skip, shows = _on_error() == SKIP, flag(MEMBERS)
        if request.mimetype == NDJSON:
            return _predict_lines(lines, settings.max_stream_bytes, skip=skip, shows_members=shows)
        body = read_body()
        return once.answer(
            body,
            lambda record: predict_rows(body, record, skip=skip, shows_members=shows),
            is_recorded=_is_recorded(),
        )

    def predict_rows(body: bytes, record: str | None, *, skip: bool, shows_members: bool) -> Response:
        batch, asked = intake.batch(body, skip=skip), _request(record, is_batch=True)
        by, scored = {"model_tag": champion.tag, "arm": Arm.CHAMPION}, None
        ids: list[str] = []
        if batch.columns is not None:
            answered, ids = answering.answer(batch.columns, asked)
            by, scored = {"model_tag": answered.tag, "arm": answered.arm}, answered.scored
            g.model_tag = answered.tag
        g.rows = len(batch.kept)
        answer = {**by, **(_columns if batch.is_columnar else _rows)(batch, scored, ids, shows_members=shows_members)}
        return json_response(answer | listed(batch.faults))

    return routes


def _predict_lines(lines: LineScorer, max_bytes: int, *, skip: bool, shows_members: bool) -> Response:
    if IDEMPOTENCY_KEY in request.headers:
        problem = f"is for bodies of {JSON}; of lines that were not answered, send those again"
        raise InvalidInput([InputFault(field=IDEMPOTENCY_KEY, problem=problem)])
    file = receive_file(max_bytes=max_bytes)
    try:
        asked = _request(None, is_batch=True)
        answer = stream(lines.answer(file, asked, skip=skip, shows_members=shows_members))
    except BaseException:
        file.close()
        raise
    answer.call_on_close(file.close)
    return answer


def _on_error() -> str:
    wanted = request.args.get("on_error", REFUSE)
    if wanted not in {REFUSE, SKIP}:
        raise InvalidInput([InputFault(field="on_error", problem=f"takes {REFUSE} or {SKIP}, as a part of the query")])
    return wanted


def _request(record: str | None, *, is_batch: bool) -> Request:
    subject = request.headers.get(SUBJECT)
    if subject is not None and not is_name(subject):
        raise InvalidInput([InputFault(field=SUBJECT, problem=f"takes {NAME}, as a header")])
    return Request(
        request_id=g.request_id,
        started=g.started,
        is_batch=is_batch,
        record=record,
        subject=subject,
        is_recorded=_is_recorded(),
    )


def _is_recorded() -> bool:
    wanted = request.headers.get(UNRECORDED)
    if wanted is not None and wanted != YES:
        raise InvalidInput([InputFault(field=UNRECORDED, problem=f"takes {YES}, as a header")])
    return wanted is None


def _rows(batch: Batch, scored: Scored | None, ids: list[str], *, shows_members: bool) -> dict[str, Any]:
    return {"predictions": _spread(scored.answers(ids, shows_members=shows_members) if scored else [], batch)}


def _columns(batch: Batch, scored: Scored | None, ids: list[str], *, shows_members: bool) -> dict[str, Any]:
    if scored is None:
        return {"columns": {}, "warnings": []}
    columns = _all_spread({"id": ids, **scored.columns(shows_members=shows_members)}, batch)
    kept = batch.kept
    warnings = [{"row": kept[row], **msgspec.structs.asdict(warning)} for row, warning in scored.warnings]
    return {"columns": columns, "warnings": warnings}


def _all_spread(columns: dict[str, Any], batch: Batch) -> dict[str, Any]:
    """Columns, some of them by class or by member, each with one value for each row that was sent."""
    return {
        name: _all_spread(values, batch) if isinstance(values, dict) else _spread(values, batch)
        for name, values in columns.items()
    }


def _spread(values: list[T], batch: Batch) -> list[T] | list[T | None]:
    """One value for each row that was sent; None for those that were skipped."""
    if not batch.faults:
        return values
    spread: list[T | None] = [None] * batch.count
    for number, value in zip(batch.kept, values, strict=True):
        spread[number] = value
    return spread
