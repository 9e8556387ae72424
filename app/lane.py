"""
The fast lane: answers a clean request for one row, or refuses one whoever asks, before Flask sees it.

It takes half of the time that the way through Flask's contexts and routing takes, and gives the same answers: what
is in any way unusual (another route, a body that is not clean, a header that asks for something) goes the ordinary
way, with its body as if nobody had read it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug.http import HTTP_STATUS_CODES

from app.access import Access
from app.accounting import Accounts, request_id
from app.answering import Answering
from app.body import JSON
from app.decoder import Columns, Decoder
from app.errors import PROBLEM, Problem, journal_unavailable, unexpected
from app.headers import REQUEST_ID, is_name
from app.journal import Request
from app.keys import Scope
from app.served_model import Answer
from app.shield import Wsgi, headers_for
from core.errors import JournalUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREDICT = "/v1/predict"
_SCOPES = frozenset({Scope.PREDICT})
# What these ask for, the ordinary way knows how to do.
_UNUSUAL = (
    "HTTP_CONTENT_ENCODING",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_ORIGIN",
    "HTTP_TRACEPARENT",
    "HTTP_IDEMPOTENCY_KEY",
    "HTTP_X_UNRECORDED",
)
_encode = msgspec.json.Encoder().encode


class FastLane:
    """A WSGI application in front of Flask's."""

    def __init__(
        self,
        ordinary: Wsgi,
        answering: Answering,
        access: Access,
        accounts: Accounts,
        *,
        max_bytes: int,
    ) -> None:
        self.ordinary, self._answering = ordinary, answering
        self._access, self._accounts, self._max_bytes = access, accounts, max_bytes
        self._decoder = Decoder(answering.arms.champion.contract, max_rows=1)
        self._headers = {scheme: headers_for(scheme) for scheme in ("http", "https")}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or leave it to the ordinary way."""
        if environ["PATH_INFO"] == PREDICT and environ["REQUEST_METHOD"] == "POST":
            started = time.perf_counter()
            length = self._length(environ)
            if length:
                body = environ["wsgi.input"].read(length)
                made = request_id(environ.get("HTTP_X_REQUEST_ID"))
                answer = self._begun(environ, body, made, started) if len(body) == length else None
                if answer is not None:
                    return self._send(answer, made, environ["wsgi.url_scheme"], started, start_response)
                environ["wsgi.input"] = io.BytesIO(body)
        return self.ordinary(environ, start_response)

    def _length(self, environ: WSGIEnvironment) -> int:
        """How long the body of an ordinary-looking request is; 0 for any other."""
        text = environ.get("CONTENT_LENGTH", "")
        if environ.get("CONTENT_TYPE") != JSON or environ.get("QUERY_STRING") or not text.isdigit() or len(text) > 10:
            return 0
        if any(name in environ for name in _UNUSUAL) or int(text) > self._max_bytes:
            return 0
        return int(text)

    def _begun(self, environ: WSGIEnvironment, body: bytes, made: str, started: float) -> Answer | Problem | None:
        self._accounts.begin()
        answer = None
        try:
            answer = self._answer(environ, body, made, started)
        finally:
            if answer is None:
                self._accounts.drop()
        return answer

    def _answer(self, environ: WSGIEnvironment, body: bytes, made: str, started: float) -> Answer | Problem | None:
        address = environ.get("REMOTE_ADDR", "")
        caller = self._access.caller(environ.get("HTTP_AUTHORIZATION", ""), _SCOPES, address, made)
        if isinstance(caller, Problem):
            return caller
        values = self._decoder.row(body)
        subject = environ.get("HTTP_X_SUBJECT")
        if values is None or (subject is not None and not is_name(subject)):
            return None
        # From here on it is answered here: the ordinary way would count it again.
        excess = self._access.count(caller)
        if excess is not None:
            return excess
        try:
            return self._scored(values, Request(request_id=made, started=started, is_batch=False, subject=subject))
        except JournalUnavailable as error:
            return journal_unavailable(error, made)
        except Exception as error:  # noqa: BLE001  # as Flask itself does: a graph fails in ways of its own
            return unexpected(error, made, PREDICT)

    def _scored(self, values: Sequence[Any], request: Request) -> Answer:
        columns = Columns([(value,) for value in values], 1)
        answered, (row,) = self._answering.answer(columns, request)
        return answered.single(row)

    def _send(
        self, answer: Answer | Problem, made: str, scheme: str, started: float, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers: Mapping[str, str] = {}
        tag = None
        if isinstance(answer, Problem):
            status, content, kind, headers = answer.status, answer.content(), PROBLEM, answer.headers
        else:
            status, content, kind, tag = 200, _encode(answer), JSON, str(answer.model_tag)
        own = [("Content-Type", kind), ("Content-Length", str(len(content))), (REQUEST_ID, made)]
        start_response(
            f"{status} {HTTP_STATUS_CODES[status].upper()}", [*self._headers[scheme], *own, *headers.items()]
        )
        self._accounts.close(
            made=made,
            method="POST",
            path=PREDICT,
            route=PREDICT,
            status=status,
            started=started,
            rows=1 if status == 200 else 0,
            sent=len(content),
            trace=None,
            model_tag=tag,
        )
        return [content]
