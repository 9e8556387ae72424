"""
OpenTelemetry traces, for those who ask for them by OTEL_EXPORTER_OTLP_ENDPOINT: a span a request, and its parts.

Source:
    https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from app.settings import ServiceSettings
from core.errors import Fault, SettingsError
from core.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_LONGEST: Final = 512
_FLUSH_S: Final = 5.0
_HEADERS: Final = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")


class Traces:
    """The spans of a process; of requests that are answered at the same time each has its own."""

    def __init__(self, provider: TracerProvider) -> None:
        """
        Args:
            provider: Knows where spans go.
        """
        from opentelemetry import trace  # noqa: PLC0415  # 3 MB that those without traces need not carry
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415  # too

        self._provider = provider
        self._tracer = provider.get_tracer("slipway", VERSION)
        self._trace, self._propagator = trace, TraceContextTextMapPropagator()
        self._current: ContextVar[Span | None] = ContextVar("span", default=None)

    def begin(self, traceparent: str | None) -> None:
        """
        A request begins.

        Args:
            traceparent: The header that names the span it belongs to.
        """
        # Of one that is too long the library would say so in a line that is no event.
        headers = {"traceparent": traceparent} if traceparent and len(traceparent) <= _LONGEST else {}
        parent = self._propagator.extract(headers)
        self._current.set(self._tracer.start_span("request", parent, self._trace.SpanKind.SERVER))

    def part(self, name: str) -> AbstractContextManager[None]:
        """A part of the request that is being answered, as a block."""
        span = self._current.get()
        return nullcontext() if span is None else self._part(name, span)

    @contextmanager
    def _part(self, name: str, span: Span) -> Iterator[None]:
        part = self._tracer.start_span(name, self._trace.set_span_in_context(span))
        try:
            yield
        finally:
            part.end()

    def take(self) -> Span | None:
        """The span of the request that is being answered, which from now on is the caller's to end."""
        span = self._current.get()
        self._current.set(None)
        return span

    def end(self, span: Span, *, route: str, method: str, status: int, rows: int, model_tag: str) -> str:
        """
        A request was answered.

        Returns:
            The id of its trace, in hexadecimal digits.
        """
        span.update_name(f"{method} {route}")
        span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "slipway.rows": rows,
                "slipway.model_tag": model_tag,
            }
        )
        if status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(time.time_ns())
        return f"{span.get_span_context().trace_id:032x}"

    def close(self) -> None:
        """Send what has not been sent."""
        # Where nobody answers the library tries for longer than it is told to.
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(_FLUSH_S)


def open_traces(settings: ServiceSettings) -> Traces | None:
    """
    What the settings ask for; None if they ask for nothing.

    The other variables of OpenTelemetry's are read by its own library: headers, sampling, time-outs. Most of what it
    cannot use it logs and passes over.

    Raises:
        SettingsError: if it refuses one of them.
    """
    if not settings.traces_endpoint:
        return None
    _refuse_headers()
    about = {"service.name": settings.service_name, "service.version": VERSION}
    try:
        # Some of its variables the library reads as it is imported.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  # see above
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # see above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # see above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  # see above

        provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except (ValueError, RuntimeError) as error:
        problem = f"OpenTelemetry refuses one of them ({error}); set it to another value, or not at all"
        raise SettingsError("environment", [Fault(place="the variables OTEL_*", problem=problem)]) from error
    return Traces(provider)


def _refuse_headers() -> None:
    """Refuse headers that the library would pass over, and repeat in the log with the key that is in them."""
    from opentelemetry.util.re import parse_env_headers  # noqa: PLC0415  # see above

    logging.getLogger("opentelemetry.util.re").setLevel(logging.CRITICAL)
    for name in _HEADERS:
        parts = [part for part in os.environ.get(name, "").split(",") if part.strip()]
        if not all(parse_env_headers(part, liberal=True) for part in parts):
            problem = "takes NAME=VALUE, several of them parted by commas; what it has is not repeated here"
            raise SettingsError("environment", [Fault(place=name, problem=problem)])
