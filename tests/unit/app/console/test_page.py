"""The console: the served model for people, a form that works without a script, and keys that leave no trace."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.journal import Journal
from app.keys import Scope, new_key
from app.settings import ServiceSettings
from core.contract import Task
from core.errors import CorruptArtifact
from core.ledger import Environment
from core.reference import numeric_reference
from core.registry import DirectoryRegistry
from tests.busy_service import HOSTILE, decided_experiment, fill, hostile_contract, publish
from tests.drift_reports import HOSTILE as NAMES
from tests.drift_reports import hostile as hostile_report
from tests.experiments import CHAMPION
from tests.factories import make_bundle, make_graph, make_reference
from tests.pages import seen, words

PREDICT, PREDICT_ENTRY = new_key("asker", [Scope.PREDICT])
OUTCOMES, OUTCOMES_ENTRY = new_key("reporter", [Scope.OUTCOMES])
KEYS = f"{PREDICT_ENTRY},{OUTCOMES_ENTRY}"
FILLED = {"value.age": "30", "value.city": "Oslo"}

Start = Callable[..., FlaskClient]


@pytest.fixture
def start(registry: DirectoryRegistry, environment: dict[str, str]) -> Start:
    def make(**variables: str) -> FlaskClient:
        return create_app(ServiceSettings.from_env(environment | variables), registry=registry).test_client()

    return make


def journalled(app: Flask) -> int:
    journal: Journal = app.extensions["journal"]
    journal.shipper.ship()
    return len(list(journal.store.predictions(limit=99)))


def test_the_page_says_what_is_served_and_how_good_it_is(client: FlaskClient) -> None:
    text = words(client.get("/"))
    for said in (
        "model-v1.0.0",
        "Predicts whether churn is yes, and how probable that is. Left within a month.",
        "Trained on 200 rows, 2026-01-01 to 2026-03-01",
        "Accuracy 0.9000 0.8800 to 0.9200",
        "age number 0 to 120 a yes Age of the customer.",
        "city category Oslo, Rome no Where they live.",
    ):
        assert said in text


def test_the_form_is_filled_with_a_row_that_is_answered(client: FlaskClient) -> None:
    page = seen(client.get("/"))
    (form,) = page.all("form")
    assert (form["method"], form["action"]) == ("post", "/try#answer")
    assert page.filled() == {"value.age": "30"}
    assert [each["value"] for each in page.all("option") if "selected" in each] == ["Oslo"]
    assert client.post("/try", data=FILLED).status_code == 200


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (Task.BINARY, "churn: yes The answer is yes from 60.0% on. Probability by class yes 64.6%"),
        (Task.MULTICLASS, "plan: pro Probability by class pro 54.1% plus 29.7% basic 16.3%"),
        (Task.REGRESSION, "price: 0.6 EUR"),
    ],
)
def test_an_answer_is_shown_in_the_form_of_its_task(client: FlaskClient, said: str) -> None:
    answer = client.post("/try", data=FILLED)
    assert answer.status_code == 200
    assert said in words(answer)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (Task.BINARY, "linear yes: 64.6% steep yes: 81.8% The members lie 0.085959 apart"),
        (Task.MULTICLASS, "linear pro: 54.1% steep pro: 78.6% The members lie 0.150069 apart"),
        (Task.REGRESSION, "linear 0.6 EUR steep 1.5 EUR The members lie 0.45 EUR apart (standard deviation)"),
    ],
    ids=list(Task),
)
@pytest.mark.parametrize(
    ("usual", "beside"),
    [
        ([0.0] * 3 + [0.01] * 16 + [0.9], "(standard deviation), more than for 95 % of the holdout rows."),
        ([0.7, 0.9], "(standard deviation), no more than for any of the holdout rows."),
        (None, "(standard deviation). "),
    ],
    ids=["more", "least", "unknown"],
)
def test_members_are_shown_beside_what_was_usual_on_the_holdout(
    tmp_path: Path, registry: DirectoryRegistry, environment: dict[str, str], task: Task, said: str,
    usual: list[float] | None, beside: str,
) -> None:  # fmt: skip
    reference = make_reference()
    if usual is not None:
        scores = {**reference.scores, "disagreement": numeric_reference(np.array(usual))}
        reference = msgspec.structs.replace(reference, scores=scores)
    others = {"steep": make_graph(task, slope=0.05)}
    registry.publish(make_bundle(tmp_path / "two", task, "model-v1.1.0", reference=reference, others=others))
    client = create_app(ServiceSettings.from_env(environment), registry=registry).test_client()
    text = words(client.post("/try", data=FILLED))
    assert f"What each member says {said}" in text
    assert beside in f"{text} "
    assert "What each member says" not in words(client.get("/"))


def test_a_member_alone_is_not_shown_apart(client: FlaskClient) -> None:
    assert "member" not in words(client.post("/try", data=FILLED))


def test_a_reference_of_which_the_disagreement_is_damaged_stops_the_app(
    tmp_path: Path, registry: DirectoryRegistry, environment: dict[str, str]
) -> None:
    damaged = msgspec.structs.replace(numeric_reference(np.array([0.1, 0.2])), count=5)
    reference = make_reference()
    reference = msgspec.structs.replace(reference, scores={**reference.scores, "disagreement": damaged})
    registry.publish(make_bundle(tmp_path / "damaged", tag="model-v1.1.0", reference=reference))
    with pytest.raises(CorruptArtifact, match="its disagreement is no distribution of 5 values"):
        create_app(ServiceSettings.from_env(environment), registry=registry)


def test_a_try_leaves_no_row_in_the_journal_and_one_in_the_log(client: FlaskClient, app: Flask) -> None:
    client.post("/try", data=FILLED)
    assert journalled(app) == 0
    metrics = client.get("/metrics").text
    assert 'slipway_rows_total{route="/try"} 1.0' in metrics


def test_what_training_did_not_see_is_said(client: FlaskClient) -> None:
    text = words(client.post("/try", data={"value.age": "99", "value.city": "Bern"}))
    assert "Warning: training saw age from 18 to 65 only." in text
    assert "Warning: training saw no city 'Bern'." in text


def test_each_fault_stands_beside_its_input_and_what_was_typed_stays(client: FlaskClient) -> None:
    answer = client.post("/try", data={"value.age": "old", "value.city": "", "value.x": "1"})
    page = seen(answer)
    assert answer.status_code == 422
    assert page.filled() == {"value.age": "old"}
    assert [each["id"] for each in page.all("input", "select") if each.get("aria-invalid")] == ["f1", "f2"]
    text = words(answer)
    assert "3 values are wrong; nothing was scored." in text
    assert "takes a number from 0 to 120 a, found text" in text
    assert "Oslo Rome missing" in text
    assert "x: unknown field" in text


def test_what_an_input_takes_is_said_of_one_that_is_no_list(client: FlaskClient, start: Start) -> None:
    assert "city Oslo, Rome Predict" in words(client.post("/try", data={"value.age": "30", "value.city": "Bern"}))
    refused = start(API_KEYS=KEYS, PUBLIC_DOCS="yes").post("/try", data=FILLED | {"value.age": "old"})
    assert "age a 0 to 120; may be empty" in words(refused)


def test_the_programs_send_what_was_tried(client: FlaskClient) -> None:
    page = client.post("/try", data={"value.age": "61.5", "value.city": "Rome"}, base_url="https://a.example")
    (curl, python, javascript) = re.findall(r"<code>(.*?)</code></pre>", page.text, re.DOTALL)
    assert "https://a.example/v1/predict" in curl
    for text in (curl, python, javascript):
        assert "61.5" in text
        assert "Rome" in text
        assert "API_KEY" not in text


def test_every_input_has_a_label_and_every_reference_leads_somewhere(client: FlaskClient) -> None:
    for answer in (client.get("/"), client.post("/try", data={"value.city": ""})):
        page = seen(answer)
        ids = [str(each["id"]) for _, each in page.elements if "id" in each]
        labelled = {each["for"] for each in page.all("label")}
        assert len(ids) == len(set(ids))
        assert {each["id"] for each in page.all("input", "select")} == labelled
        named = [
            each[key] for _, each in page.elements for key in ("aria-labelledby", "aria-describedby") if key in each
        ]
        assert set(named) <= set(ids)
        assert len(page.all("h1")) == len(page.all("main")) == 1


def test_nothing_runs_on_the_page_that_the_service_did_not_send(client: FlaskClient) -> None:
    answer = client.get("/")
    page = seen(answer)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.all("style") == []
    assert not any(name == "style" or name.startswith("on") for _, each in page.elements for name in each)
    assets = [each["src"] for each in page.all("script")] + [each["href"] for each in page.all("link")]
    for asset in filter(lambda asset: asset != "data:,", assets):
        with client.get(str(asset)) as served:
            assert served.status_code == 200
            assert b"//" not in served.data.replace(b"// ", b"")


def test_the_answer_s_address_leads_back_to_the_page(client: FlaskClient) -> None:
    answer = client.get("/try", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({"data": b""}, 400),
        ({"json": {}}, 415),
        ({"data": {"value.age": "x" * 200_000}}, 413),
        ({"data": {f"value.{number}": "1" for number in range(40)}}, 400),
    ],
)
def test_what_is_no_form_is_a_problem(client: FlaskClient, content: dict[str, Any], status: int) -> None:
    options = content if "json" in content else {"content_type": "application/x-www-form-urlencoded", **content}
    answer = client.post("/try", **options)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_with_keys_the_form_asks_for_one_and_the_programs_send_one(start: Start) -> None:
    client = start(API_KEYS=KEYS)
    page = seen(client.get("/"))
    (key,) = (each for each in page.all("input") if each["id"] == "key")
    assert (key["type"], key["autocomplete"]) == ("password", "off")
    assert "Bearer $API_KEY" in client.get("/").text
    answer = client.post("/try", data=FILLED | {"key": PREDICT})
    assert (answer.status_code, "churn: yes" in words(answer)) == (200, True)
    assert PREDICT not in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [
        ("", 401, "This needs a key, and none that is known here was sent."),
        ("slip_hunter2", 401, "This needs a key, and none that is known here was sent."),
        (OUTCOMES, 403, "key 'reporter' lacks the scope predict."),
    ],
    ids=["none", "unknown", "for other things"],
)
@pytest.mark.parametrize("public", ["yes", "no"])
def test_a_wrong_key_is_told_in_the_page(start: Start, key: str, status: int, said: str, public: str) -> None:
    answer = start(API_KEYS=KEYS, PUBLIC_DOCS=public).post("/try", data=FILLED | {"key": key})
    assert (answer.status_code, said in words(answer)) == (status, True)
    assert not key or key not in answer.text
    assert "churn: yes" not in words(answer)


def test_wrong_keys_are_counted_as_everywhere(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    client = start(API_KEYS=KEYS)
    answers = [client.post("/try", data=FILLED | {"key": "slip_hunter2"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert re.search(r"too many wrong keys came from your address; try again in \d+ s\.", words(answers[-1]))
    assert "hunter2" not in capsys.readouterr().out
    assert client.post("/v1/predict", json={}, headers={"Authorization": "Bearer x"}).status_code == 429
    assert client.post("/try", data=FILLED | {"key": PREDICT}).status_code == 200


def test_a_caller_is_held_to_its_rate_here_too(start: Start) -> None:
    client = start(API_KEYS=KEYS, RATE_LIMIT="2/minute")
    answers = [client.post("/try", data=FILLED | {"key": PREDICT}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "at most 2 per 1 minute; try again in" in words(answers[-1])


def test_where_documents_are_for_callers_a_stranger_sees_nothing_of_the_model(start: Start) -> None:
    client = start(API_KEYS=KEYS, PUBLIC_DOCS="no")
    for answer in (client.get("/"), client.post("/", data={"key": "x"}), client.post("/try", data=FILLED)):
        assert answer.status_code == 401
        assert not re.search(r"churn|age|Oslo|model-v", words(answer).replace("page", ""))
        assert [each["name"] for each in seen(answer).all("input")] == ["key"]


@pytest.mark.parametrize("key", [PREDICT, OUTCOMES], ids=["predict", "outcomes"])
def test_a_key_of_any_scope_opens_the_page_and_is_not_repeated(start: Start, key: str) -> None:
    client = start(API_KEYS=KEYS, PUBLIC_DOCS="no")
    for answer in (client.post("/", data={"key": key}), client.get("/", headers={"Authorization": f"Bearer {key}"})):
        assert (answer.status_code, "Predicts whether churn is yes" in words(answer)) == (200, True)
        assert key not in answer.text
        # Others could not be followed without a key.
        assert all(str(each["href"]).startswith("#") for each in seen(answer).all("a"))


def test_what_a_bundle_a_caller_or_a_report_says_is_text(tmp_path: Path) -> None:
    home = publish(tmp_path, hostile_contract())
    app = home.app()
    now = datetime.now(UTC)
    fill(app, hostile_report(), decided_experiment())
    home.ledger.record(Environment.PRODUCTION, CHAMPION, at=now, reason=HOSTILE)
    client = app.test_client()
    client.post("/v1/predict", json={f"n{HOSTILE}": 99, f"c{HOSTILE}": HOSTILE})
    good = {f"value.n{HOSTILE}": "30", f"value.c{HOSTILE}": HOSTILE}
    bad = {f"value.n{HOSTILE}": HOSTILE, f"value.{HOSTILE}": HOSTILE}
    for answer in (client.get("/"), client.post("/try", data=good), client.post("/try", data=bad)):
        page = seen(answer)
        assert len(page.all("script")) == 1
        assert page.all("b") == page.all("img") == page.all("style") == []
        assert not any(name.startswith("on") or name == "style" for _, each in page.elements for name in each)
        assert not any(str(each["href"]).startswith("http") for each in page.all("a"))
        # The contract, what training did not see, a decision and a deployment; and names of a report.
        assert page.words.count(HOSTILE) > 8
        assert NAMES[0] in page.words
        assert "\u202e" not in page.words
    assert client.post("/try", data=good).status_code == 200
    assert json.dumps(HOSTILE)[1:-1] in seen(client.get("/")).words
