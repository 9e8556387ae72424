"""The fast lane and the ordinary way cannot be told apart by what they answer, log, count and write down."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from app.keys import Scope, new_key
from app.lane import PREDICT, FastLane
from app.settings import ServiceSettings
from core.contract import Task
from core.journal.records import read_row_id
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from tests.factories import make_bundle
from tests.fragile import publish_fragile

ROW = {"age": 30, "city": "Oslo"}
SECRET, KEY = new_key("ours", [Scope.PREDICT])
OTHER_SECRET, OTHER = new_key("other", [Scope.ADMIN])
BOTH_SECRET, BOTH = new_key("both", [Scope.PREDICT, Scope.ADMIN])
BOTH_BEARER = f"Bearer {BOTH_SECRET}"
GOOD = {"Authorization": f"Bearer {SECRET}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """What came back."""

    status: str
    headers: dict[str, str]
    body: Any


class Ways:
    """One service, asked by either way."""

    def __init__(self, variables: dict[str, str], registry: DirectoryRegistry) -> None:
        self.app = create_app(ServiceSettings.from_env(variables), registry=registry)
        assert isinstance(self.app.wsgi_app, FastLane)
        self.lane = self.app.wsgi_app

    def ask(self, *, is_fast: bool, body: bytes, headers: dict[str, str] | None = None, **options: Any) -> Exchange:
        """Send a request to the lane, which may leave it to the ordinary way, or to that at once."""
        builder = EnvironBuilder(
            method="POST",
            path=PREDICT,
            input_stream=io.BytesIO(body),
            headers=Headers({"Content-Type": "application/json", "X-Request-ID": "abc", **GOOD, **(headers or {})}),
        )
        environ = builder.get_environ() | {"CONTENT_LENGTH": str(len(body))} | options
        content, status, found = run_wsgi_app(self.lane if is_fast else self.lane.ordinary, environ)
        data = b"".join(content)
        try:
            answer = json.loads(data)
        except ValueError:
            answer = data
        if isinstance(answer, dict) and "id" in answer:
            assert read_row_id(answer.pop("id"))
        return Exchange(status=status, headers=dict(found), body=answer)


@pytest.fixture
def ways(registry: DirectoryRegistry, environment: dict[str, str]) -> Ways:
    return Ways(environment | {"API_KEYS": f"{KEY},{OTHER},{BOTH}"}, registry)


def both(ways: Ways, **request: Any) -> Exchange:
    fast, ordinary = ways.ask(is_fast=True, **request), ways.ask(is_fast=False, **request)
    lengths = {fast.headers.pop("Content-Length", None), ordinary.headers.pop("Content-Length", None)}
    assert len(lengths) <= 2
    assert fast == ordinary
    return fast


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("row", [ROW, {"city": "Bern"}, {"age": 99.5, "city": "Rome"}, {"age": None, "city": ""}])
def test_a_clean_row_gets_the_same_answer(ways: Ways, row: dict[str, Any]) -> None:
    assert both(ways, body=json.dumps(row).encode()).status == "200 OK"


def test_a_clean_row_never_reaches_the_ordinary_way_and_an_unusual_one_does(ways: Ways) -> None:
    body = json.dumps(ROW).encode()
    ordinary, reached = ways.lane.ordinary, []

    def watched(environ: Any, start_response: Any) -> Any:
        reached.append(environ["PATH_INFO"])
        return ordinary(environ, start_response)

    ways.lane.ordinary = watched
    assert ways.ask(is_fast=True, body=body).status == "200 OK"
    assert reached == []
    assert ways.ask(is_fast=True, body=b"{}").status.startswith("422")
    assert ways.ask(is_fast=True, body=body, headers={"traceparent": ""}).status == "200 OK"
    assert len(reached) == 2
    assert ways.ask(is_fast=True, body=body, headers={"Authorization": "Bearer wrong"}).status.startswith("401")
    assert len(reached) == 2


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"body": b"{}"}, 422),
        ({"body": b"{"}, 400),
        ({"body": b""}, 400),
        ({"body": json.dumps(ROW).encode(), "headers": {"Authorization": "Bearer wrong"}}, 401),
        ({"body": json.dumps(ROW).encode(), "headers": {"Content-Type": "text/plain"}}, 415),
        ({"body": json.dumps(ROW).encode(), "headers": {"Content-Encoding": "br"}}, 415),
        ({"body": json.dumps(ROW).encode(), "headers": {"Content-Type": "application/json; charset=utf-8"}}, 200),
        ({"body": json.dumps(ROW).encode(), "headers": {"X-Request-ID": "a b"}}, 200),
        ({"body": json.dumps(ROW).encode(), "headers": {"X-Subject": "anna"}}, 200),
        ({"body": json.dumps(ROW).encode(), "headers": {"X-Subject": "a b"}}, 422),
        ({"body": json.dumps(ROW).encode(), "headers": {"Idempotency-Key": "a b"}}, 422),
        ({"body": json.dumps(ROW).encode(), "headers": {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}}, 200),
        ({"body": json.dumps(ROW).encode(), "headers": {"X-Unrecorded": "yes"}}, 403),
        ({"body": json.dumps(ROW).encode(), "headers": {"X-Unrecorded": "yes", "Authorization": BOTH_BEARER}}, 200),
        ({"body": json.dumps(ROW).encode(), "headers": {"X-Unrecorded": "no", "Authorization": BOTH_BEARER}}, 422),
        ({"body": json.dumps(ROW).encode().ljust(100_001)}, 413),
        ({"body": json.dumps(ROW).encode().ljust(100_000)}, 200),
        ({"body": json.dumps(ROW).encode(), "CONTENT_LENGTH": "500"}, 400),
        ({"body": json.dumps(ROW).encode(), "CONTENT_LENGTH": "\u0661"}, 400),
        ({"body": json.dumps(ROW).encode(), "QUERY_STRING": "x=1"}, 200),
        ({"body": json.dumps(ROW).encode(), "REQUEST_METHOD": "GET"}, 405),
        ({"body": json.dumps(ROW).encode(), "PATH_INFO": "/v1/predict/"}, 404),
        ({"body": json.dumps(ROW).encode(), "wsgi.url_scheme": "https"}, 200),
    ],
)
def test_what_is_unusual_gets_the_same_answer(ways: Ways, request_: dict[str, Any], status: int) -> None:
    fast, ordinary = ways.ask(is_fast=True, **request_), ways.ask(is_fast=False, **request_)
    made = [exchange.headers.pop("X-Request-ID") for exchange in (fast, ordinary)]
    for exchange in (fast, ordinary):
        exchange.headers.pop("Content-Length", None)
    assert fast == ordinary
    assert int(fast.status[:3]) == status
    assert made[0] == made[1] or "a b" in str(request_)


def test_a_clean_row_leaves_the_same_traces(
    registry: DirectoryRegistry, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    ways = Ways(environment, registry)
    both(ways, body=json.dumps({"age": 99, "city": "Bern"}).encode())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 2
    kept = [json.loads(line) for line in ways.app.test_client().get("/v1/journal").data.splitlines()]
    metrics = ways.app.test_client().get("/metrics").text
    for pair, differing in ((lines, {"duration_ms", "timestamp"}), (kept, {"id", "at", "cursor", "latency_ms"})):
        first, second = ({name: value for name, value in each.items() if name not in differing} for each in pair)
        assert first == second
    assert 'slipway_rows_total{route="/v1/predict"} 2.0' in metrics
    assert 'slipway_request_duration_seconds_count{method="POST",route="/v1/predict",status="200"} 2.0' in metrics


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer wrong"}, "401"),
        ({"Authorization": "Bearer wrong"}, "429"),
        ({"Authorization": ""}, "401"),
        ({"Authorization": f"Bearer {OTHER_SECRET}"}, "403"),
        (GOOD, "429"),
    ],
)
def test_a_refusal_is_the_same_and_leaves_the_same_traces(
    registry: DirectoryRegistry,
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    headers: dict[str, str],
    status: str,
) -> None:
    ways = Ways(environment | {"API_KEYS": f"{KEY},{OTHER}", "RATE_LIMIT": "20/hour"}, registry)
    if status == "429":
        for _ in range(20):
            ways.ask(is_fast=False, body=json.dumps(ROW).encode(), headers=headers)
    capsys.readouterr()
    fast, ordinary = (ways.ask(is_fast=way, body=json.dumps(ROW).encode(), headers=headers) for way in (True, False))
    waits = [int(exchange.headers.pop("Retry-After", 0)) for exchange in (fast, ordinary)]
    assert fast == ordinary
    assert fast.status.startswith(status)
    assert 0 <= waits[0] - waits[1] <= 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        del line["timestamp"]
        line.pop("duration_ms", None)
    half = len(lines) // 2
    assert lines
    assert lines[:half] == lines[half:]


def test_a_rate_counts_both_ways_together(registry: DirectoryRegistry, environment: dict[str, str]) -> None:
    ways = Ways(environment | {"API_KEYS": str(KEY), "RATE_LIMIT": "3/minute"}, registry)
    body = json.dumps(ROW).encode()
    statuses = [ways.ask(is_fast=number % 2 == 0, body=body).status[:3] for number in range(5)]
    assert statuses == ["200", "200", "200", "429", "429"]


def test_a_right_key_is_let_in_whatever_else_comes_from_its_address(ways: Ways) -> None:
    body = json.dumps(ROW).encode()
    wrong = [ways.ask(is_fast=True, body=body, headers={"Authorization": "Bearer wrong"}).status[:3] for _ in range(25)]
    assert wrong == ["401"] * 20 + ["429"] * 5
    assert both(ways, body=body).status == "200 OK"


def test_what_cannot_be_written_down_is_refused_alike(
    registry: DirectoryRegistry, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    ways = Ways(environment | {"JOURNAL_SPOOL_BYTES": "100000"}, registry)
    body = json.dumps(ROW).encode()
    statuses = {ways.ask(is_fast=True, body=body).status[:3] for _ in range(500)}
    assert statuses == {"200", "503"}
    capsys.readouterr()
    assert both(ways, body=body).status.startswith("503")
    assert capsys.readouterr().out.count("the journal is not available") == 2


def test_a_model_that_fails_on_a_row_does_so_alike_and_leaves_the_same_traces(
    tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    registry = DirectoryRegistry(tmp_path / "fragile")
    tag = ModelTag(1, 1, 0)
    publish_fragile(registry, make_bundle(tmp_path / "good"), tag, feature="age", above=100)
    ways = Ways(environment | {"MODEL_TAG": str(tag)}, registry)
    assert both(ways, body=json.dumps(ROW).encode()).status == "200 OK"
    capsys.readouterr()

    refused = both(ways, body=json.dumps(ROW | {"age": 101}).encode())

    assert (refused.status[:3], refused.headers["Content-Type"]) == ("500", "application/problem+json")
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events == ["unexpected error", "request"] * 2
    metrics = ways.app.test_client().get("/metrics").text
    assert 'slipway_request_duration_seconds_count{method="POST",route="/v1/predict",status="500"} 2.0' in metrics


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary()
    | st.fixed_dictionaries({}, optional={"age": st.floats() | st.integers() | st.none(), "city": st.text()}).map(
        lambda row: json.dumps(row).encode()
    )
)
def test_no_body_gets_two_answers(ways: Ways, body: bytes) -> None:
    both(ways, body=body)
