"""Traces: a span a request, with its parts, whichever way it is answered."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import pytest
from flask.testing import FlaskClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import create_app, tracing
from app.settings import ServiceSettings
from core.registry import DirectoryRegistry
from tests.commands import ROOT

ROW = {"age": 30, "city": "Oslo"}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(
    registry: DirectoryRegistry, environment: dict[str, str], exporter: InMemorySpanExporter
) -> Iterator[FlaskClient]:
    """A service whose spans stay here."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = create_app(ServiceSettings.from_env(environment), registry=registry, trace=lambda _: tracing.Traces(provider))
    yield app.test_client()
    provider.shutdown()


def by_name(spans: Sequence[ReadableSpan]) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans}


@pytest.mark.parametrize("headers", [{}, {"traceparent": PARENT}], ids=["by itself", "as a part of the caller's"])
def test_a_prediction_is_a_span_with_its_parts(
    traced: FlaskClient, exporter: InMemorySpanExporter, headers: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert traced.post("/v1/predict", json=ROW, headers=headers).status_code == 200

    found = by_name(exporter.get_finished_spans())
    assert set(found) == {"POST /v1/predict", "score", "journal"}
    whole = found["POST /v1/predict"]
    assert whole.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/predict",
        "http.response.status_code": 200,
        "slipway.rows": 1,
        "slipway.model_tag": "model-v1.0.0",
    }
    for name in ("score", "journal"):
        part = found[name]
        assert part.parent is not None
        assert part.parent.span_id == whole.context.span_id
        assert part.start_time is not None
        assert part.end_time is not None
        assert whole.start_time is not None
        assert whole.end_time is not None
        assert whole.start_time <= part.start_time <= part.end_time <= whole.end_time
    trace = f"{whole.context.trace_id:032x}"
    assert (whole.parent is not None) == bool(headers)
    assert not headers or trace in PARENT
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["trace_id"] for event in events if event["event"] == "request"] == [trace]


def test_what_the_lane_leaves_to_others_is_one_span(traced: FlaskClient, exporter: InMemorySpanExporter) -> None:
    assert traced.post("/v1/predict", json={}).status_code == 422
    (span,) = exporter.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 422


def test_lines_are_one_span_that_ends_with_the_last(traced: FlaskClient, exporter: InMemorySpanExporter) -> None:
    kind = "application/x-ndjson"
    traced.post("/v1/predict/batch", data=f"{json.dumps(ROW)}\n" * 2500, content_type=kind, buffered=True)
    whole = by_name(exporter.get_finished_spans())["POST /v1/predict/batch"]
    assert whole.attributes is not None
    assert whole.attributes["slipway.rows"] == 2500


def test_a_request_after_another_has_a_trace_of_its_own(traced: FlaskClient, exporter: InMemorySpanExporter) -> None:
    for _ in range(2):
        traced.get("/livez")
    first, second = exporter.get_finished_spans()
    assert first.context.trace_id != second.context.trace_id
    assert (first.parent, second.parent) == (None, None)


def test_without_a_collector_there_are_no_traces(environment: dict[str, str]) -> None:
    assert tracing.open_traces(ServiceSettings.from_env(environment)) is None


def test_the_address_of_a_collector_is_shown_nowhere(environment: dict[str, str]) -> None:
    address = "https://user:hunter2@collector.test"
    settings = ServiceSettings.from_env(environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": address})
    assert "hunter2" not in repr(settings)


def test_a_collector_that_never_answers_holds_up_no_end(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "_FLUSH_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        settings = ServiceSettings.from_env(environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": url})
        traces = tracing.open_traces(settings)
        assert traces is not None
        traces.begin("0" * 5000)
        span = traces.take()
        assert span is not None
        traces.end(span, route="/v1/predict", method="POST", status=200, rows=1, model_tag="model-v1.0.0")
        traces.close()
        # It goes on trying beside the end of the process.
        assert [each for each in threading.enumerate() if each.name == "traces" and each.daemon]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OTEL_BSP_SCHEDULE_DELAY", "-1", "the variables OTEL_*: OpenTelemetry refuses one of them"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1", "the variables OTEL_*: OpenTelemetry refuses one of them"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization: Bearer hunter2", "OTEL_EXPORTER_OTLP_HEADERS: takes NAME=VALUE"),
    ],
)
def test_what_the_library_refuses_of_its_variables_is_named(
    name: str, value: str, said: str, environment: dict[str, str]
) -> None:
    address = "http://127.0.0.1:4318"
    variables = environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": address, name: value}
    # In a process of its own, as it reads some of them when it is imported.
    program = (
        "import os; from app.settings import ServiceSettings; from app.tracing import open_traces; "
        "open_traces(ServiceSettings.from_env(os.environ))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=os.environ | variables, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"SettingsError: environment: {said}" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_headers_as_they_should_be_are_sent(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20hunter2, x-team=a,")
    settings = ServiceSettings.from_env(environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    traces = tracing.open_traces(settings)
    assert traces is not None
    traces.close()
