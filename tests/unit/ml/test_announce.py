"""What a workflow run is told of a training, and the workflow that it starts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import DispatchRefused, SettingsError
from core.ledger import Environment, FileLedger
from core.manifest import GateRecord
from core.tags import ModelTag
from doubles.github import GitHub
from ml.announce import as_summary, lost_start, start_workflow, was_started_since
from tests.factories import make_contract, make_manifest
from tests.github import REPOSITORY

TAG = ModelTag(1, 1, 0)
WORKFLOW = "on: {workflow_dispatch: {inputs: {tag: {required: true}, at: {}}}}\njobs: {}\n"


def summary(*, accepted: bool, is_published: bool, reason: str = "passed: loss -3%") -> str:
    gate = GateRecord(accepted=accepted, champion=ModelTag(1, 0, 0), compared_with="model-v1.0.0", reasons=(reason,))
    return as_summary(make_manifest(make_contract(), str(TAG), gate=gate), is_published=is_published)


@pytest.mark.parametrize(
    ("accepted", "is_published", "headline"),
    [
        (True, True, "## model-v1.1.0 was published"),
        (True, False, "## model-v1.1.0 was accepted, and is not published"),
        (False, False, "## model-v1.1.0 was refused; model-v1.0.0 stays"),
    ],
)
def test_the_verdict_comes_first(accepted: bool, is_published: bool, headline: str) -> None:
    text = summary(accepted=accepted, is_published=is_published)
    assert text.startswith(headline)
    assert "- passed: loss -3%" in text
    assert "| accuracy | 0.9000 (0.8800 to 0.9200) |" in text


def test_what_the_data_say_cannot_act_as_markdown() -> None:
    text = summary(accepted=True, is_published=True, reason="failed: city=<img src=x>\n# boo | got worse")
    assert "- failed: city=\\<img src=x\\> \\# boo \\| got worse\n" in text


def variables(github: GitHub, **changes: str) -> dict[str, str]:
    return {
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.server_url,
        "GITHUB_TOKEN": github.token(actions="write"),
        "GITHUB_REPOSITORY": REPOSITORY,
        **changes,
    }


def queued(github: GitHub) -> list[dict[str, Any]]:
    return [dict(run.inputs) for run in github.repository(REPOSITORY).runs.values()]


def test_a_workflow_is_started_with_the_tag(github: GitHub) -> None:
    github.add_workflow(REPOSITORY, ".github/workflows/deploy.yml", WORKFLOW)
    said = start_workflow("deploy.yml", TAG, None, variables(github))
    assert queued(github) == [{"tag": "model-v1.1.0", "at": ""}]
    (number,) = github.repository(REPOSITORY).runs
    assert said == f"Started deploy.yml for model-v1.1.0: {github.server_url}/{REPOSITORY}/actions/runs/{number}"


def test_the_replays_clock_goes_with_it(github: GitHub) -> None:
    github.add_workflow(REPOSITORY, ".github/workflows/deploy.yml", WORKFLOW)
    start_workflow("deploy.yml", TAG, date(2013, 5, 1), variables(github, GITHUB_REF_NAME="main"))
    assert queued(github) == [{"tag": "model-v1.1.0", "at": "2013-05-01T00:00:00+00:00"}]


def test_a_workflow_that_is_not_there_is_named(github: GitHub) -> None:
    with pytest.raises(DispatchRefused, match=r"deploy\.yml cannot be started: acme/forecast has no such workflow"):
        start_workflow("deploy.yml", TAG, None, variables(github))
    assert queued(github) == []


def test_without_a_repository_it_is_said_what_is_lacking(github: GitHub) -> None:
    with pytest.raises(SettingsError, match=r"GITHUB_REPOSITORY: names OWNER/NAME"):
        start_workflow("deploy.yml", TAG, None, variables(github, GITHUB_REPOSITORY=""))


def test_a_workflow_that_was_started_since_is_known(github: GitHub) -> None:
    github.add_workflow(REPOSITORY, ".github/workflows/deploy.yml", WORKFLOW)
    moment = datetime(2026, 4, 1, 12, tzinfo=UTC)
    github.set_clock(moment)
    assert not was_started_since("deploy.yml", moment, variables(github))
    start_workflow("deploy.yml", TAG, None, variables(github))
    assert was_started_since("deploy.yml", moment, variables(github))
    assert not was_started_since("deploy.yml", moment + timedelta(seconds=1), variables(github))


def test_a_start_is_lost_while_nothing_was_started_or_deployed_since(github: GitHub, tmp_path: Path) -> None:
    github.add_workflow(REPOSITORY, ".github/workflows/deploy.yml", WORKFLOW)
    manifest, ledger = make_manifest(make_contract(), str(TAG)), FileLedger(tmp_path / "ledger.jsonl")
    github.set_clock(manifest.created_at)
    assert lost_start("deploy.yml", manifest, ledger, variables(github))
    start_workflow("deploy.yml", TAG, None, variables(github))
    assert not lost_start("deploy.yml", manifest, ledger, variables(github))


def test_the_start_of_what_was_deployed_is_not_lost(tmp_path: Path) -> None:
    manifest, ledger = make_manifest(make_contract(), str(TAG)), FileLedger(tmp_path / "ledger.jsonl")
    ledger.record(Environment.PRODUCTION, TAG, at=manifest.created_at, reason="a test")
    assert not lost_start("deploy.yml", manifest, ledger, {})
