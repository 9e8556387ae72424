"""A shadow sees what others answer, answers nobody, and steps aside."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.settings import ServiceSettings
from core.bundle import Bundle
from core.contract import Task
from core.errors import SettingsError
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from tests.bad_models import publish_slow
from tests.factories import make_bundle, make_graph
from tests.fragile import publish_fragile

ONE, MANY, JOURNAL = "/v1/predict", "/v1/predict/batch", "/v1/journal?shadow=true"
ROW: dict[str, Any] = {"age": 30, "city": "Oslo"}
SHADOW = "model-v1.1.0"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"MODEL_TAG": "model-v1.0.0", "SHADOW_TAG": SHADOW, "JOURNAL_DIR": str(tmp_path / "journal")}


@pytest.fixture
def other(tmp_path: Path, task: Task) -> Bundle:
    """Scores otherwise than the champion."""
    steep, steeper = make_graph(task, slope=0.05), make_graph(task, slope=0.09)
    return make_bundle(tmp_path / "other", task, SHADOW, graph=steep, others={"steeper": steeper})


@pytest.fixture
def app(registry: DirectoryRegistry, environment: dict[str, str], other: Bundle) -> Iterator[Flask]:
    registry.publish(other)
    yield create_app(ServiceSettings.from_env(environment), registry=registry)
    structlog.reset_defaults()


def _serve(registry: DirectoryRegistry, environment: dict[str, str], **changes: str) -> FlaskClient:
    return create_app(ServiceSettings.from_env(environment | changes), registry=registry).test_client()


def counted(client: FlaskClient) -> dict[str, int]:
    """Rows by what became of them."""
    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith("slipway_shadow_rows_total")]
    return {line.split('"')[1]: int(float(line.split()[-1])) for line in lines}


def settle(client: FlaskClient, rows: int) -> dict[str, int]:
    """Wait until so many rows have been dealt with."""
    deadline = time.monotonic() + 20
    while sum(counted(client).values()) < rows:
        assert time.monotonic() < deadline, counted(client)
        time.sleep(0.01)
    return counted(client)


def journal(client: FlaskClient) -> list[dict[str, Any]]:
    return [json.loads(line) for line in client.get(JOURNAL).data.splitlines()]


def without_names(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name in {"label", "score", "scores", "value"}}


@pytest.mark.parametrize("task", list(Task))
def test_what_it_would_have_answered_lies_beside_what_was(
    client: FlaskClient, registry: DirectoryRegistry, environment: dict[str, str], tmp_path: Path
) -> None:
    rows = [ROW, {"age": 99, "city": "Bern"}, {"age": None, "city": "Rome"}]
    client.post(ONE, json=ROW)
    client.post(MANY, json={"rows": rows})
    assert settle(client, 4) == {"scored": 4, "shed": 0, "failed": 0}
    own = {"MODEL_TAG": SHADOW, "SHADOW_TAG": "", "JOURNAL_DIR": str(tmp_path / "own")}
    alone = _serve(registry, environment, **own)
    expected = [without_names(alone.post(ONE, json=row).get_json()) for row in [ROW, *rows]]
    found = journal(client)
    assert [line["tag"] for line in found] == ["model-v1.0.0"] * 4
    assert [line["shadow"].pop("tag") for line in found] == [SHADOW] * 4
    assert [without_names(line["shadow"]) for line in found] == expected
    assert [without_names(line) for line in found] != expected
    apart = [line["shadow"]["disagreement"] for line in found]
    assert (apart[0], apart[0] > 0, apart[3]) == (apart[1], True, 0.0)
    assert {line["disagreement"] for line in found} == {0.0}


@pytest.mark.parametrize("task", list(Task))
def test_requests_that_are_scored_together_keep_their_own_answers(
    client: FlaskClient, registry: DirectoryRegistry, environment: dict[str, str], tmp_path: Path
) -> None:
    rows = [{"age": number / 2, "city": "Oslo"} for number in range(200)]
    for row in rows[:150]:
        client.post(ONE, json=row)
    client.post(MANY, json={"rows": rows[150:]})
    assert settle(client, 200)["scored"] == 200
    own = {"MODEL_TAG": SHADOW, "SHADOW_TAG": "", "JOURNAL_DIR": str(tmp_path / "own")}
    alone = _serve(registry, environment, **own).post(MANY, json={"rows": rows}).get_json()["predictions"]
    found = {line["inputs"]["age"]: without_names(line["shadow"]) for line in journal(client)}
    assert found == {row["age"]: without_names(answer) for row, answer in zip(rows, alone, strict=True)}


def test_who_is_answered_does_not_notice(client: FlaskClient) -> None:
    answer = client.post(ONE, json=ROW).get_json()
    assert answer["model_tag"] == "model-v1.0.0"
    assert "shadow" not in answer


def test_what_leaves_no_trace_is_not_shown(client: FlaskClient) -> None:
    client.post(ONE, json=ROW, headers={"X-Unrecorded": "yes"})
    client.post(ONE, json=ROW)
    assert settle(client, 1) == {"scored": 1, "shed": 0, "failed": 0}


def test_a_shadow_that_fails_concerns_nobody(
    registry: DirectoryRegistry, environment: dict[str, str], other: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_fragile(registry, other, ModelTag.parse(SHADOW), feature="age", above=70)
    client = _serve(registry, environment)
    for age in (75, 60):
        assert client.post(ONE, json={"age": age, "city": "Oslo"}).status_code == 200
        time.sleep(0.1)
    assert settle(client, 2) == {"scored": 1, "shed": 0, "failed": 1}
    assert [line["shadow"] is None for line in journal(client)] == [True, False]
    assert "the shadow failed" in capsys.readouterr().out


def test_more_than_it_has_time_for_is_not_shown_to_it(registry: DirectoryRegistry, environment: dict[str, str]) -> None:
    publish_slow(registry, SHADOW)
    client = _serve(registry, environment)
    for _ in range(30):
        assert client.post(MANY, json={"rows": [ROW] * 100}).status_code == 200
    found = settle(client, 3_000)
    assert found["shed"] >= 1_000
    assert found["scored"] >= 1_000


def test_rows_that_come_at_once_are_all_shown_as_long_as_none_wait(
    registry: DirectoryRegistry, environment: dict[str, str], other: Bundle
) -> None:
    registry.publish(other)
    client = _serve(registry, environment)
    client.post(MANY, json={"rows": [ROW] * 5_000})
    assert settle(client, 5_000)["scored"] == 5_000


def test_one_that_takes_other_rows_is_refused_at_start(
    registry: DirectoryRegistry, environment: dict[str, str], tmp_path: Path
) -> None:
    registry.publish(make_bundle(tmp_path / "different", Task.REGRESSION, SHADOW))
    with pytest.raises(SettingsError, match="SHADOW_TAG: model-v1"):
        _serve(registry, environment)
    with pytest.raises(SettingsError, match="SHADOW_TAG: takes another tag than MODEL_TAG"):
        ServiceSettings.from_env(environment | {"SHADOW_TAG": "model-v1.0.0"})
