"""What each member of the ensemble says, for whoever asks, and how far they lie apart, which the journal keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from app import create_app
from app.settings import ServiceSettings
from core.bundle import Bundle
from core.contract import Task
from core.encoder import Encoder
from core.registry import DirectoryRegistry
from core.scorer import Scorer, load_scorer
from tests.factories import make_bundle, make_graph
from tests.unit.app.test_documentation import misfits

ONE, MANY, ASKING = "/v1/predict", "/v1/predict/batch", {"members": "true"}
ROWS: list[dict[str, Any]] = [
    {"age": 30.0, "city": "Oslo"},
    {"age": 64.5, "city": "Bern"},
    {"age": None, "city": "Rome"},
]
BAD = {"age": 999, "city": "Oslo"}
TASKS = pytest.mark.parametrize("task", list(Task))


@pytest.fixture
def bundle(tmp_path: Path, task: Task) -> Bundle:
    """A second member that is steeper than the first."""
    return make_bundle(tmp_path / "bundle", task, others={"steep": make_graph(task, slope=0.05)})


@pytest.fixture
def scorer(bundle: Bundle) -> Scorer:
    return load_scorer(bundle)


def expected(bundle: Bundle, scorer: Scorer) -> list[tuple[dict[str, Any], Any]]:
    """Of each row of `ROWS`, straight from the graphs."""
    matrix = Encoder(bundle.contract).rows(ROWS)
    members, target = scorer.members(matrix), bundle.contract.target
    apart = np.sqrt((members.var(axis=0)).sum(axis=1))
    found = []
    for row in range(len(ROWS)):
        own = [
            dict(zip(target.classes, scores[row].tolist(), strict=True))
            if target.task is Task.MULTICLASS
            else scores[row, 0]
            for scores in members
        ]
        found.append((dict(zip(("linear", "steep"), own, strict=True)), pytest.approx(apart[row], abs=1e-6)))
    return found


def lines(client: FlaskClient, rows: list[dict[str, Any]], **query: str) -> list[dict[str, Any]]:
    body = "\n".join(map(json.dumps, rows))
    with client.post(MANY, query_string=query, data=body, content_type="application/x-ndjson") as answer:
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.get_data().splitlines()]


def told(answer: dict[str, Any]) -> tuple[Any, Any]:
    return answer["members"], answer["disagreement"]


@TASKS
def test_a_row_says_what_its_members_say_where_that_is_asked_for(
    client: FlaskClient, bundle: Bundle, scorer: Scorer
) -> None:
    for row, wanted in zip(ROWS, expected(bundle, scorer), strict=True):
        plain = client.post(ONE, json=row).get_json()
        asked = client.post(ONE, query_string=ASKING, json=row).get_json()
        assert told(asked) == wanted
        assert asked["disagreement"] > 0 or row["age"] is None
        assert asked.keys() - plain.keys() == {"members", "disagreement"}
        assert {name: value for name, value in asked.items() if name in plain and name != "id"} == {
            name: value for name, value in plain.items() if name != "id"
        }


@TASKS
@pytest.mark.parametrize("members", ["false", None])
def test_nobody_else_is_told(client: FlaskClient, members: str | None) -> None:
    query = {} if members is None else {"members": members}
    rows, columns = {"rows": ROWS}, {"columns": {"city": ["Oslo"]}}
    assert "disagreement" not in client.post(ONE, query_string=query, json=ROWS[0]).get_json()
    for answer in client.post(MANY, query_string=query, json=rows).get_json()["predictions"]:
        assert not {"members", "disagreement"} & answer.keys()
    assert not {"members", "disagreement"} & (
        client.post(MANY, query_string=query, json=columns).get_json()["columns"].keys()
    )
    assert all("members" not in line for line in lines(client, ROWS, **query))


@TASKS
def test_rows_columns_and_lines_say_it_too(client: FlaskClient, bundle: Bundle, scorer: Scorer) -> None:
    wanted = expected(bundle, scorer)
    rows = client.post(MANY, query_string=ASKING, json={"rows": ROWS}).get_json()["predictions"]
    sent = {"columns": {name: [row[name] for row in ROWS] for name in ("age", "city")}}
    columns = client.post(MANY, query_string=ASKING, json=sent).get_json()["columns"]

    assert [told(row) for row in rows] == wanted
    assert [told(line) for line in lines(client, ROWS, **ASKING)] == wanted
    for place, (members, disagreement) in enumerate(wanted):
        by_member = {
            name: {label: each[place] for label, each in own.items()} if isinstance(own, dict) else own[place]
            for name, own in columns["members"].items()
        }
        assert (by_member, columns["disagreement"][place]) == (members, disagreement)


@TASKS
def test_rows_that_were_skipped_have_none(client: FlaskClient) -> None:
    query = ASKING | {"on_error": "skip"}
    columns = {"age": [30, 999], "city": ["Oslo", "Oslo"]}
    found = client.post(MANY, query_string=query, json={"columns": columns}).get_json()["columns"]
    own = found["members"]["steep"]
    for values in [found["disagreement"], *(own.values() if isinstance(own, dict) else [own])]:
        assert [value is None for value in values] == [False, True]
    assert client.post(MANY, query_string=query, json={"rows": [BAD]}).get_json()["predictions"] == [None]
    good, bad = lines(client, [ROWS[0], BAD], **query)
    assert "members" in good
    assert set(bad) == {"errors"}


@pytest.mark.parametrize(("path", "body"), [(ONE, ROWS[0]), (MANY, {"rows": ROWS})])
@pytest.mark.parametrize("members", ["yes", "", "True", "1"])
def test_what_is_neither_true_nor_false_is_refused(client: FlaskClient, path: str, body: Any, members: str) -> None:
    answer = client.post(path, query_string={"members": members}, json=body)
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [{"field": "members", "problem": "takes true or false, in the query"}]


@TASKS
def test_answers_with_members_are_described(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    columns = {"columns": {"age": [30, 999], "city": ["Oslo", "Oslo"]}}
    for path, body in ((ONE, ROWS[0]), (MANY, {"rows": ROWS}), (MANY, columns)):
        answer = client.post(path, query_string=ASKING | {"on_error": "skip"}, json=body)
        described = document["paths"][path]["post"]
        schema = described["responses"]["200"]["content"]["application/json"]["schema"]
        assert misfits(document, schema, answer.get_json()) == []
        assert {"type": "boolean", "default": False} in [
            each["schema"] for each in described["parameters"] if each["name"] == "members"
        ]


@TASKS
def test_the_journal_keeps_how_far_they_lie_apart_and_not_what_they_say(
    client: FlaskClient, bundle: Bundle, scorer: Scorer
) -> None:
    client.post(MANY, json={"rows": ROWS})
    client.post(ONE, query_string=ASKING, json=ROWS[0])
    kept = [json.loads(line) for line in client.get("/v1/journal").get_data().splitlines()]
    wanted = [disagreement for _, disagreement in expected(bundle, scorer)]
    assert [row["disagreement"] for row in kept] == [*wanted, wanted[0]]
    assert all(row["disagreement"] == round(row["disagreement"], 6) and "members" not in row for row in kept)


def test_a_key_that_was_sent_without_asking_takes_no_request_that_asks(client: FlaskClient) -> None:
    once = {"Idempotency-Key": "abc"}
    assert client.post(ONE, json=ROWS[0], headers=once).status_code == 200
    answer = client.post(ONE, query_string=ASKING, json=ROWS[0], headers=once)
    assert answer.status_code == 422
    assert "was sent with another request" in answer.get_json()["errors"][0]["problem"]
    asking = {"Idempotency-Key": "abd"}
    first, again = (client.post(ONE, query_string=ASKING, json=ROWS[0], headers=asking) for _ in range(2))
    assert first.get_json() == again.get_json()
    assert "members" in again.get_json()


def test_a_member_alone_disagrees_with_nobody(
    tmp_path: Path, registry: DirectoryRegistry, environment: dict[str, str]
) -> None:
    registry.publish(make_bundle(tmp_path / "alone", tag="model-v1.1.0"))
    client = create_app(ServiceSettings.from_env(environment), registry=registry).test_client()
    answer = client.post(ONE, query_string=ASKING, json=ROWS[0]).get_json()
    assert told(answer) == ({"linear": answer["score"]}, 0.0)


def test_a_challenger_s_answer_has_its_own_members(
    tmp_path: Path, registry: DirectoryRegistry, environment: dict[str, str]
) -> None:
    registry.publish(make_bundle(tmp_path / "next", tag="model-v1.1.0", others={"flat": make_graph(slope=0.001)}))
    experiment = {"CHALLENGER_TAG": "model-v1.1.0", "CHALLENGER_SHARE": "1", "SUBJECT_KEY": "k" * 32}
    settings = ServiceSettings.from_env(environment | experiment | {"MODEL_TAG": "model-v1.0.0"})
    client = create_app(settings, registry=registry).test_client()
    found = [
        client.post(ONE, query_string=ASKING, json=ROWS[0], headers=headers).get_json()
        for headers in ({}, {"X-Subject": "anna"})
    ]
    assert [(each["model_tag"], set(each["members"])) for each in found] == [
        ("model-v1.0.0", {"linear", "steep"}),
        ("model-v1.1.0", {"linear", "flat"}),
    ]
