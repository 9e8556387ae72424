"""The OpenAPI document says what the routes do, and the page that shows it needs nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.contract import Task
from core.documents import to_json
from tests.findings import make_column, make_quality, make_report, make_window

ROW = {"age": 30, "city": "Oslo"}
KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "number": int | float,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
EXCHANGES: list[tuple[str, str, dict[str, Any], int]] = [
    ("post", "/v1/predict", {"json": ROW}, 200),
    ("post", "/v1/predict", {"json": ROW, "headers": {"X-Unrecorded": "yes"}}, 200),
    ("post", "/v1/predict", {"json": {"age": 99, "city": "Bern"}}, 200),
    ("post", "/v1/predict", {"json": {"age": None, "city": "Bern"}}, 200),
    ("post", "/v1/predict", {"data": "{", "content_type": "application/json"}, 400),
    ("post", "/v1/predict", {"data": b" " * 200_000, "content_type": "application/json"}, 413),
    ("post", "/v1/predict", {"data": "{}", "content_type": "text/plain"}, 415),
    ("post", "/v1/predict", {"json": {"age": "x"}}, 422),
    ("post", "/v1/predict/batch", {"json": {"rows": [ROW, {"city": "Bern"}]}}, 200),
    ("post", "/v1/predict/batch?on_error=skip", {"json": {"rows": [ROW, {}]}}, 200),
    ("post", "/v1/predict/batch", {"json": {"columns": {"city": ["Bern", "Oslo"]}}}, 200),
    ("post", "/v1/predict/batch?on_error=skip", {"json": {"columns": {"city": ["Bern", None]}}}, 200),
    ("post", "/v1/predict/batch?on_error=skip", {"json": {"columns": {"city": [None]}}}, 200),
    ("post", "/v1/predict/batch?on_error=no", {"json": {"rows": [ROW]}}, 422),
    ("post", "/v1/predict/batch", {"data": "{", "content_type": "application/json"}, 400),
    ("post", "/v1/predict/batch", {"data": b" " * 200_000, "content_type": "application/json"}, 413),
    ("post", "/v1/predict/batch", {"data": "{}", "content_type": "text/plain"}, 415),
    ("post", "/v1/predict/batch", {"json": {"rows": [{}] * 150}}, 422),
    ("get", "/v1/journal/span", {}, 200),
    ("post", "/v1/drift", {"json": {"report": {}, "memory": 0}}, 422),
    ("post", "/v1/drift", {"data": "{", "content_type": "application/json"}, 400),
    ("get", "/v1/drift", {}, 404),
    ("get", "/v1/drift/memory", {}, 404),
    ("get", "/v1/model", {}, 200),
    ("get", "/v1/model/card", {}, 200),
    ("get", "/v1/model/card", {"headers": {"Accept": "text/html"}}, 200),
    ("get", "/livez", {}, 200),
    ("get", "/readyz", {}, 200),
]


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = answer.get_json()
    return found


def within(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from within(inner)


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: Any = schema
    while "$ref" in found:
        root, *places = found["$ref"].split("/")
        assert root == "#"
        found = document
        for place in places:
            found = found[place]
    assert isinstance(found, dict)
    return found


def misfits(document: dict[str, Any], schema: dict[str, Any], value: Any, place: str = "$") -> list[str]:
    """Where a value breaks a schema, by the keywords that the document uses."""
    schema = resolved(document, schema)
    if "anyOf" in schema:
        options = [misfits(document, option, value, place) for option in schema["anyOf"]]
        return [] if [] in options else options[0]
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", list(KINDS))
    if not any(isinstance(value, KINDS[kind]) for kind in kinds):
        return [f"{place} is no {kinds}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place} is not in the enum")
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{place} is out of range")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        found += [f"{place}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, inner in value.items():
            if name not in known and more is False:
                found.append(f"{place}.{name} is unknown")
            part = known.get(name, more if isinstance(more, dict) else {})
            found += misfits(document, part, inner, f"{place}.{name}")
    if isinstance(value, list):
        for index, inner in enumerate(value):
            found += misfits(document, schema.get("items", {}), inner, f"{place}[{index}]")
    return found


def test_the_document_is_openapi_3_1_of_this_model(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"] == {
        "title": "Predictions of churn",
        "version": "model-v1.0.0",
        "description": "Left within a month.",
    }


@pytest.mark.parametrize("task", list(Task))
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = [part for part in within(document) if "$ref" in part]

    assert references
    assert all(resolved(document, reference) for reference in references)


@pytest.mark.parametrize("task", list(Task))
def test_every_type_is_known_and_named_once(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    types = [part["type"] for part in within(schemas) if isinstance(part.get("type"), str | list)]

    for kinds in types:
        names = [kinds] if isinstance(kinds, str) else kinds
        assert set(names) <= set(KINDS)
        assert len(set(names)) == len(names)


def test_every_operation_has_a_summary_and_described_responses(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert all(operation["summary"] for operation in operations)
    assert all(response["description"] for operation in operations for response in operation["responses"].values())


def test_routes_and_document_list_the_same(app: Flask, document: dict[str, Any]) -> None:
    aside = {
        "/",
        "/try",
        "/console/<path:filename>",
        "/docs",
        "/docs/",
        "/docs/<path:path>",
        "/openapi.json",
        "/v1/model/<name>",
    }
    served = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in aside
    }

    assert served == {(path, method) for path, methods in document["paths"].items() for method in methods}


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predict/batch"])
def test_the_example_fits_its_schema_and_is_accepted(client: FlaskClient, document: dict[str, Any], path: str) -> None:
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]

    for example in content["examples"].values():
        assert misfits(document, content["schema"], example["value"]) == []
        assert client.post(path, json=example["value"]).status_code == 200


@pytest.mark.parametrize(("method", "path", "content", "status"), EXCHANGES)
def test_every_answer_is_described(
    client: FlaskClient, document: dict[str, Any], method: str, path: str, content: dict[str, Any], status: int
) -> None:
    answer = client.open(path, method=method, **content)

    assert answer.status_code == status
    described = document["paths"][path.partition("?")[0]][method]["responses"][str(status)]["content"][
        str(answer.mimetype)
    ]
    body = answer.get_json(force=True) if str(answer.mimetype).endswith("json") else answer.text
    assert misfits(document, described["schema"], body) == []


def test_a_drift_report_and_its_example_are_described(client: FlaskClient, document: dict[str, Any]) -> None:
    operations = document["paths"]["/v1/drift"]
    content = operations["post"]["requestBody"]["content"]["application/json"]
    example = content["examples"]["findings"]["value"]
    quality = json.loads(to_json(make_quality(auc=0.9))) | {"history": [["2026-11-19T06:00:00Z", {"auc": 0.9}]]}
    report = json.loads(to_json(make_report(windows=(make_window(make_column()),)))) | {"quality": [quality]}
    schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    for body in (example, {"report": report, "memory": [1]}):
        assert misfits(document, content["schema"], body) == []
        assert client.post("/v1/drift", json=body).status_code == 204
        assert misfits(document, schema, client.get("/v1/drift").get_json()) == []


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
@pytest.mark.parametrize(("path", "body"), [("/v1/predict", ROW), ("/v1/predict/batch", {"rows": [ROW, ROW]})])
def test_answers_of_other_tasks_are_described_too(
    client: FlaskClient, document: dict[str, Any], path: str, body: Any
) -> None:
    schema = document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]

    assert misfits(document, schema, client.post(path, json=body).get_json()) == []


@pytest.mark.parametrize(
    "row", [{"city": 1}, {"age": 1}, {"age": 121, "city": "Oslo"}, {**ROW, "x": 1}, {**ROW, "city": None}, []]
)
def test_a_row_that_is_refused_breaks_the_described_schema(
    client: FlaskClient, document: dict[str, Any], row: Any
) -> None:
    assert client.post("/v1/predict", json=row).status_code == 422
    assert misfits(document, {"$ref": "#/components/schemas/Row"}, row) != []


def test_features_are_described_with_bounds_and_categories(document: dict[str, Any]) -> None:
    row = document["components"]["schemas"]["Row"]

    assert row["required"] == ["city"]
    assert row["additionalProperties"] is False
    assert row["properties"]["age"] == {
        "type": ["number", "null"],
        "minimum": 0,
        "maximum": 120,
        "description": "Age of the customer. In a.",
    }
    assert row["properties"]["city"]["description"] == (
        "Where they live. Known: Oslo, Rome; others are scored with a warning."
    )


def test_a_batch_s_limit_is_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert schemas["Rows"]["properties"]["rows"]["maxItems"] == 200
    columns = schemas["Columns"]["properties"]["columns"]["properties"]
    assert {name: column["maxItems"] for name, column in columns.items()} == {"age": 200, "city": 200}


def test_the_way_to_the_page_does_not_depend_on_the_host_header(client: FlaskClient) -> None:
    answer = client.get("/docs", headers={"Host": "elsewhere.example"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/docs/")


def test_the_page_shows_the_document(client: FlaskClient) -> None:
    page = client.get("/docs/")

    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "/openapi.json" in page.text
    assert "model-v1.0.0" in page.text


def test_the_page_asks_no_other_host(client: FlaskClient) -> None:
    page = client.get("/docs/").text

    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page) == []
    assert '"validatorUrl": null' in page


def test_every_asset_of_the_page_is_served(client: FlaskClient) -> None:
    assets = re.findall(r'(?:src|href)="([^"]+)"', client.get("/docs/").text)

    assert len(assets) >= 4
    for asset in assets:
        with client.get(asset) as answer:
            assert answer.status_code == 200


def test_the_style_sheets_ask_no_other_host(client: FlaskClient) -> None:
    for name in ("index.css", "swagger-ui.css"):
        with client.get(f"/docs/{name}") as answer:
            assert re.findall(rb"(?:@import|url\()\s*['\"]?(?:https?:)?//", answer.data) == []
