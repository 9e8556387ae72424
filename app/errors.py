"""The one module that knows HTTP statuses of errors; every error of the app is problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec
import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from core.errors import JournalUnavailable

MAX_LISTED_FAULTS = 100
_RETRY_AFTER_S = 5
_LOG = structlog.get_logger()


class InputFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong with a request: the row (in batches, from 0), the field, and what would be right."""

    row: int | None = None
    field: str | None = None
    problem: str


class MalformedRequest(Exception):
    """The body is not what the route takes at all."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class WrongMediaType(Exception):
    """The body is not of the type, or in the encoding, that the route takes."""


class InvalidInput(Exception):
    """The body is well-formed, and breaks the contract: the first hundred places, and how many there are."""

    def __init__(self, faults: Iterable[InputFault]) -> None:
        remaining = iter(faults)
        self.listed = tuple(islice(remaining, MAX_LISTED_FAULTS))
        self.count = len(self.listed) + sum(1 for _ in remaining)
        super().__init__(f"{self.count} faults")


def listed(faults: InvalidInput | None) -> dict[str, Any]:
    """Faults as an answer lists them: the first hundred, and how many more there are."""
    if faults is None:
        return {}
    omitted = faults.count - len(faults.listed)
    return {"errors": faults.listed, **({"errors_omitted": omitted} if omitted else {})}


def json_response(value: Any) -> Response:
    """A successful answer."""
    return Response(msgspec.json.encode(value), content_type="application/json")


def problem(status: int, title: str, detail: str, **extra: Any) -> Response:
    """A problem+json response."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}
    return Response(msgspec.json.encode(body), status=status, content_type="application/problem+json")


def init_app(app: Flask) -> None:
    """Answer every error of the app as problem+json."""
    app.register_error_handler(MalformedRequest, lambda error: problem(400, "Bad request", error.problem))
    app.register_error_handler(WrongMediaType, lambda error: problem(415, "Unsupported media type", str(error)))
    app.register_error_handler(InvalidInput, _invalid_input)
    app.register_error_handler(JournalUnavailable, _journal_unavailable)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _invalid_input(error: InvalidInput) -> Response:
    detail = "1 fault; nothing was scored" if error.count == 1 else f"{error.count} faults; nothing was scored"
    return problem(422, "Invalid input", detail, **listed(error))


def _journal_unavailable(error: JournalUnavailable) -> Response:
    _LOG.error("the journal is not available", request_id=g.get("request_id"), problem=str(error))
    answer = problem(503, "Service unavailable", "nothing can be written to the journal now; try again")
    answer.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return answer


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    details = {
        404: f"there is no {request.path}; /docs lists what there is",
        405: f"{request.path} does not take {request.method}",
        413: "the body is larger than MAX_BODY_BYTES (of lines, MAX_STREAM_BYTES) allows",
    }
    answer = problem(status, error.name, details.get(status, error.description or error.name))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "content-range", "retry-after"}:
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    _LOG.error("unexpected error", request_id=g.get("request_id"), path=request.path, exc_info=error)
    return problem(500, "Internal server error", "this is our fault; the log of the service says more")
