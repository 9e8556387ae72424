"""POST /v1/predict and /v1/predict/batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request
from gunicorn.http.errors import ParseException
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.errors import InputFault, InvalidInput, MalformedRequest, WrongMediaType
from app.schemas import NOT_AN_OBJECT, row_schema
from app.served_model import ServedModel
from core.contract import MAX_NAME_LENGTH, Row

_JSON = "application/json"
# Of fields that the contract does not know, so many are named one by one; a row of a million would take seconds.
_SPARE_FIELDS = 100
_PART_ROWS = 500


def blueprint(model: ServedModel, *, max_batch_rows: int) -> Blueprint:
    """The prediction routes for a model."""
    routes = Blueprint("predict", __name__)
    schema = row_schema(model.contract)

    @routes.post("/v1/predict")
    def predict() -> Response:
        rows = _valid_rows(schema, [_body()], in_batch=False)
        g.rows = 1
        return _json({"model_tag": model.tag, **msgspec.to_builtins(model.answer(rows)[0])})

    @routes.post("/v1/predict/batch")
    def predict_batch() -> Response:
        rows = _valid_rows(schema, _rows(_body(), max_batch_rows), in_batch=True)
        g.rows = len(rows)
        return _json({"model_tag": model.tag, "predictions": model.answer(rows)})

    return routes


def _body() -> Any:
    """
    The request's JSON value.

    Raises:
        WrongMediaType: if it is not sent as JSON.
        MalformedRequest: if it is none.
        RequestEntityTooLarge: if it is longer than the app allows.
    """
    if request.mimetype != _JSON:
        raise WrongMediaType(f"send the body as Content-Type: {_JSON}")
    if request.content_encoding not in {None, "", "identity"}:
        raise WrongMediaType("send the body without a Content-Encoding")
    data = _received()
    if not data:
        raise MalformedRequest("the body is empty")
    try:
        return msgspec.json.decode(data)
    except RecursionError as error:
        raise MalformedRequest("the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"the body cannot be read as JSON: {error}") from error


def _received() -> bytes:
    try:
        data = request.get_data(cache=False)
        # A body sent in chunks has no length to check beforehand, and werkzeug cuts it at the limit in silence.
        is_cut = bool(request.environ["wsgi.input"].read(1))
    except (ParseException, ClientDisconnected, OSError) as error:
        raise MalformedRequest("the body did not arrive whole; its length or its chunks are wrong") from error
    if is_cut:
        raise RequestEntityTooLarge
    return data


def _rows(body: Any, most: int) -> list[Any]:
    if not isinstance(body, dict) or set(body) != {"rows"} or not isinstance(body["rows"], list):
        raise InvalidInput([InputFault(problem='takes an object {"rows": [...]} and nothing else')])
    rows: list[Any] = body["rows"]
    if not 1 <= len(rows) <= most:
        raise InvalidInput([InputFault(field="rows", problem=f"takes 1 to {most} rows, found {len(rows)}")])
    return rows


def _valid_rows(schema: Schema, rows: list[Any], *, in_batch: bool) -> list[Row]:
    """
    The rows as the schema loads them.

    Raises:
        InvalidInput: if any of them breaks the contract.
    """
    most = len(schema.fields) + _SPARE_FIELDS
    overfull = (
        InputFault(row=number if in_batch else None, problem=f"takes at most {most} fields, found {len(row)}")
        for number, row in enumerate(rows)
        if isinstance(row, dict) and len(row) > most
    )
    _raise_any(InvalidInput(overfull))
    loaded: list[Row] = []
    _raise_any(InvalidInput(_loading_faults(schema, rows, loaded, in_batch=in_batch)))
    return loaded


def _raise_any(invalid: InvalidInput) -> None:
    if invalid.count:
        raise invalid


def _loading_faults(schema: Schema, rows: list[Any], loaded: list[Row], *, in_batch: bool) -> Iterator[InputFault]:
    """Load rows part by part, so that the faults of a large batch never all lie in memory."""
    for start in range(0, len(rows), _PART_ROWS):
        try:
            loaded += schema.load(rows[start : start + _PART_ROWS], many=True)
        except ValidationError as error:
            by_row: dict[Any, Any] = error.messages_dict
            for number in sorted(by_row):
                yield from _faults(by_row[number], start + number if in_batch else None)


def _faults(messages: dict[str, list[str]], row: int | None) -> Iterator[InputFault]:
    """By field name: marshmallow lists unknown fields in the order of a set, which differs between processes."""
    for field, problems in sorted(messages.items()):
        for problem in problems:
            yield InputFault(row=row, field=None if problem == NOT_AN_OBJECT else _shortened(field), problem=problem)


def _shortened(field: str) -> str:
    """A caller may send a name of any length; no feature's is longer than this."""
    return field if len(field) <= MAX_NAME_LENGTH else f"{field[:MAX_NAME_LENGTH]}..."


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), content_type=_JSON)
