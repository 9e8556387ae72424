"""Reads a request's body: whole, of the right type, within the limit."""

from __future__ import annotations

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.errors import MalformedRequest, WrongMediaType

JSON, CSV = "application/json", "text/csv"


def read_body(*types: str) -> bytes:
    """
    The body of a request that must be of one of these types, by default JSON.

    Raises:
        WrongMediaType: if it is sent as another.
        MalformedRequest: if it is empty or did not arrive whole.
        RequestEntityTooLarge: if it is longer than the app allows.
    """
    if request.mimetype not in (types or (JSON,)):
        raise WrongMediaType(f"send the body as Content-Type: {' or '.join(types or (JSON,))}")
    if request.content_encoding not in {None, "", "identity"}:
        raise WrongMediaType("send the body without a Content-Encoding")
    data = _received()
    if not data:
        raise MalformedRequest("the body is empty")
    return data


def _received() -> bytes:
    try:
        data = request.get_data(cache=False)
        # A body sent in chunks has no length to check beforehand, and werkzeug cuts it at the limit in silence.
        is_cut = request.content_length is None and bool(request.environ["wsgi.input"].read(1))
    except (ParseException, ClientDisconnected, OSError) as error:
        raise MalformedRequest("the body did not arrive whole; its length or its chunks are wrong") from error
    if is_cut:
        raise RequestEntityTooLarge
    return data
