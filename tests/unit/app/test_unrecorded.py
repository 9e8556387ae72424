"""X-Unrecorded: rows of whoever tries a service are answered and leave no trace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.journal import Journal
from app.keys import Scope, new_key
from app.settings import ServiceSettings
from core.contract import Task
from core.journal.records import read_row_id
from core.registry import DirectoryRegistry

ONE, MANY = "/v1/predict", "/v1/predict/batch"
ROW: dict[str, Any] = {"age": 30, "city": "Oslo"}
BODIES: dict[str, Any] = {ONE: ROW, MANY: {"rows": [ROW, ROW]}}
UNRECORDED = {"X-Unrecorded": "yes"}


def journalled(app: Flask) -> int:
    journal: Journal = app.extensions["journal"]
    journal.shipper.ship()
    return len(list(journal.store.predictions(limit=99)))


def without_ids(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: without_ids(value) for name, value in answer.items() if name != "id"}
    return [without_ids(each) for each in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("path", [ONE, MANY])
def test_the_answer_is_as_ever_and_nothing_is_journalled(client: FlaskClient, app: Flask, path: str) -> None:
    unrecorded = client.post(path, json=BODIES[path], headers=UNRECORDED)
    assert unrecorded.status_code == 200
    assert journalled(app) == 0

    recorded = client.post(path, json=BODIES[path])
    assert without_ids(unrecorded.get_json()) == without_ids(recorded.get_json())
    assert journalled(app) == 1


def test_the_id_is_one_of_no_journalled_row(client: FlaskClient) -> None:
    made = client.post(ONE, json=ROW, headers=UNRECORDED).get_json()["id"]
    assert read_row_id(made)
    reported = client.post("/v1/outcomes", json={"id": made, "outcome": "yes"})
    assert reported.get_json()["unknown_count"] == 1


def test_lines_are_not_journalled_either(client: FlaskClient, app: Flask) -> None:
    data = f"{json.dumps(ROW)}\n" * 3
    with client.post(MANY, data=data, content_type="application/x-ndjson", headers=UNRECORDED) as answer:
        assert len(answer.data.splitlines()) == 3
    assert journalled(app) == 0


@pytest.mark.parametrize("path", [ONE, MANY])
@pytest.mark.parametrize("value", ["", "no", "true", "Yes"])
def test_any_other_value_is_refused_by_name(client: FlaskClient, app: Flask, path: str, value: str) -> None:
    answer = client.post(path, json=BODIES[path], headers={"X-Unrecorded": value})
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [{"field": "X-Unrecorded", "problem": "takes yes, as a header"}]
    assert journalled(app) == 0


def test_an_idempotency_key_is_of_no_effect_with_it(client: FlaskClient, app: Flask) -> None:
    key = {"Idempotency-Key": "k"}
    answers = [client.post(ONE, json=ROW, headers=key | UNRECORDED) for _ in range(2)]
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, None]
    assert client.post(ONE, json={**ROW, "age": 31}, headers=key).status_code == 200
    assert journalled(app) == 1
    assert client.post(ONE, json=ROW, headers={"Idempotency-Key": "a b"} | UNRECORDED).status_code == 422


@pytest.mark.parametrize(
    ("scopes", "status"),
    [([Scope.PREDICT], 403), ([Scope.ADMIN], 403), ([Scope.PREDICT, Scope.ADMIN], 200)],
)
@pytest.mark.parametrize("path", [ONE, MANY])
def test_it_needs_a_key_that_may_predict_and_administer(
    registry: DirectoryRegistry, environment: dict[str, str], path: str, scopes: list[Scope], status: int
) -> None:
    secret, key = new_key("ours", scopes)
    app = create_app(ServiceSettings.from_env(environment | {"API_KEYS": str(key)}), registry=registry)
    headers = {"Authorization": f"Bearer {secret}", **UNRECORDED}
    answer = app.test_client().post(path, json=BODIES[path], headers=headers)
    assert answer.status_code == status
    if status == 403:
        lacking = ({Scope.PREDICT, Scope.ADMIN} - set(scopes)).pop()
        assert answer.get_json()["detail"] == f"key 'ours' lacks the scope {lacking}"
