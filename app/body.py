"""Reads a request's body: of the right type, unpacked, within the limit; whole, or into a file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

import structlog
from flask import g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, ServiceUnavailable

from app.errors import MalformedRequest, WrongMediaType

JSON, CSV, NDJSON = "application/json", "text/csv", "application/x-ndjson"
IDENTITY, GZIP = "identity", "gzip"
_PART_BYTES = 65_536
# A body that is read into a file lies in memory up to here.
_IN_MEMORY_BYTES = 1_000_000
_LOG = structlog.get_logger()


def read_body(*types: str, max_bytes: int | None = None) -> bytes:
    """
    The body of a request that must be of one of these types, by default JSON.

    Args:
        types: Media types.
        max_bytes: At most so many, as sent or unpacked; by default as many as the app allows.

    Raises:
        WrongMediaType: if it is sent as another.
        MalformedRequest: if it is empty or did not arrive whole.
        RequestEntityTooLarge: if it is longer, as sent or unpacked.
    """
    require_type(types or (JSON,))
    if max_bytes is not None:
        request.max_content_length = max_bytes
    content = b"".join(_content(request.max_content_length or 0))
    if not content:
        raise MalformedRequest("the body is empty")
    return content


def receive_file(*, max_bytes: int) -> IO[bytes]:
    """
    The body as a file, which only the kernel can find; the caller closes it.

    Args:
        max_bytes: At most so many, as sent or unpacked; the app's own limit does not count.

    Raises:
        WrongMediaType: if it is packed in a way that is not known.
        MalformedRequest: if it is empty or did not arrive whole.
        RequestEntityTooLarge: if it is longer.
        ServiceUnavailable: if there is no room for it.
    """
    request.max_content_length = max_bytes
    file = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  # the caller's
    try:
        _fill(file, _content(max_bytes))
    except BaseException:
        file.close()
        raise
    return file


def _fill(file: IO[bytes], parts: Iterable[bytes]) -> None:
    for part in parts:
        try:
            file.write(part)
        except OSError as error:
            _LOG.error("a body cannot be kept", request_id=g.get("request_id"), problem=error.strerror or str(error))
            raise ServiceUnavailable("there is no room for the body now; try again, or in smaller parts") from error
    if not file.tell():
        raise MalformedRequest("the body is empty")
    file.seek(0)


def require_type(types: Iterable[str]) -> None:
    """
    Raises:
        WrongMediaType: if the body is sent as none of these.
    """
    if request.mimetype not in types:
        raise WrongMediaType(f"send the body as Content-Type: {' or '.join(types)}")


def _content(most: int) -> Iterator[bytes]:
    """The body's parts, unpacked; a small body may unpack to a huge one, so no more is unpacked than it may have."""
    encoding = (request.content_encoding or IDENTITY).strip().lower()
    if encoding not in {IDENTITY, GZIP}:
        raise WrongMediaType("send the body as it is, or with Content-Encoding: gzip")
    size = 0
    for part in _unpacked(_received(most)) if encoding == GZIP else _received(most):
        size += len(part)
        if size > most:
            raise RequestEntityTooLarge
        yield part


def _received(most: int) -> Iterator[bytes]:
    if request.content_length is None:
        # A body sent in chunks has no length to check beforehand, and werkzeug cuts it at the limit in silence.
        request.max_content_length = most + 1
    try:
        # Where it fits into memory it is read at once: gunicorn copies what is left with every part.
        whole = request.content_length if request.content_length in range(_IN_MEMORY_BYTES + 1) else None
        while part := request.stream.read(whole or _PART_BYTES):
            yield part
    except (ParseException, ClientDisconnected, OSError) as error:
        raise MalformedRequest("the body did not arrive whole; its length or its chunks are wrong") from error


def _unpacked(parts: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        for part in parts:
            rest = part
            while rest:
                yield unpacker.decompress(rest, _PART_BYTES)
                rest = unpacker.unconsumed_tail
            if unpacker.unused_data:
                break
        yield unpacker.flush()
    except zlib.error as error:
        raise MalformedRequest("the body is not what Content-Encoding says: gzip") from error
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedRequest("the body is not what Content-Encoding says: gzip, in one piece")
