"""What drift found is kept by the service, the report and its memory together."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.drift import MAX_FINDINGS_BYTES
from app.settings import ServiceSettings
from core.documents import from_json, to_json
from core.drift import DriftReport, Severity
from core.registry import DirectoryRegistry
from tests.database import Postgres
from tests.findings import make_column, make_quality, make_report, make_window

DRIFT, MEMORY = "/v1/drift", "/v1/drift/memory"
REPORT = make_report(
    severity=Severity.ALERT,
    windows=(make_window(make_column("age", Severity.ALERT)),),
    quality=(make_quality(auc=0.8, accuracy=None),),
)


def posted(client: FlaskClient, report: DriftReport, memory: str = "{}") -> int:
    body = b'{"report": %s, "memory": %s}' % (to_json(report), memory.encode())
    return client.post(DRIFT, data=body, content_type="application/json").status_code


def changed(**changes: Any) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(to_json(REPORT))
    return {"report": report | changes, "memory": {}}


def test_the_last_report_and_its_memory_come_back(client: FlaskClient) -> None:
    memory = '{"z": 1.0,  "a": [1e3, "\\u00e5 \\u2028 å"]}'
    statuses = [posted(client, make_report(), "[1]"), posted(client, REPORT, memory)]
    report, kept = client.get(DRIFT), client.get(MEMORY)

    assert statuses == [204, 204]
    assert from_json(report.data, DriftReport, source="answer") == REPORT
    assert report.content_type == kept.content_type == "application/json"
    assert kept.data == memory.encode()


@pytest.mark.parametrize("memory", ["null", "0", '""', "[]"])
def test_a_memory_is_any_json(client: FlaskClient, memory: str) -> None:
    posted(client, REPORT, memory)

    assert client.get(MEMORY).data == memory.encode()


@pytest.mark.parametrize("path", [DRIFT, MEMORY])
def test_before_the_first_report_the_answer_says_how_to_make_one(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert "python -m drift check" in answer.get_json(force=True)["detail"]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ([], "content", "Expected `object`, got `array`"),
        ({"report": {}}, "report", "missing required field `line`"),
        ({"memory": {}}, "content", "missing required field `report`"),
        (changed() | {"x": 1}, "content", "unknown field `x`"),
        (changed(severity="awful"), "report.severity", "Invalid enum value 'awful'"),
        (changed(format=2), "report.format", "Expected `int` <= 1"),
        (changed(made_at="2026-11-26T06:00:00"), "report.made_at", "with a timezone"),
        (changed(windows=[{}]), "report.windows[0]", "missing required field `tag`"),
        (changed(**{"x" * 1000: 1}), "report", "..."),
    ],
)
def test_a_faulty_report_is_named_and_nothing_is_kept(client: FlaskClient, body: Any, field: str, words: str) -> None:
    posted(client, make_report(), "1")
    answer = client.post(DRIFT, json=body)

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    (fault,) = answer.get_json(force=True)["errors"]
    assert fault["field"] == field
    assert words in fault["problem"]
    assert len(fault["problem"]) < 200
    assert client.get(MEMORY).data == b"1"
    assert from_json(client.get(DRIFT).data, DriftReport, source="answer") == make_report()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"report": %s, "memory": "\xff"}' % to_json(REPORT), "application/json", 400),
        (b'{"report": %s, "memory": %s}' % (to_json(REPORT), b"[" * 50_000), "application/json", 400),
        (b" " * (MAX_FINDINGS_BYTES + 1), "application/json", 413),
        (to_json(REPORT), "text/plain", 415),
    ],
)
def test_what_is_no_json_is_refused_as_everywhere(client: FlaskClient, body: bytes, kind: str, status: int) -> None:
    answer = client.post(DRIFT, data=body, content_type=kind)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert client.get(DRIFT).status_code == 404


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_findings_may_be_larger_than_what_callers_send(client: FlaskClient, coding: str) -> None:
    body = b'{"report": %s, "memory": "%s"}' % (to_json(REPORT), b"x" * 5_000_000)
    data = gzip.compress(body) if coding == "gzip" else body
    answer = client.post(DRIFT, data=data, content_type="application/json", headers={"Content-Encoding": coding})

    assert answer.status_code == 204
    assert len(client.get(MEMORY).data) == 5_000_002


def test_findings_outlast_the_service(registry: DirectoryRegistry, environment: dict[str, str]) -> None:
    settings = ServiceSettings.from_env(environment)
    posted(create_app(settings, registry=registry).test_client(), REPORT)
    answer = create_app(settings, registry=registry).test_client().get(DRIFT)

    assert from_json(answer.data, DriftReport, source="answer") == REPORT


def test_a_store_that_is_away_is_said_and_does_not_break_the_metrics(
    tmp_path: Path, registry: DirectoryRegistry
) -> None:
    nowhere = f"postgresql:///x?host={tmp_path}"
    settings = ServiceSettings.from_env({"DATABASE_URL": nowhere, "JOURNAL_DIR": str(tmp_path / "journal")})
    client = create_app(settings, registry=registry).test_client()

    assert posted(client, REPORT) == 503
    for path in (DRIFT, MEMORY):
        answer = client.get(path)
        assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    metrics = client.get("/metrics")
    assert metrics.status_code == 200
    assert "slipway_rows" in metrics.text
    assert "slipway_drift" not in metrics.text


def test_findings_are_kept_in_postgres_too(tmp_path: Path, registry: DirectoryRegistry, postgres: Postgres) -> None:
    variables = {"DATABASE_URL": postgres.new_database(), "JOURNAL_DIR": str(tmp_path / "journal")}
    app = create_app(ServiceSettings.from_env(variables), registry=registry)
    client = app.test_client()

    assert posted(client, REPORT, "[1,  2]") == 204
    assert from_json(client.get(DRIFT).data, DriftReport, source="answer") == REPORT
    assert client.get(MEMORY).data == b"[1,  2]"
    app.extensions["journal"].store.close()
