"""Idempotency-Key: what is sent again is answered again, and done once."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.journal import Journal
from app.keys import Scope, new_key
from core.errors import JournalUnavailable
from core.journal.records import Prediction
from core.journal.sqlite import SqliteStore
from core.journal.store import Claim

ONE, MANY, OUTCOMES = "/v1/predict", "/v1/predict/batch", "/v1/outcomes"
ROW: dict[str, Any] = {"age": 30, "city": "Oslo"}
ID = "0" * 32
BODIES: dict[str, Any] = {ONE: ROW, MANY: {"rows": [ROW, ROW]}, OUTCOMES: {"id": ID, "outcome": "yes"}}


def send(client: FlaskClient, path: str = ONE, body: Any = None, key: str = "k", **headers: str) -> TestResponse:
    return client.post(path, json=BODIES[path] if body is None else body, headers={"Idempotency-Key": key, **headers})


def rows(app: Flask) -> int:
    """How many rows and outcomes are journalled."""
    journal: Journal = app.extensions["journal"]
    journal.shipper.ship()
    predictions = [stored.record for stored in journal.store.predictions(limit=99)]
    outcomes = list(journal.store.outcomes(limit=99))
    return len(outcomes) + sum(record.rows for record in predictions if isinstance(record, Prediction))


@pytest.mark.parametrize("path", [ONE, MANY, OUTCOMES])
def test_what_is_sent_again_gets_the_same_answer_and_is_journalled_once(
    client: FlaskClient, app: Flask, path: str
) -> None:
    first, again = send(client, path), send(client, path)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.data == first.data
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert rows(app) == (2 if path == MANY else 1)


@pytest.mark.parametrize("path", [ONE, MANY, OUTCOMES])
def test_a_key_belongs_to_one_path(client: FlaskClient, path: str) -> None:
    for other in BODIES:
        send(client, other)
    assert send(client, path).headers["Idempotency-Replayed"] == "true"


def test_without_a_key_everything_is_done_every_time(client: FlaskClient, app: Flask) -> None:
    made = [client.post(ONE, json=ROW).get_json()["id"] for _ in range(3)]
    assert len(set(made)) == rows(app) == 3


def test_a_key_of_another_request_is_refused(client: FlaskClient, app: Flask) -> None:
    send(client)
    answer = send(client, body={"age": 31, "city": "Oslo"})

    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [
        {"field": "Idempotency-Key", "problem": "was sent with another request; takes a new one for each"}
    ]
    assert rows(app) == 1


def test_the_query_is_part_of_the_request(client: FlaskClient) -> None:
    send(client, MANY)
    answer = client.post(f"{MANY}?on_error=skip", json=BODIES[MANY], headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\x7f", "ü"])
def test_a_malformed_key_is_refused(client: FlaskClient, key: str) -> None:
    assert send(client, key=key).status_code == 422


def test_lines_take_no_key(client: FlaskClient, app: Flask) -> None:
    kind = {"content_type": "application/x-ndjson", "headers": {"Idempotency-Key": "k"}}
    answer = client.post(MANY, data=json.dumps(ROW), **kind)
    assert answer.status_code == 422
    assert not rows(app)


def test_what_was_refused_may_be_mended_under_the_same_key(client: FlaskClient, app: Flask) -> None:
    assert send(client, body={"age": 130, "city": "Oslo"}).status_code == 422
    assert send(client).status_code == 200
    assert rows(app) == 1


def test_what_failed_may_be_sent_again(client: FlaskClient, app: Flask) -> None:
    with patch.object(Journal, "record", side_effect=JournalUnavailable("x", "full")):
        assert send(client).status_code == 503
    assert "Idempotency-Replayed" not in send(client).headers
    assert rows(app) == 1


def test_while_it_is_being_answered_it_is_not_answered_again(client: FlaskClient, app: Flask) -> None:
    record = app.extensions["journal"].record
    between: list[TestResponse] = []

    def record_and_ask_again(*arguments: Any) -> list[str]:
        between.append(send(app.test_client()))
        made: list[str] = record(*arguments)
        return made

    with patch.object(app.extensions["journal"], "record", record_and_ask_again):
        first = send(client)

    assert (between[0].status_code, between[0].headers["Retry-After"]) == (409, "1")
    assert send(client).data == first.data
    assert rows(app) == 1


def test_a_process_that_dies_before_it_answers_leaves_nothing_behind_that_counts_twice(
    client: FlaskClient, app: Flask
) -> None:
    """The row was journalled, its answer was not kept; 11 seconds later the request comes again."""
    store = app.extensions["journal"].store
    with patch.object(SqliteStore, "settle", side_effect=JournalUnavailable("x", "away")):
        lost = send(client).get_json()
    assert send(client).status_code == 409

    claim = store.claim

    def claim_later(asked: Claim, *, stale_before: int) -> tuple[bool, Claim]:
        found: tuple[bool, Claim] = claim(asked, stale_before=stale_before + 11_000_000)
        return found

    with patch.object(store, "claim", claim_later):
        again = send(client)

    assert again.get_json() == lost
    assert send(client).headers["Idempotency-Replayed"] == "true"
    assert rows(app) == 1


def test_a_key_that_cannot_be_looked_up_is_not_answered(client: FlaskClient, app: Flask) -> None:
    with patch.object(SqliteStore, "claim", side_effect=JournalUnavailable("x", "away")):
        assert send(client).status_code == 503
    assert not rows(app)


SECRETS = {name: new_key(name, [Scope.PREDICT]) for name in ("one", "two")}


class TestWithKeys:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"API_KEYS": ",".join(str(key) for _, key in SECRETS.values())}

    def test_callers_do_not_get_each_other_s_answers(self, client: FlaskClient, app: Flask) -> None:
        made = {
            name: send(client, Authorization=f"Bearer {secret}").get_json()["id"]
            for name, (secret, _) in SECRETS.items()
        }
        assert made["one"] != made["two"]
        assert rows(app) == 2
