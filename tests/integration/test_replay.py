"""What a challenger would have answered: real service, real journal, real command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from app.keys import Scope, new_key
from core.contract import Task
from core.manifest import Window
from core.registry import DirectoryRegistry
from tests.commands import ROOT
from tests.factories import FEATURES, make_bundle, make_contract, make_graph, make_manifest
from tests.integration.test_gunicorn import Server, serving, variables

ADMIN, ENTRY = new_key("all", list(Scope))
HEADERS = {"Authorization": f"Bearer {ADMIN}"}
CHAMPION, CHALLENGER = "model-v1.0.0", "model-v1.1.0"
MODEL = f"""
[target]
name = "churn"
task = "binary"
positive = "yes"
negative = "no"
[gate]
segments = ["city"]
{FEATURES}
"""
PRICES = f"""
[target]
name = "price"
task = "regression"
{FEATURES}
"""


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def send(server: Server, subjects: int) -> list[str]:
    """Rows of many subjects; gives their ids."""
    found: list[str] = []
    for number in range(subjects):
        rows = [{"age": 5 + (number * 3 + each) % 60, "city": ("Oslo", "Rome")[each % 2]} for each in range(4)]
        headers = HEADERS | {"X-Subject": f"customer-{number}"}
        answer = requests.post(f"{url_of(server)}/v1/predict/batch", json={"rows": rows}, headers=headers, timeout=10)
        found += [row["id"] for row in answer.json()["predictions"]]
    return found


def report(server: Server, ids: list[str], outcome: str | float) -> None:
    outcomes = [{"id": each, "outcome": outcome} for each in ids]
    reported = requests.post(f"{url_of(server)}/v1/outcomes", json={"outcomes": outcomes}, headers=HEADERS, timeout=10)
    assert reported.status_code == 200, reported.text


def command(folder: Path, *arguments: str, status: int = 0, **own: str) -> str:
    """Run `python -m deploy replay`, and give what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "replay", *arguments, "--model-file", str(folder / "model.toml")],
        cwd=ROOT,
        env=variables(folder, SERVICE_KEY=ADMIN, GITHUB_STEP_SUMMARY=str(folder / "summary.md"), **own),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def publish(folder: Path, *models: tuple[str, float], task: Task = Task.BINARY) -> None:
    registry = DirectoryRegistry(folder / "registry")
    for tag, slope in models:
        registry.publish(make_bundle(folder / tag, task, tag, graph=make_graph(task, slope=slope)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, another one, and a candidate that was fitted on all that is to come."""
    folder = tmp_path_factory.mktemp("replay")
    publish(folder, (CHAMPION, 0.02), (CHALLENGER, 0.2))
    lineage = make_manifest(make_contract()).lineage
    late = msgspec.structs.replace(lineage, validation=Window(rows=1, end="2999-01-01T00:00:00"))
    make_bundle(folder / "candidate" / "bundle", tag="model-v1.2.0", lineage=late)
    (folder / "model.toml").write_text(MODEL)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """It answered 120 rows of 30 customers, of whom the last 15 left."""
    with serving(folder, MODEL_TAG=CHAMPION, API_KEYS=str(ENTRY), SUBJECT_KEY="s" * 32, APP_ENV="production") as server:
        report(server, send(server, 30)[60:], "yes")
        yield server


def replay(folder: Path, server: Server, *arguments: str, **own: Any) -> str:
    return command(folder, *arguments, SERVICE_URL=url_of(server), **own)


def test_a_challenger_is_shown_beside_what_was_answered_then(folder: Path, server: Server) -> None:
    said = replay(folder, server, CHALLENGER)
    assert "model-v1.1.0 answered 120 rows that model-v1.0.0 answered from " in said
    assert "of them the same label. Its score is +0." in said
    assert "On 60 rows with an outcome model-v1.1.0 lost " in said
    assert "(by 15 subjects). The challenger would have done better." in said
    assert "city: Oslo" in said
    assert "city: Rome" in said
    assert "## Replay: model-v1.1.0 on what model-v1.0.0 answered" in (folder / "summary.md").read_text()


def test_the_champion_agrees_with_itself(folder: Path, server: Server) -> None:
    said = replay(folder, server, CHAMPION)
    assert "It gives 100.0% of them the same label. Its score is +0 away on average and at most 0;" in said
    assert "a gain of +0, with 95 % confidence +0 to +0 (by 15 subjects). That may be chance." in said


def test_only_the_newest_are_taken_where_that_is_asked_for(folder: Path, server: Server) -> None:
    said = replay(folder, server, CHALLENGER, "--rows", "10")
    assert "answered 10 rows" in said
    assert "An interval needs at least 10 subjects" in said


def test_a_candidate_is_not_praised_for_outcomes_that_it_was_fitted_on(folder: Path, server: Server) -> None:
    said = replay(folder, server, "candidate", CANDIDATE_DIR=str(folder / "candidate"))
    assert "model-v1.2.0 answered 120 rows" in said
    assert "no outcome of these rows is known" in said
    assert "60 outcomes do not count, as their rows are not from after 2999-01-01 00:00" in said


def test_what_cannot_be_replayed_is_said_in_a_sentence(folder: Path, server: Server) -> None:
    said = replay(folder, server, "candidate", CANDIDATE_DIR=str(folder / "nowhere"), status=1)
    assert f"error: {folder / 'nowhere'} holds no candidate; run scripts/train first, or name a published tag\n" in said
    assert "Invalid value for 'TAG'" in replay(folder, server, "newest", status=2)
    assert "model-v9.0.0 is not in the registry" in replay(folder, server, "model-v9.0.0", status=1)
    assert "SERVICE_URL: is not set; it takes the service's address, as does --service" in command(
        folder, CHALLENGER, status=1
    )
    publish(folder, ("model-v2.0.0", 1.0), task=Task.REGRESSION)
    said = replay(folder, server, "model-v2.0.0", status=1)
    assert "model-v2.0.0 predicts price (regression), and model-v1.0.0 churn (binary)" in said
    assert "**Nothing was replayed:** model-v2.0.0 predicts price" in (folder / "summary.md").read_text()


def test_what_is_not_written_down_cannot_be_scored_and_other_tags_are_left_out(tmp_path: Path) -> None:
    publish(tmp_path, (CHAMPION, 0.02), (CHALLENGER, 0.2))
    (tmp_path / "model.toml").write_text(MODEL)
    with serving(tmp_path, MODEL_TAG=CHAMPION, API_KEYS=str(ENTRY), JOURNAL_REDACT="city") as server:
        assert "its journal is empty" in replay(tmp_path, server, CHALLENGER, status=1)
        send(server, 2)
        said = replay(tmp_path, server, CHALLENGER, status=1)
        assert "of the 8 rows that model-v1.0.0 answered none can be scored, as the journal does not hold city" in said
    with serving(tmp_path, MODEL_TAG=CHALLENGER, API_KEYS=str(ENTRY)) as server:
        assert "model-v1.1.0 answered none of its newest 8 rows" in replay(tmp_path, server, CHAMPION, status=1)
        send(server, 3)
        said = replay(tmp_path, server, CHAMPION)
        assert "model-v1.0.0 answered 12 rows that model-v1.1.0 answered" in said
        assert "Left out: 8 rows that other tags answered: model-v1.0.0 (8)." in said
        assert "no outcome of these rows is known" in said


def test_values_are_compared_by_the_champions_interval(tmp_path: Path) -> None:
    publish(tmp_path, (CHAMPION, 0.02), (CHALLENGER, 0.03), task=Task.REGRESSION)
    (tmp_path / "model.toml").write_text(PRICES)
    with serving(tmp_path, MODEL_TAG=CHAMPION, API_KEYS=str(ENTRY)) as server:
        report(server, send(server, 3), 0.5)
        said = replay(tmp_path, server, CHALLENGER)
    assert "100.0% of its values lie within model-v1.0.0's 90% interval; the correlation of the two is 0." in said
    assert "On 12 rows with an outcome model-v1.1.0 lost " in said
    assert "(absolute_error)" in said
