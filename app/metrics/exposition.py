"""Where metrics are shown: under /metrics, and on a port of their own for those who scrape without a key."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from socketserver import TCPServer
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from flask import Flask
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer, choose_encoder
from prometheus_client.registry import Collector
from prometheus_flask_exporter import PrometheusMetrics
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics

_MOST_CONNECTIONS: Final = 16
_PATIENCE_S: Final = 10.0
_LOG = structlog.get_logger()


class _SharedMetrics(GunicornInternalPrometheusMetrics):  # type: ignore[misc]  # it ships no types
    """Those of all processes, and what else the registry has, which the exporter would leave out."""

    def generate_metrics(self, accept_header: str | None = None, names: list[str] | None = None) -> tuple[str, str]:
        encode, kind = choose_encoder(accept_header or "")
        chosen = self.registry.restricted_registry(names) if names else self.registry
        return encode(chosen).decode(), kind


def init_app(app: Flask, counted: CollectorRegistry, shared: Iterable[Collector], *, is_one_of_many: bool) -> None:
    """
    Show metrics under /metrics, and leave what is shown to the app's extension `metrics`.

    Args:
        app: The service.
        counted: What this process counts.
        shared: What every process knows alike, and one shows for all.
        is_one_of_many: Whether what is counted is shown for all processes that share PROMETHEUS_MULTIPROC_DIR.
    """
    if is_one_of_many:
        registry = CollectorRegistry(support_collectors_without_names=True)
        _SharedMetrics(app, registry=registry, export_defaults=False)
    else:
        registry = counted
        PrometheusMetrics(app, registry=registry, export_defaults=False)
    for collector in shared:
        registry.register(collector)
    app.extensions["metrics"] = registry


def open_port(registry: CollectorRegistry, host: str, port: int) -> None:
    """Show metrics on a port; where that cannot be done, the service goes on without it."""
    try:
        MetricsPort(registry, host, port)
    except OSError as error:
        _LOG.error("the metrics have no port of their own", port=port, problem=error.strerror or str(error))


class _Server(ThreadingWSGIServer):
    """Every worker listens, and any of them answers for all."""

    allow_reuse_port = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._room = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own, unless too many do: each has a file that the service may need."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            # There was no thread to be had.
            self._room.release()
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # the library's own signature
        """Who sends nothing, or hangs up, is no event."""
        if not isinstance(sys.exception(), OSError):
            _LOG.exception("the metrics cannot be shown on their port")

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def server_bind(self) -> None:
        """Listen, without asking a name service who this is, which may take its time."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Silent(WSGIRequestHandler):
    """Its lines would be no events; who sends nothing is not waited for."""

    timeout = _PATIENCE_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the standard library's own signature
        """Say nothing."""


class MetricsPort:
    """
    A port that answers with the metrics, whoever asks and whatever the path.

    It has threads of its own, so that a service that sends callers away can still be watched.
    """

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        """
        Args:
            registry: What is shown.
            host: The address to listen on.
            port: Likewise.

        Raises:
            OSError: if it cannot listen there.
        """
        self._server = make_server(host, port, make_wsgi_app(registry), _Server, _Silent)
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
