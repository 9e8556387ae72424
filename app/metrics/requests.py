"""How many requests come, what they are answered, how long that takes and how many bytes go out."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.started import STARTED

# Nor must a method that nobody knows make a time series of its own.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Those that most requests are for, and how they fail.
_PROMISED: Final = ("/v1/predict", "/v1/predict/batch", "/v1/outcomes")
_UNAVAILABLE: Final = 503
_FAILURES: Final = (500, _UNAVAILABLE)
_BUCKETS_S: Final = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class _Kind(NamedTuple):
    """The metrics of a kind of request, looked up once."""

    seconds: Histogram
    rows: Counter
    sent: Counter


class RequestMeter:
    """Counts the requests of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """
        Args:
            registry: Of the process's metrics.
        """
        self._seconds = Histogram(
            "slipway_request_duration_seconds",
            "Time from the first byte of a request to its answer.",
            ["route", "method", "status"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._rows = Counter("slipway_rows", "Rows that were scored or reported.", ["route"], registry=registry)
        self._bytes = Counter("slipway_response_bytes", "Bodies of answers, as sent.", ["route"], registry=registry)
        self._in_flight = Gauge(
            "slipway_requests_in_flight",
            "Requests that are being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._sent_away = Counter(
            "slipway_requests_sent_away",
            "Requests that were answered 503 before they were read, as too many were there.",
            registry=registry,
        )
        Gauge(
            "slipway_start_timestamp_seconds",
            "When the server began, in seconds since 1970.",
            registry=registry,
            multiprocess_mode="livemin",
        ).set(STARTED)
        self._kind = lru_cache(maxsize=1000)(self._bind)
        # What begins with its first failures shows no increase to whoever has not seen it before.
        for route in _PROMISED:
            for status in _FAILURES:
                self._kind(route, "POST", status)
        self._kind("/readyz", "GET", _UNAVAILABLE)

    def _bind(self, route: str, method: str, status: int) -> _Kind:
        known = method if method in _METHODS else "OTHER"
        seconds = self._seconds.labels(route, known, str(status))
        return _Kind(seconds, self._rows.labels(route), self._bytes.labels(route))

    def begin(self) -> None:
        """A request begins to be answered."""
        self._in_flight.inc()

    def drop(self) -> None:
        """It is left to somebody else, who begins anew."""
        self._in_flight.dec()

    def end(self, route: str, method: str, status: int, *, seconds: float, rows: int, sent: int) -> None:
        """
        A request that began was answered.

        Args:
            route: The rule that took it.
            method: As it was sent.
            status: Of the answer.
            seconds: That it took.
            rows: That were scored or reported.
            sent: Bytes of the answer's body.
        """
        self._in_flight.dec()
        kind = self._kind(route, method, status)
        kind.seconds.observe(seconds)
        kind.sent.inc(sent)
        if rows:
            kind.rows.inc(rows)

    def send_away(self) -> None:
        """A request was answered that there are too many."""
        self._sent_away.inc()
