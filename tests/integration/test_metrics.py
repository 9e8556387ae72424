"""The metrics of a server with two workers: what they show together, on a port of their own, after one has died."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.keys import Scope, new_key
from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.integration.test_gunicorn import LOOPBACK, READY_S, ROW, Server, free_port, run, serving, wait_for_workers

ASKED, ROWS = 40, 3
GUNICORN = ("gunicorn", "--config", "gunicorn.conf.py", "app.wsgi:application")


def scrape(port: int) -> dict[str, float]:
    """What the port of the metrics shows, by series."""
    text = requests.get(f"http://{LOOPBACK}:{port}/metrics", timeout=10).text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def of(shown: dict[str, float], name: str) -> float:
    """The sum of a metric over its labels."""
    return sum(value for series, value in shown.items() if series.partition("{")[0] == name)


def ask(server: Server, secret: str, times: int) -> None:
    """Ask for a row and for a batch, each time on connections of their own, so that every worker has some."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Connection": "close"}
    address = f"http://{LOOPBACK}:{server.port}/v1/predict"
    for _ in range(times):
        assert requests.post(address, ROW, headers=headers, timeout=10).ok
        batch = b'{"rows": [%s]}' % b", ".join([ROW] * ROWS)
        assert requests.post(f"{address}/batch", batch, headers=headers, timeout=10).ok


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a published model."""
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    return tmp_path


def test_counters_add_up_over_workers_and_outlive_them(folder: Path) -> None:
    secret, key = new_key("caller", [Scope.PREDICT, Scope.ADMIN])
    port = free_port()
    with serving(folder, WEB_CONCURRENCY="2", METRICS_PORT=str(port), API_KEYS=str(key)) as server:
        first, _ = wait_for_workers(server, 2)
        ask(server, secret, ASKED)
        before = scrape(port)
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + READY_S
        while first in server.workers():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        wait_for_workers(server, 2)
        server.wait_until_ready()
        ask(server, secret, ASKED)
        after = scrape(port)
        public = requests.get(f"http://{LOOPBACK}:{server.port}/metrics", timeout=10)
        console = requests.post(f"http://{LOOPBACK}:{server.port}/", {"key": secret}, timeout=10).text

    for shown, asked in ((before, ASKED), (after, 2 * ASKED)):
        assert of(shown, "slipway_predictions_total") == asked * (1 + ROWS)
        assert of(shown, "slipway_prediction_score_count") == asked * (1 + ROWS)
        counted = 'slipway_request_duration_seconds_count{method="POST",route="/v1/predict",status="200"}'
        assert shown[counted] == asked
        assert shown["slipway_requests_in_flight"] == 0
    assert after["slipway_start_timestamp_seconds"] == before["slipway_start_timestamp_seconds"] > 0
    assert f'>/v1/predict</th><td class="n" data-label="Requests">{2 * ASKED}<' in console
    # Where anybody may ask, a key is needed.
    assert public.status_code == 401


def test_a_port_that_somebody_else_has_is_named(folder: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        done = run(folder, "app", "serve", METRICS_PORT=str(port))

    assert done.returncode == 1
    assert done.stderr == (
        f"error: port {port} on {LOOPBACK} is in use; stop that process or set METRICS_PORT to a free one\n"
    )


def test_a_service_that_cannot_show_its_metrics_serves(folder: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        variables = {"METRICS_PORT": str(taken.getsockname()[1])}
        with serving(folder, module=GUNICORN, **variables) as server:
            assert server.request("POST", "/v1/predict", ROW)[0] == 200

    assert "the metrics have no port of their own" in (folder / "output.log").read_text()


def test_those_who_are_sent_away_are_counted(folder: Path) -> None:
    port = free_port()
    with serving(folder, METRICS_PORT=str(port), MAX_WAITING_REQUESTS="1") as server, ThreadPoolExecutor(8) as callers:
        batch = b'{"rows": [%s]}' % b", ".join([ROW] * 2000)
        statuses, deadline = list[int](), time.monotonic() + READY_S
        while 503 not in statuses:
            assert time.monotonic() < deadline
            asked = [callers.submit(server.request, "POST", "/v1/predict/batch", batch) for _ in range(8)]
            statuses += [each.result()[0] for each in asked]
        counted = scrape(port)["slipway_requests_sent_away_total"]

    assert counted == statuses.count(503)


class Collector(ThreadingHTTPServer):
    """Takes OTLP over HTTP, as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        super().__init__((LOOPBACK, 0), _CollectorHandler)


class _CollectorHandler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:  # http.server calls it so
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        sent = ExportTraceServiceRequest.FromString(body)
        is_known = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
        for resource in sent.resource_spans if is_known else ():
            about = {each.key: each.value.string_value for each in resource.resource.attributes}
            names = [span.name for scope in resource.scope_spans for span in scope.spans]
            self.server.taken += [(about["service.name"], name) for name in names]
        self.send_response(200 if is_known else 415)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


def test_what_was_traced_is_sent_before_a_worker_ends(folder: Path) -> None:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        address = f"http://{LOOPBACK}:{collector.server_address[1]}"
        try:
            with serving(folder, OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_SERVICE_NAME="churn") as server:
                assert server.request("POST", "/v1/predict", ROW)[0] == 200
        finally:
            collector.shutdown()
            thread.join()

    assert {("churn", "POST /v1/predict"), ("churn", "score"), ("churn", "journal")} <= set(collector.taken)


def test_a_collector_that_is_away_costs_no_answer(folder: Path) -> None:
    away = f"http://{LOOPBACK}:{free_port()}"
    with serving(folder, OTEL_EXPORTER_OTLP_ENDPOINT=away, OTEL_EXPORTER_OTLP_TIMEOUT="1") as server:
        assert {server.request("POST", "/v1/predict", ROW)[0] for _ in range(20)} == {200}
