"""One log line a request, under an id that the caller may choose and always gets back."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from urllib.parse import quote

import structlog
import uuid_utils
from flask import Flask, Response, g, request

from app.served_model import ServedModel

REQUEST_ID_HEADER = "X-Request-ID"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def init_app(app: Flask, model: ServedModel) -> None:
    """Log every request of the app."""
    # Bound once: finding out how logs are set up would cost more than the line itself.
    log = structlog.get_logger().bind()

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()
        given = request.headers.get(REQUEST_ID_HEADER, "")
        g.request_id = given if given and _ACCEPTABLE_ID.fullmatch(given) else uuid_utils.uuid7().hex

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers[REQUEST_ID_HEADER] = g.request_id
        log.info(
            "request",
            request_id=g.request_id,
            method=request.method,
            # Quoted, because a path may hold escape sequences that a terminal would obey.
            path=_printable(request.path),
            status=response.status_code,
            duration_ms=round((time.perf_counter() - g.started) * 1000, 2),
            rows=g.get("rows", 0),
            model_tag=model.tag,
        )
        return response


@lru_cache(maxsize=256)
def _printable(path: str) -> str:
    return quote(path)
