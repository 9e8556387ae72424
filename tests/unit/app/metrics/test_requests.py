"""What is counted of requests."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from app.body import NDJSON
from app.metrics.requests import RequestMeter

ROW = {"age": 30, "city": "Oslo"}


@pytest.fixture
def counted() -> CollectorRegistry:
    return CollectorRegistry()


def in_flight(client: FlaskClient) -> float:
    """How many requests are being answered, this one among them."""
    (line,) = [each for each in client.get("/metrics").text.splitlines() if each.startswith("slipway_requests_in_f")]
    return float(line.split()[-1])


def test_a_request_is_in_flight_until_it_is_answered_or_left_to_others(counted: CollectorRegistry) -> None:
    meter = RequestMeter(counted)
    seen = []
    meter.begin()
    meter.begin()
    seen.append(counted.get_sample_value("slipway_requests_in_flight"))
    meter.drop()
    meter.end("/v1/predict", "POST", 200, seconds=0.004, rows=1, sent=100)
    seen.append(counted.get_sample_value("slipway_requests_in_flight"))

    assert seen == [2, 0]
    by = {"route": "/v1/predict", "method": "POST", "status": "200"}
    assert counted.get_sample_value("slipway_request_duration_seconds_bucket", by | {"le": "0.005"}) == 1
    assert counted.get_sample_value("slipway_request_duration_seconds_bucket", by | {"le": "0.003"}) == 0
    assert counted.get_sample_value("slipway_response_bytes_total", {"route": "/v1/predict"}) == 100


@pytest.mark.parametrize("route", ["/v1/predict", "/v1/predict/batch", "/v1/outcomes"])
@pytest.mark.parametrize("status", ["500", "503"])
def test_failures_are_there_before_the_first_one_so_that_it_is_an_increase(
    counted: CollectorRegistry, route: str, status: str
) -> None:
    RequestMeter(counted)
    by = {"route": route, "method": "POST", "status": status}
    assert counted.get_sample_value("slipway_request_duration_seconds_count", by) == 0


def test_those_sent_away_are_counted(counted: CollectorRegistry) -> None:
    meter = RequestMeter(counted)
    meter.send_away()
    assert counted.get_sample_value("slipway_requests_sent_away_total") == 1


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/v1/predict", json.dumps(ROW), "application/json"),
        ("/v1/predict", "{}", "application/json"),
        ("/v1/predict", "{", "application/json"),
        ("/v1/predict/batch", json.dumps({"rows": [ROW]}), "application/json"),
        ("/v1/predict/batch", f"{json.dumps(ROW)}\n" * 2500, NDJSON),
        ("/nowhere", "", "text/plain"),
    ],
    ids=["clean", "incomplete", "broken", "batch", "lines", "nowhere"],
)
def test_whatever_is_asked_is_in_flight_no_more_afterwards(
    client: FlaskClient, path: str, body: str, kind: str
) -> None:
    answer = client.post(path, data=body, content_type=kind, buffered=True)

    assert in_flight(client) == 1
    metrics = client.get("/metrics").text
    route = path if path != "/nowhere" else "other"
    assert f'slipway_response_bytes_total{{route="{route}"}} {len(answer.data)}.0' in metrics


def test_bytes_are_counted_as_they_are_sent(client: FlaskClient) -> None:
    packed = client.post("/v1/predict/batch", json={"rows": [ROW] * 200}, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    metrics = client.get("/metrics").text
    assert f'slipway_response_bytes_total{{route="/v1/predict/batch"}} {len(packed.data)}.0' in metrics


def test_a_caller_who_leaves_before_the_end_is_in_flight_no_more(app: Flask) -> None:
    client = app.test_client()
    body = f"{json.dumps(ROW)}\n" * 2500
    answer = client.post("/v1/predict/batch", data=body, content_type=NDJSON, buffered=False)
    parts = iter(answer.response)
    next(parts)
    during = in_flight(client)
    answer.close()

    assert (during, in_flight(client)) == (2, 1)
