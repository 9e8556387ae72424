"""Every error is problem+json and tells the caller no more than it should."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from app import create_app
from app.errors import Problem
from app.settings import ServiceSettings
from core.registry import DirectoryRegistry


def fail() -> NoReturn:
    raise RuntimeError("the secret is 1234")


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/v1/predict", {"data": "{", "content_type": "application/json"}, 400),
        ("GET", "/nope", {}, 404),
        ("POST", "/v1/predict/", {"json": {}}, 404),
        ("GET", "/docs/nope.js", {}, 404),
        ("GET", "/docs/../../../etc/passwd", {}, 404),
        ("GET", "/docs/%00", {}, 404),
        ("GET", "/%ff", {}, 404),
        ("GET", "/v1/predict", {}, 405),
        ("POST", "/livez", {}, 405),
        ("TRACE", "/", {}, 405),
        ("POST", "/v1/predict", {"data": b" " * 200_000, "content_type": "application/json"}, 413),
        ("POST", "/v1/predict", {"data": "{}", "content_type": "text/plain"}, 415),
        ("GET", "/docs/swagger-ui.css", {"headers": {"Range": "bytes=999999999-"}}, 416),
        ("POST", "/v1/predict", {"json": {}}, 422),
    ],
)
def test_every_error_is_a_problem_document(
    client: FlaskClient, method: str, path: str, content: dict[str, Any], status: int
) -> None:
    answer = client.open(path, method=method, **content)
    document = json.loads(answer.data)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert set(document) - {"errors", "errors_omitted"} == {"type", "title", "status", "detail"}
    assert (document["type"], document["status"]) == ("about:blank", status)
    assert document["title"]
    assert document["detail"]


def test_an_unknown_path_is_named_and_the_way_out_too(client: FlaskClient) -> None:
    answer = client.get("/v2/predict").get_json(force=True)

    assert answer["detail"] == "there is no /v2/predict; /docs lists what there is"


def test_a_wrong_method_is_answered_with_the_right_ones(client: FlaskClient) -> None:
    answer = client.get("/v1/predict")

    assert answer.get_json(force=True)["detail"] == "/v1/predict does not take GET"
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_head_request_is_refused_without_a_body(client: FlaskClient) -> None:
    answer = client.head("/v1/predict")

    assert (answer.status_code, answer.data) == (405, b"")
    assert "POST" in answer.headers["Allow"]


def test_options_lists_the_methods(client: FlaskClient) -> None:
    answer = client.options("/v1/predict")

    assert (answer.status_code, answer.data) == (200, b"")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_range_beyond_the_end_is_answered_with_the_length(client: FlaskClient) -> None:
    answer = client.get("/docs/swagger-ui.css", headers={"Range": "bytes=999999999-"})

    assert answer.headers["Content-Range"].startswith("bytes */")


def test_an_unexpected_error_tells_the_caller_nothing_and_the_log_everything(
    capsys: pytest.CaptureFixture[str], registry: DirectoryRegistry
) -> None:
    # Made here and not by a fixture, because pytest gives the test another standard output than its fixtures.
    app = create_app(ServiceSettings.from_env({}), registry=registry)
    app.add_url_rule("/fail", view_func=fail)

    answer = app.test_client().get("/fail", headers={"X-Request-ID": "abc"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert answer.status_code == 500
    assert answer.get_json(force=True)["detail"] == "this is our fault; the log of the service says more"
    assert b"1234" not in answer.data
    assert [line["event"] for line in lines] == ["unexpected error", "request"]
    assert {line["request_id"] for line in lines} == {"abc"}
    assert lines[0]["exception"][0]["exc_value"] == "the secret is 1234"
    assert lines[1]["status"] == 500


def test_an_error_s_own_sentence_is_kept(app: Flask) -> None:
    app.add_url_rule("/busy", view_func=lambda: abort(503, "come back later"))

    answer = app.test_client().get("/busy").get_json(force=True)

    assert (answer["status"], answer["detail"]) == (503, "come back later")


def test_a_problem_may_carry_more_fields() -> None:
    document = json.loads(Problem(409, "Conflict", "twice", extra={"row": 3}).content())

    assert document == {"type": "about:blank", "title": "Conflict", "status": 409, "detail": "twice", "row": 3}


@pytest.mark.parametrize("path", ["/v1//model", "//v1/model", "/docs//x"])
def test_a_doubled_slash_is_no_redirect_to_a_host_of_the_callers_choice(client: FlaskClient, path: str) -> None:
    answer = client.get(path, base_url="https://elsewhere.example")

    assert answer.status_code == 404
    assert "Location" not in answer.headers
