"""The one module that knows HTTP statuses of errors; every error of the app is problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec
import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from core.errors import JournalUnavailable

MAX_LISTED_FAULTS = 100
PROBLEM = "application/problem+json"
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


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Why a request is refused, and how that is answered.

    Attributes:
        status: Of the answer.
        title: The same for every problem of this kind.
        detail: What would be right.
        headers: Beside those that every answer has.
        extra: Members of the body beside RFC 9457's own.
    """

    status: int
    title: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def content(self) -> bytes:
        """The answer's body."""
        own = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return msgspec.json.encode({**own, **self.extra})

    def response(self) -> Response:
        """The answer."""
        return Response(self.content(), status=self.status, headers=dict(self.headers), content_type=PROBLEM)


def journal_unavailable(error: JournalUnavailable, request_id: str | None) -> Problem:
    """Log that a request cannot be written down, and refuse it."""
    _LOG.error("the journal is not available", request_id=request_id, problem=str(error))
    return Problem(
        503,
        "Service unavailable",
        "nothing can be written to the journal now; try again",
        {"Retry-After": str(_RETRY_AFTER_S)},
    )


def init_app(app: Flask) -> None:
    """Answer every error of the app as problem+json."""
    app.register_error_handler(MalformedRequest, lambda error: Problem(400, "Bad request", error.problem).response())
    app.register_error_handler(
        WrongMediaType, lambda error: Problem(415, "Unsupported media type", str(error)).response()
    )
    app.register_error_handler(InvalidInput, _invalid_input)
    app.register_error_handler(
        JournalUnavailable, lambda error: journal_unavailable(error, g.get("request_id")).response()
    )
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, lambda error: unexpected(error, g.get("request_id"), request.path).response())


def _invalid_input(error: InvalidInput) -> Response:
    detail = "1 fault; nothing was scored" if error.count == 1 else f"{error.count} faults; nothing was scored"
    return Problem(422, "Invalid input", detail, extra=listed(error)).response()


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    details = {
        404: f"there is no {request.path}; /docs lists what there is",
        405: f"{request.path} does not take {request.method}",
        413: "the body is larger than MAX_BODY_BYTES allows (of lines MAX_STREAM_BYTES, of what drift found 64 MB)",
    }
    kept = {"allow", "content-range", "retry-after"}
    headers = {name: value for name, value in error.get_headers() if name.lower() in kept}
    return Problem(status, error.name, details.get(status, error.description or error.name), headers).response()


def unexpected(error: Exception, request_id: str | None, path: str) -> Problem:
    """Log what nobody foresaw, and tell the caller nothing of it."""
    _LOG.error("unexpected error", request_id=request_id, path=path, exc_info=error)
    return Problem(500, "Internal server error", "this is our fault; the log of the service says more")
