"""An experiment that is begun from outside: every process follows it, and a restart forgets nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from msgspec import structs

from app import create_app
from app.settings import ServiceSettings
from core.bundle import Bundle
from core.contract import Task
from core.documents import from_json, to_json
from core.experiment import Experiment, Phase, Reading
from core.experiment_policy import ExperimentPolicy, Loss
from core.manifest import Metric
from core.registry import DirectoryRegistry
from tests.experiments import BEGAN, make_experiment
from tests.factories import make_bundle

ONE, PATH = "/v1/predict", "/v1/experiment"
ROW: dict[str, Any] = {"age": 30, "city": "Oslo"}
CHALLENGER = "model-v1.1.0"
SUBJECTS = [f"customer-{number}" for number in range(40)]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "MODEL_TAG": "model-v1.0.0",
        "SUBJECT_KEY": "k" * 32,
        "JOURNAL_DIR": str(tmp_path / "journal"),
        # A busy machine must not make a challenger late.
        "CHALLENGER_BUDGET_MS": "60000",
    }


@pytest.fixture
def app(registry: DirectoryRegistry, environment: dict[str, str], challenger: Bundle) -> Iterator[Flask]:
    registry.publish(challenger)
    yield create_app(ServiceSettings.from_env(environment), registry=registry)
    structlog.reset_defaults()


def serve(registry: DirectoryRegistry, environment: dict[str, str], **changes: str) -> FlaskClient:
    return create_app(ServiceSettings.from_env(environment | changes), registry=registry).test_client()


def send(client: FlaskClient, experiment: Experiment) -> Any:
    return client.put(PATH, data=to_json(experiment), content_type="application/json")


def challenged(client: FlaskClient) -> set[str]:
    """The subjects whom the challenger answers."""
    answers = {each: client.post(ONE, json=ROW, headers={"X-Subject": each}).get_json() for each in SUBJECTS}
    assert all((answer["arm"] == "challenger") == (answer["model_tag"] == CHALLENGER) for answer in answers.values())
    return {subject for subject, answer in answers.items() if answer["arm"] == "challenger"}


def test_a_service_without_an_experiment_says_so(client: FlaskClient) -> None:
    assert client.get(PATH).get_json() == {
        "experiment": None,
        "model_tag": "model-v1.0.0",
        "challenger": None,
        "share": 0.0,
        "problem": "",
    }
    assert not challenged(client)


def test_what_is_sent_begins_at_once_and_is_kept(client: FlaskClient) -> None:
    answer = send(client, make_experiment())
    assert answer.status_code == 200, answer.text
    assert (answer.get_json()["challenger"], answer.get_json()["share"]) == (CHALLENGER, 0.5)
    assert 10 < len(challenged(client)) < 30
    assert client.get(PATH).get_json()["experiment"]["champion_loss"] == 0.2


def test_a_restart_goes_on_with_the_same_subjects(
    client: FlaskClient, registry: DirectoryRegistry, environment: dict[str, str]
) -> None:
    send(client, make_experiment())
    assert challenged(serve(registry, environment)) == challenged(client) != set()


def test_a_larger_share_takes_subjects_and_gives_none_back(client: FlaskClient) -> None:
    send(client, make_experiment(share=0.2))
    few = challenged(client)
    phases = (Phase(share=0.2, since=BEGAN), Phase(share=0.7, since=BEGAN + timedelta(days=1)))
    send(client, make_experiment(phases=phases))
    assert few < challenged(client)


def test_the_other_processes_follow_where_requests_come(
    client: FlaskClient, registry: DirectoryRegistry, environment: dict[str, str]
) -> None:
    other = serve(registry, environment)
    assert not challenged(other)
    send(client, make_experiment())
    assert not challenged(other)
    with patch("app.experiments._LOOK_EVERY_S", 0.0):
        deadline = time.monotonic() + 20
        while not challenged(other):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert challenged(other) == challenged(client)
        send(client, make_experiment(ended=BEGAN + timedelta(days=3)))
        assert not challenged(client)
        while challenged(other):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_an_experiment_of_another_champion_is_not_followed(
    client: FlaskClient, registry: DirectoryRegistry, environment: dict[str, str], tmp_path: Path
) -> None:
    send(client, make_experiment())
    registry.publish(make_bundle(tmp_path / "third", tag="model-v1.2.0"))
    for tag in ("model-v1.2.0", CHALLENGER):
        other = serve(registry, environment, MODEL_TAG=tag)
        assert other.post(ONE, json=ROW, headers={"X-Subject": "ada"}).get_json()["arm"] == "champion"
        assert send(other, make_experiment()).status_code == 409
        # It may still be ended from there, as after a deployment.
        assert send(other, make_experiment(ended=BEGAN + timedelta(days=3))).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"challenger": "v2"}, "challenger", "'v2' is not a model tag"),
        ({"phases": []}, "phases", "length >= 1"),
        ({"champion_loss": 0}, "champion_loss", "> 0"),
        ({"share": 0.5}, "content", "unknown field"),
    ],
    ids=["no tag", "no phase", "no loss", "unknown"],
)
def test_what_is_no_experiment_is_refused_and_changes_nothing(
    client: FlaskClient, changes: dict[str, Any], field: str, words: str
) -> None:
    send(client, make_experiment())
    before = challenged(client)
    answer = client.put(PATH, json=client.get(PATH).get_json()["experiment"] | changes)
    assert answer.status_code == 422, answer.text
    (fault,) = answer.get_json()["errors"]
    assert fault["field"] == field
    assert words in fault["problem"]
    assert challenged(client) == before


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("model-v9.0.0", "model-v9.0.0 is not in the registry"),
        ("model-v1.0.0", "a challenger is another tag than the champion"),
        ("model-v2.0.0", "cannot answer what model-v1.0.0 is asked"),
    ],
    ids=["not published", "itself", "other contract"],
)
def test_who_cannot_serve_here_is_refused_and_changes_nothing(
    client: FlaskClient, registry: DirectoryRegistry, tmp_path: Path, tag: str, words: str
) -> None:
    registry.publish(make_bundle(tmp_path / "regression", Task.REGRESSION, "model-v2.0.0"))
    send(client, make_experiment())
    before = challenged(client)
    answer = client.put(PATH, json=client.get(PATH).get_json()["experiment"] | {"challenger": tag})
    assert answer.status_code == 409, answer.text
    assert words in answer.get_json()["detail"]
    assert challenged(client) == before


def test_a_whole_number_may_be_written_as_json_likes(client: FlaskClient) -> None:
    send(client, make_experiment())
    kept = client.get(PATH).get_json()["experiment"]
    kept["policy"]["max_days"] = 7.0
    answer = client.put(PATH, json=kept)
    assert (answer.status_code, answer.get_json()["experiment"]["policy"]["max_days"]) == (200, 7)


def test_without_a_key_for_subjects_nothing_can_begin(
    registry: DirectoryRegistry, environment: dict[str, str], challenger: Bundle
) -> None:
    registry.publish(challenger)
    answer = send(serve(registry, environment, SUBJECT_KEY=""), make_experiment())
    assert answer.status_code == 409
    assert "SUBJECT_KEY is not set" in answer.get_json()["detail"]


def test_where_the_environment_fixes_the_challenger_nothing_else_can_begin(
    registry: DirectoryRegistry, environment: dict[str, str], challenger: Bundle
) -> None:
    registry.publish(challenger)
    client = serve(registry, environment, CHALLENGER_TAG=CHALLENGER, CHALLENGER_SHARE="0.3")
    for other in (make_experiment(), make_experiment(ended=BEGAN)):
        answer = send(client, other)
        assert answer.status_code == 409
        assert "CHALLENGER_TAG" in answer.get_json()["detail"]
    assert client.get(PATH).get_json()["share"] == 0.3


@pytest.fixture
def known_loss(tmp_path: Path, challenger: Bundle) -> DirectoryRegistry:
    """A registry whose champion says what it loses on its holdout."""
    registry = DirectoryRegistry(tmp_path / "measured")
    registry.publish(make_bundle(tmp_path / "champion", metrics={"brier": Metric(value=0.2)}))
    registry.publish(challenger)
    return registry


FIXED = {"CHALLENGER_TAG": CHALLENGER, "CHALLENGER_SHARE": "0.3"}


def test_what_the_environment_fixes_can_be_read_off(known_loss: DirectoryRegistry, environment: dict[str, str]) -> None:
    client = serve(known_loss, environment, **FIXED)
    kept = from_json(json.dumps(client.get(PATH).get_json()["experiment"]).encode(), Experiment, source="")
    assert (str(kept.champion), str(kept.challenger), kept.share) == ("model-v1.0.0", CHALLENGER, 0.3)
    assert (kept.policy, kept.champion_loss, kept.is_fixed) == (ExperimentPolicy(loss=Loss.BRIER), 0.2, True)
    read = structs.replace(kept, readings=(Reading(at=BEGAN, word="running"),))
    assert send(client, read).status_code == 200
    # A restart forgets nothing, and another share is another phase.
    again = serve(known_loss, environment, **FIXED)
    assert len(again.get(PATH).get_json()["experiment"]["readings"]) == 1
    grown = serve(known_loss, environment, **FIXED | {"CHALLENGER_SHARE": "0.6"})
    assert [phase["share"] for phase in grown.get(PATH).get_json()["experiment"]["phases"]] == [0.3, 0.6]
    assert challenged(again) < challenged(grown)


def test_it_is_over_for_all_when_the_environment_says_so_no_more(
    known_loss: DirectoryRegistry, environment: dict[str, str]
) -> None:
    assert challenged(serve(known_loss, environment, **FIXED))
    assert not challenged(serve(known_loss, environment))


def test_a_challenger_that_is_gone_leaves_the_champion_and_is_said(
    client: FlaskClient,
    registry: DirectoryRegistry,
    environment: dict[str, str],
    tmp_path: Path,
    bundle: Bundle,
) -> None:
    send(client, make_experiment())
    empty = DirectoryRegistry(tmp_path / "another")
    empty.publish(bundle)
    other = serve(empty, environment)
    assert not challenged(other)
    assert "model-v1.1.0 is not in the registry" in other.get(PATH).get_json()["problem"]
