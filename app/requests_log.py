"""One log line a request, under an id that the caller may choose and always gets back."""

from __future__ import annotations

import re
import time
import uuid
from urllib.parse import quote

import structlog
from flask import Flask, Response, g, request

from app.served_model import ServedModel

REQUEST_ID_HEADER = "X-Request-ID"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOG = structlog.get_logger()


def init_app(app: Flask, model: ServedModel) -> None:
    """Log every request of the app."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()
        given = request.headers.get(REQUEST_ID_HEADER, "")
        g.request_id = given if _ACCEPTABLE_ID.fullmatch(given) else uuid.uuid4().hex

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers[REQUEST_ID_HEADER] = g.request_id
        _LOG.info(
            "request",
            request_id=g.request_id,
            method=request.method,
            # Quoted, because a path may hold escape sequences that a terminal would obey.
            path=quote(request.path),
            status=response.status_code,
            duration_ms=round((time.perf_counter() - g.started) * 1000, 2),
            rows=g.get("rows", 0),
            model_tag=model.tag,
        )
        return response
