"""Reads a request's body: whole, of the right type, within the limit."""

from __future__ import annotations

import zlib

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.errors import MalformedRequest, WrongMediaType

JSON, CSV = "application/json", "text/csv"
IDENTITY, GZIP = "identity", "gzip"
_MOST_UNPACKED = 10_000_000


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
    encoding = (request.content_encoding or IDENTITY).strip().lower()
    if encoding not in {IDENTITY, GZIP}:
        raise WrongMediaType("send the body as it is, or with Content-Encoding: gzip")
    data = _received()
    if encoding == GZIP:
        data = _unpacked(data)
    if not data:
        raise MalformedRequest("the body is empty")
    return data


def _unpacked(data: bytes) -> bytes:
    """
    What was compressed; a small body may unpack to a huge one, so no more is unpacked than a body may have.

    Raises:
        MalformedRequest: if it is no gzip.
        RequestEntityTooLarge: if there is more of it.
    """
    most = request.max_content_length or _MOST_UNPACKED
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(data, most + 1)
    except zlib.error as error:
        raise MalformedRequest("the body is not what Content-Encoding says: gzip") from error
    if len(content) > most:
        raise RequestEntityTooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedRequest("the body is not what Content-Encoding says: gzip, in one piece")
    return content


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
