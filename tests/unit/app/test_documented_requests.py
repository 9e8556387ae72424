"""The routes, options and bodies that the documents show are those of the service."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.commands import ROOT
from tests.documents import DOCUMENTS, blocks, spans

ROW = {"age": 30, "city": "Oslo"}
# GitHub's double has routes of its own; Caddy's and Render's are theirs.
_OTHERS = ("/_double", "/config/", "/deploys")
_SHOWN = re.compile(r"(?:(GET|POST|PUT|DELETE|PATCH) )?(/[a-z][\w./-]*|/)(?:\?(\S+))?")
_PAGES = ("/v1/", "/docs", "/openapi.json", "/metrics", "/livez", "/readyz", "/try")


def _shown() -> list[tuple[str, str, str]]:
    """Method, path and query of each request that a document names; no method where it names none."""
    found = [_SHOWN.fullmatch(span) for document in DOCUMENTS for span in spans(document)]
    named = {(each[1] or "", each[2], each[3] or "") for each in found if each}
    blocks_of = "\n".join(block for document in DOCUMENTS for block in blocks(document, "sh"))
    named |= {("", path, "") for path in re.findall(r"(?:\$URL|http://127\.0\.0\.1:8000)(/[\w./-]+)", blocks_of)}
    return sorted(
        (method, path, query)
        for method, path, query in named
        if not path.startswith(_OTHERS) and not path.endswith("...") and (method or path.startswith(_PAGES))
    )


@pytest.mark.parametrize(("method", "path", "query"), _shown(), ids=[" ".join(each).strip() for each in _shown()])
def test_a_request_that_is_named_has_a_route_and_its_options(
    app: Flask, client: FlaskClient, method: str, path: str, query: str
) -> None:
    router = app.url_map.bind("127.0.0.1")
    assert [known for known in ([method] if method else ["GET", "POST"]) if router.test(path, known)]
    document: dict[str, Any] = client.get("/openapi.json").get_json()
    for name, value in parse_qsl(query, strict_parsing=bool(query)):
        (described,) = [each for each in document["paths"][path][method.lower()]["parameters"] if each["name"] == name]
        assert value in described["schema"].get("enum", ["true"])


def test_every_route_is_named_in_the_readme(app: Flask) -> None:
    text = (ROOT / "README.md").read_text()
    # What a page loads, and what a route of the table links to.
    parts = {"/console/<path:filename>", "/docs/", "/docs/<path:path>", "/v1/model/<name>"}
    for rule in app.url_map.iter_rules():
        if rule.rule not in parts:
            assert re.search(rf"`(?:(?:GET|POST|PUT) )?{re.escape(rule.rule)}`", text), rule.rule


def test_the_options_that_stand_by_themselves_are_of_some_route(client: FlaskClient) -> None:
    paths: dict[str, Any] = client.get("/openapi.json").get_json()["paths"]
    known = {
        parameter["name"]
        for methods in paths.values()
        for method in methods.values()
        for parameter in method.get("parameters", [])
    }
    shown = [
        span for document in DOCUMENTS for span in spans(document) if re.fullmatch(r"[?&]\w+=\w+(?:&\w+=\w+)*", span)
    ]
    assert shown
    for span in shown:
        assert {name for name, _ in parse_qsl(span[1:])} <= known, span


def test_the_outcome_of_the_readme_is_taken_for_an_answer_of_the_service(client: FlaskClient) -> None:
    (body,) = [json.loads(span) for span in spans(ROOT / "README.md") if span.startswith('{"id"')]
    answered = client.post("/v1/predict", json=ROW).get_json()
    answer = client.post("/v1/outcomes", json=body | {"id": answered["id"]})
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["accepted"] == 1


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        ('{"rows": [...]}', "/v1/predict/batch"),
        ('{"columns": {...}}', "/v1/predict/batch"),
        ('{"outcomes": [...]}', "/v1/outcomes"),
    ],
)
def test_the_bodies_of_the_readme_are_taken(client: FlaskClient, shape: str, path: str) -> None:
    assert shape in spans(ROOT / "README.md")
    answered = client.post("/v1/predict", json=ROW).get_json()
    inner = {
        "rows": json.dumps(ROW),
        "columns": '"age": [30], "city": ["Oslo"]',
        "outcomes": json.dumps({"id": answered["id"], "outcome": "yes"}),
    }
    name = shape.split('"')[1]
    answer = client.post(path, data=shape.replace("...", inner[name]), content_type="application/json")
    assert answer.status_code == 200, answer.text
