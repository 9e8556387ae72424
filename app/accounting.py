"""One log line a request, under an id that the caller may choose and always gets back; and the request's metrics."""

from __future__ import annotations

import re
import time
from functools import lru_cache, partial
from urllib.parse import quote

import uuid_utils
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_flask_exporter import PrometheusMetrics
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics

from app.headers import REQUEST_ID
from core.logs import frequent_event

# A path that is none of ours must not make a time series of its own.
OTHER_ROUTE = "other"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
# Nor a method that nobody knows.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


def request_id(given: str | None) -> str:
    """The id that a caller gave a request, if it is one that a log can hold, or else a new one."""
    return given if given and _ACCEPTABLE_ID.fullmatch(given) else uuid_utils.uuid7().hex


class Accounts:
    """Counts and logs requests."""

    def __init__(self, model_tag: str) -> None:
        self._log = frequent_event("request")
        self._tag = model_tag
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "slipway_request_duration_seconds",
            "Time from the first byte of a request to its answer.",
            ["route", "method", "status"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._rows = Counter("slipway_rows", "Rows that were scored or reported.", ["route"], registry=self.registry)
        self._children = lru_cache(maxsize=1000)(self._bind)

    def _bind(self, route: str, method: str, status: int) -> tuple[Histogram, Counter]:
        """The metrics of a kind of request, looked up once."""
        known = method if method in _METHODS else "OTHER"
        return self._seconds.labels(route, known, str(status)), self._rows.labels(route)

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
        trace: str | None,
        model_tag: str | None = None,
    ) -> None:
        """
        Account for an answered request.

        Args:
            made: The request's id.
            method: As it was sent.
            path: As it was sent.
            route: The rule that took it.
            status: Of the answer.
            started: When it began, by `time.perf_counter`.
            rows: How many were scored or reported.
            trace: Its traceparent header.
            model_tag: Of the model that scored the rows; None for the champion, or none.
        """
        seconds = time.perf_counter() - started
        duration, counter = self._children(route, method, status)
        duration.observe(seconds)
        if rows:
            counter.inc(rows)
        traced = _TRACEPARENT.fullmatch(trace) if trace else None
        self._log(
            request_id=made,
            method=method,
            # Quoted, because a path may hold escape sequences that a terminal would obey.
            path=_printable(path),
            status=status,
            duration_ms=round(seconds * 1000, 2),
            rows=rows,
            model_tag=model_tag or self._tag,
            **({"trace_id": traced[1]} if traced else {}),
        )


class _SharedMetrics(GunicornInternalPrometheusMetrics):  # type: ignore[misc]  # it ships no types
    """Those of all processes, and what else the registry has, which the exporter would leave out."""

    def generate_metrics(self, accept_header: str | None = None, names: list[str] | None = None) -> tuple[str, str]:
        encode, kind = choose_encoder(accept_header or "")
        chosen = self.registry.restricted_registry(names) if names else self.registry
        return encode(chosen).decode(), kind


def init_app(app: Flask, accounts: Accounts, shared: Collector, *, is_one_of_many: bool) -> None:
    """
    Account for every request of the app, and show the metrics under /metrics.

    Args:
        app: The service.
        accounts: What counts.
        shared: What every process knows alike, and one shows for all.
        is_one_of_many: Whether the metrics are those of all processes that share PROMETHEUS_MULTIPROC_DIR.
    """
    if is_one_of_many:
        registry = CollectorRegistry(support_collectors_without_names=True)
        _SharedMetrics(app, registry=registry, export_defaults=False)
    else:
        registry = accounts.registry
        PrometheusMetrics(app, registry=registry, export_defaults=False)
    registry.register(shared)

    @app.before_request
    def start() -> None:
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
        )
        if response.is_streamed:
            # How many rows and how long is known at its end.
            response.call_on_close(lambda: close(rows=here.get("rows", 0)))
        else:
            close(rows=here.get("rows", 0))
        return response


@lru_cache(maxsize=256)
def _printable(path: str) -> str:
    return quote(path)
