"""POST /v1/predict and /v1/predict/batch."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, g, request
from gunicorn.http.errors import ParseException
from marshmallow import ValidationError
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.errors import InputFault, InvalidInput, MalformedRequest, WrongMediaType
from app.schemas import NOT_AN_OBJECT, row_schema
from app.served_model import ServedModel

_JSON = "application/json"


def blueprint(model: ServedModel, *, max_batch_rows: int) -> Blueprint:
    """The prediction routes for a model."""
    routes = Blueprint("predict", __name__)
    schema = row_schema(model.contract)

    @routes.post("/v1/predict")
    def predict() -> Response:
        try:
            row = schema.load(_body())
        except ValidationError as error:
            raise InvalidInput(_faults(error.messages_dict)) from error
        g.rows = 1
        answer = model.answer([row])[0]
        return _json({"model_tag": model.tag, **msgspec.to_builtins(answer)})

    @routes.post("/v1/predict/batch")
    def predict_batch() -> Response:
        rows = _rows(_body(), max_batch_rows)
        try:
            loaded = schema.load(rows, many=True)
        except ValidationError as error:
            raise InvalidInput(_batch_faults(error.messages_dict)) from error
        g.rows = len(loaded)
        return _json({"model_tag": model.tag, "predictions": model.answer(loaded)})

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
        raise WrongMediaType(_JSON)
    try:
        return msgspec.json.decode(_received())
    except RecursionError as error:
        raise MalformedRequest("the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"the body cannot be read as JSON: {error}") from error


def _received() -> bytes:
    try:
        data = request.get_data(cache=False)
        # A body sent in chunks has no length to check beforehand, and werkzeug cuts it at the limit in silence.
        is_cut = bool(request.environ["wsgi.input"].read(1))
    except (ParseException, ClientDisconnected) as error:
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


def _faults(messages: dict[Any, Any], row: int | None = None) -> list[InputFault]:
    """By field name: marshmallow lists unknown fields in the order of a set, which differs between processes."""
    return [
        InputFault(row=row, field=None if problem == NOT_AN_OBJECT else field, problem=problem)
        for field, problems in sorted(messages.items())
        for problem in problems
    ]


def _batch_faults(messages: dict[Any, Any]) -> list[InputFault]:
    return [fault for row in sorted(messages) for fault in _faults(messages[row], row)]


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), content_type=_JSON)
