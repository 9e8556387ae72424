"""
The fast lane: answers a clean request for one row before Flask sees it.

It takes half of the time that the way through Flask's contexts and routing takes, and gives the same answers: what
is in any way unusual (another route, a wrong key, a body that is not clean, a header that asks for something) goes the
ordinary way, with its body as if nobody had read it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from app.access import Access
from app.accounting import Accounts, request_id
from app.body import JSON
from app.decoder import Columns, Decoder
from app.headers import REQUEST_ID, is_name
from app.journal import Journal, Request
from app.keys import Scope
from app.served_model import ServedModel
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
)
_encode = msgspec.json.Encoder().encode


class FastLane:
    """A WSGI application in front of Flask's."""

    def __init__(
        self,
        ordinary: Wsgi,
        model: ServedModel,
        journal: Journal,
        access: Access,
        accounts: Accounts,
        *,
        max_bytes: int,
    ) -> None:
        self.ordinary, self._model, self._journal = ordinary, model, journal
        self._access, self._accounts, self._max_bytes = access, accounts, max_bytes
        self._decoder = Decoder(model.contract, max_rows=1)
        self._headers = {scheme: [("Content-Type", JSON), *headers_for(scheme)] for scheme in ("http", "https")}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or leave it to the ordinary way."""
        if environ["PATH_INFO"] == PREDICT and environ["REQUEST_METHOD"] == "POST":
            started = time.perf_counter()
            length = self._length(environ)
            if length:
                body = environ["wsgi.input"].read(length)
                answer = self._answer(environ, body, started) if len(body) == length else None
                if answer is not None:
                    made, content = answer
                    headers = [("Content-Length", str(len(content))), (REQUEST_ID, made)]
                    start_response("200 OK", self._headers[environ["wsgi.url_scheme"]] + headers)
                    return [content]
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

    def _answer(self, environ: WSGIEnvironment, body: bytes, started: float) -> tuple[str, bytes] | None:
        address = environ.get("REMOTE_ADDR", "")
        key = self._access.key_of(environ.get("HTTP_AUTHORIZATION", ""), _SCOPES, address)
        if key is None:
            return None
        values = self._decoder.row(body)
        subject = environ.get("HTTP_X_SUBJECT")
        if values is None or (subject is not None and not is_name(subject)):
            return None
        # What is counted here and left to the ordinary way is counted there again.
        if not self._access.count(key):
            return None
        made = request_id(environ.get("HTTP_X_REQUEST_ID"))
        columns = Columns([(value,) for value in values], 1)
        scored = self._model.score(columns)
        try:
            (row,) = self._journal.record(
                Request(request_id=made, started=started, is_batch=False, subject=subject), columns, scored
            )
        except JournalUnavailable:
            return None
        (answer,) = scored.answers([row])
        answer.model_tag = self._model.tag
        content = _encode(answer)
        self._accounts.close(
            made=made, method="POST", path=PREDICT, route=PREDICT, status=200, started=started, rows=1, trace=None
        )
        return made, content
