"""One log line a request, and the id that ties it to the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.settings import ServiceSettings
from core.registry import DirectoryRegistry

ROW = {"age": 30, "city": "Oslo"}


@pytest.fixture
def start(registry: DirectoryRegistry, environment: dict[str, str]) -> Callable[[], FlaskClient]:
    """Makes the client within the test, because pytest gives a test another standard output than its fixtures."""
    return lambda: create_app(ServiceSettings.from_env(environment), registry=registry).test_client()


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_request_is_one_line_with_its_fields(
    capsys: pytest.CaptureFixture[str], start: Callable[[], FlaskClient]
) -> None:
    start().post("/v1/predict", json=ROW, headers={"X-Request-ID": "abc"})

    (line,) = logged(capsys)
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp")
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "abc",
        "method": "POST",
        "path": "/v1/predict",
        "status": 200,
        "rows": 1,
        "model_tag": "model-v1.0.0",
    }


@pytest.mark.parametrize(
    ("path", "body", "status", "rows"),
    [
        ("/v1/predict/batch", {"rows": [ROW] * 3}, 200, 3),
        ("/v1/predict/batch", {"rows": [ROW, {}]}, 422, 0),
        ("/v1/predict", {}, 422, 0),
        ("/nope", {}, 404, 0),
        ("/livez", {}, 405, 0),
    ],
)
def test_a_line_counts_the_rows_that_were_scored(
    capsys: pytest.CaptureFixture[str], start: Callable[[], FlaskClient], path: str, body: Any, status: int, rows: int
) -> None:
    start().post(path, json=body)

    (line,) = logged(capsys)
    assert (line["status"], line["rows"], line["path"]) == (status, rows, path)


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 64, "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_an_acceptable_id_comes_back(client: FlaskClient, given: str) -> None:
    assert client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a,b", 'a"}', "é", "../x", "${jndi:x}", "\x1b[2J", "a%0ab"])
def test_a_hostile_id_is_replaced(
    capsys: pytest.CaptureFixture[str], start: Callable[[], FlaskClient], given: str
) -> None:
    answer = start().get("/livez", headers={"X-Request-ID": given})

    (line,) = logged(capsys)
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_two_requests_without_an_id_get_two(client: FlaskClient) -> None:
    first, second = client.get("/livez"), client.get("/livez")

    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


@pytest.mark.parametrize("path", ["/nope", "/v1/predict", "/docs/"])
def test_errors_and_pages_carry_the_id_too(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"X-Request-ID": "abc"}).headers["X-Request-ID"] == "abc"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/%1b]0;owned%07", "/%1B%5D0%3Bowned%07"),
        ("/a%0a%7B%22event%22:1%7D", "/a%0A%7B%22event%22%3A1%7D"),
        ("/%e2%80%a8", "/%E2%80%A8"),
    ],
)
def test_a_path_cannot_forge_a_line_or_steer_a_terminal(
    capsys: pytest.CaptureFixture[str], start: Callable[[], FlaskClient], path: str, shown: str
) -> None:
    start().get(path)

    (line,) = logged(capsys)
    assert line["path"] == shown


def test_values_of_a_row_are_not_logged(capsys: pytest.CaptureFixture[str], start: Callable[[], FlaskClient]) -> None:
    start().post("/v1/predict", json={"age": 31.25, "city": "Atlantis"})
    start().post("/v1/predict", json={"age": "31.25", "city": "Atlantis"})

    out = capsys.readouterr().out
    assert "Atlantis" not in out
    assert "31.25" not in out


@pytest.mark.parametrize("environment", [{"LOG_LEVEL": "error"}])
def test_a_higher_log_level_silences_the_lines(
    capsys: pytest.CaptureFixture[str], start: Callable[[], FlaskClient]
) -> None:
    start().get("/livez")

    assert logged(capsys) == []


def test_a_trace_is_passed_on_and_logged(capsys: pytest.CaptureFixture[str], start: Callable[[], FlaskClient]) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    client = start()
    good = client.post("/v1/predict", json=ROW, headers={"traceparent": trace})
    client.post("/v1/predict", json=ROW, headers={"traceparent": "00-nonsense"})

    first, second = logged(capsys)
    assert good.headers["traceparent"] == trace
    assert first["trace_id"] == "a" * 32
    assert "trace_id" not in second


def series(client: FlaskClient) -> set[str]:
    """The time series of the metrics, without their buckets and values."""
    lines = client.get("/metrics").text.splitlines()
    return {line.rpartition(" ")[0] for line in lines if not line.startswith("#") and "_bucket" not in line}


def test_what_a_stranger_makes_up_makes_no_time_series(client: FlaskClient) -> None:
    before = series(client)
    for number in range(20):
        client.get(f"/made/up/{number}")
        client.open("/livez", method=f"BREW{number}")
        client.get(f"/v1/model/card-x{number}.svg")

    made = {name for name in series(client) - before if "duration_seconds_count" in name and "metrics" not in name}
    counted = "slipway_request_duration_seconds_count"
    assert made == {
        f'{counted}{{method="GET",route="other",status="404"}}',
        f'{counted}{{method="GET",route="/v1/model/<name>",status="404"}}',
        f'{counted}{{method="OTHER",route="other",status="405"}}',
    }


def test_rows_and_requests_are_counted(client: FlaskClient) -> None:
    client.post("/v1/predict/batch", json={"rows": [ROW] * 3})
    client.post("/v1/predict/batch", json={"rows": [ROW, {}]})

    text = client.get("/metrics").text
    assert 'slipway_rows_total{route="/v1/predict/batch"} 3.0' in text
    for status in (200, 422):
        kind = f'method="POST",route="/v1/predict/batch",status="{status}"'
        assert f"slipway_request_duration_seconds_count{{{kind}}} 1.0" in text
