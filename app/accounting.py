"""One log line a request, under an id that the caller may choose and always gets back; and the request's metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import uuid_utils
from flask import Flask, Response, g, request

from app.headers import REQUEST_ID
from app.metrics.requests import RequestMeter
from app.tracing import Traces
from core.logs import frequent_event

if TYPE_CHECKING:
    from opentelemetry.trace import Span

# A path that is none of ours must not make a time series of its own.
OTHER_ROUTE = "other"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def request_id(given: str | None) -> str:
    """The id that a caller gave a request, if it is one that a log can hold, or else a new one."""
    return given if given and _ACCEPTABLE_ID.fullmatch(given) else uuid_utils.uuid7().hex


class Accounts:
    """Counts and logs requests."""

    def __init__(self, model_tag: str, meter: RequestMeter, traces: Traces | None = None) -> None:
        self._log = frequent_event("request")
        self._tag, self._meter, self._traces = model_tag, meter, traces
        self.drop = meter.drop

    def begin(self, trace: str | None = None) -> None:
        """
        A request begins to be answered; it ends by `close`, or by `drop` where others begin anew.

        Args:
            trace: Its traceparent header.
        """
        self._meter.begin()
        if self._traces is not None:
            self._traces.begin(trace)

    def take_span(self) -> Span | None:
        """The span of the request that is being answered, for one whose end comes later."""
        return None if self._traces is None else self._traces.take()

    def close(
        self,
        *,
        made: str,
        method: str,
        path: str,
        route: str,
        status: int,
        started: float,
        rows: int,
        sent: int,
        trace: str | None,
        model_tag: str | None = None,
        span: Span | None = None,
    ) -> None:
        """
        Account for an answered request, after `begin`.

        Args:
            made: The request's id.
            method: As it was sent.
            path: As it was sent.
            route: The rule that took it.
            status: Of the answer.
            started: When it began, by `time.perf_counter`.
            rows: How many were scored or reported.
            sent: Bytes of the answer's body.
            trace: Its traceparent header.
            model_tag: Of the model that scored the rows; None for the champion, or none.
            span: Of its trace; by default that of the request which is being answered.
        """
        seconds = time.perf_counter() - started
        self._meter.end(route, method, status, seconds=seconds, rows=rows, sent=sent)
        tag = model_tag or self._tag
        traced = _TRACEPARENT.fullmatch(trace) if trace else None
        trace_id = traced[1] if traced else None
        if self._traces is not None:
            span = span or self._traces.take()
            if span is not None:
                trace_id = self._traces.end(span, route=route, method=method, status=status, rows=rows, model_tag=tag)
        self._log(
            request_id=made,
            method=method,
            # Quoted, because a path may hold escape sequences that a terminal would obey.
            path=_printable(path),
            status=status,
            duration_ms=round(seconds * 1000, 2),
            rows=rows,
            model_tag=tag,
            **({"trace_id": trace_id} if trace_id else {}),
        )


def init_app(app: Flask, accounts: Accounts) -> None:
    """
    Account for every request of the app.

    Args:
        app: The service.
        accounts: What counts and logs.
    """

    @app.before_request
    def start() -> None:
        accounts.begin(request.headers.get("traceparent"))
        g.started = time.perf_counter()
        g.request_id = request_id(request.headers.get(REQUEST_ID))

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers[REQUEST_ID] = g.request_id
        trace = request.headers.get("traceparent")
        if trace:
            response.headers["traceparent"] = trace
        here = g._get_current_object()  # noqa: SLF001  # as werkzeug documents it
        close = partial(
            accounts.close,
            made=here.request_id,
            method=request.method,
            path=request.path,
            route=request.url_rule.rule if request.url_rule else OTHER_ROUTE,
            status=response.status_code,
            started=here.started,
            trace=trace,
            model_tag=here.get("model_tag"),
            span=accounts.take_span(),
        )
        if response.is_streamed:
            # How many rows, how many bytes and how long is known at its end.
            sent = _Sent()
            if response.content_length is None:
                response.response = sent.counted(response.iter_encoded())
            size = response.content_length
            response.call_on_close(lambda: close(rows=here.get("rows", 0), sent=sent.size if size is None else size))
        else:
            close(rows=here.get("rows", 0), sent=response.calculate_content_length() or 0)
        return response


class _Sent:
    """How much of a body has gone out."""

    size = 0

    def counted(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """The parts of a body, as they are."""
        for part in parts:
            self.size += len(part)
            yield part


@lru_cache(maxsize=256)
def _printable(path: str) -> str:
    return quote(path)
