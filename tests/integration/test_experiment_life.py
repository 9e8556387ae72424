"""An experiment from its start to its end: real service, real command line, GitHub's double."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from app.keys import Scope, new_key
from core.contract import Task
from core.errors import ExperimentError
from core.experiment import Experiment
from core.manifest import Metric
from core.registry import DirectoryRegistry
from deploy.experiments.running import look
from deploy.experiments.service import ExperimentService
from doubles.github import GitHub
from doubles.github.state import Issue
from tests.commands import ROOT
from tests.experiments import moved_back, use
from tests.factories import FEATURES, TARGETS, make_bundle, make_graph
from tests.github import REPOSITORY
from tests.integration.test_gunicorn import Server, serving, variables

ADMIN, ENTRY = new_key("all", list(Scope))
CHAMPION, CHALLENGER = "model-v1.0.0", "model-v1.1.0"
HEADERS = {"Authorization": f"Bearer {ADMIN}"}
# A busy machine must not make a challenger late.
OF_SERVICE = {
    "API_KEYS": str(ENTRY),
    "SUBJECT_KEY": "s" * 32,
    "APP_ENV": "production",
    "CHALLENGER_BUDGET_MS": "60000",
}
MODEL = f"""
[target]
name = "churn"
task = "binary"
positive = "yes"
negative = "no"
[experiment]
min_rows = 100
min_subjects = 30
max_latency_ratio = 1000
on_decision = "act"
{FEATURES}
"""
DEPLOY = "on: {workflow_dispatch: {inputs: {tag: {type: string}, reason: {type: string}}}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    registry = DirectoryRegistry(tmp_path / "registry")
    for tag, slope in ((CHAMPION, 0.02), (CHALLENGER, 0.2)):
        bundle = make_bundle(
            tmp_path / tag, tag=tag, graph=make_graph(slope=slope), metrics={"brier": Metric(value=0.2)}
        )
        registry.publish(bundle)
    (tmp_path / "model.toml").write_text(MODEL)
    return tmp_path


@pytest.fixture
def hub(github: GitHub) -> GitHub:
    github.add_workflow(REPOSITORY, ".github/workflows/deploy.yml", DEPLOY)
    return github


def run_service(folder: Path, tag: str = CHAMPION) -> Any:
    return serving(folder, MODEL_TAG=tag, WEB_CONCURRENCY="2", **OF_SERVICE)


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with run_service(folder) as server:
        yield server


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def command(folder: Path, server: Server, *arguments: str, github: GitHub | None = None, status: int = 0) -> str:
    """Run `python -m deploy experiment`, and give what it said."""
    own = {"SERVICE_URL": url_of(server), "SERVICE_KEY": ADMIN}
    if github is not None:
        token = github.token(actions="write", contents="read", issues="write")
        own |= {"DEPLOY_ALERTS": f"github:{REPOSITORY}", "GITHUB_TOKEN": token, "GITHUB_API_URL": github.api_url}
        own |= {"GITHUB_SERVER_URL": github.server_url, "GITHUB_REF_NAME": "main"}
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "experiment", *arguments],
        cwd=ROOT,
        env=variables(folder, **own),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def begin(folder: Path, server: Server, share: str = "0.5") -> str:
    model = str(folder / "model.toml")
    return command(folder, server, "start", CHALLENGER, "--share", share, "--model-file", model)


def kept(server: Server) -> Experiment:
    _, experiment = ExperimentService(url_of(server), ADMIN).look()
    assert experiment is not None
    return experiment


def the_issue(github: GitHub) -> Issue:
    (issue,) = github.repository(REPOSITORY).issues.values()
    return issue


def dispatched(github: GitHub) -> int:
    return sum(call.path.endswith("deploy.yml/dispatches") for call in github.calls)


def test_a_better_challenger_is_found_deployed_and_the_issue_closed(folder: Path, server: Server, hub: GitHub) -> None:
    said = begin(folder, server)
    assert "model-v1.1.0 answers 50% of the subjects" in said
    moved_back(url_of(server), ADMIN, days=3)
    assert "running" in command(folder, server, "readout", github=hub)
    issue = the_issue(hub)
    assert (issue.title, issue.state) == ("model-v1.1.0 against model-v1.0.0: running", "open")
    assert issue.labels == ["slipway", "experiment"]
    use(url_of(server), ADMIN)
    said = command(folder, server, "readout", github=hub)
    assert "challenger better since" in said
    assert "Started deploy.yml for model-v1.1.0" in said
    assert issue.title == "model-v1.1.0 against model-v1.0.0: challenger better"
    assert "| model-v1.1.0 | " in (issue.body or "")
    assert dispatched(hub) == 1
    # Killed before it was deployed: the next day it is said and done again, and what is decided stands.
    decided = kept(server).decided
    command(folder, server, "readout", github=hub)
    assert dispatched(hub) == 2
    assert kept(server).decided == decided
    server.process.terminate()
    server.process.wait(30)
    with run_service(folder, CHALLENGER) as after:
        said = command(folder, after, "readout", github=hub)
        assert "The experiment is over: model-v1.1.0 was deployed." in said
        assert (issue.state, issue.comments[-1].body) == ("closed", "It is over. model-v1.1.0 was deployed.")
        assert kept(after).ended is not None
        assert "ended" in command(folder, after, "readout", github=hub)
        answer = requests.post(
            f"{url_of(after)}/v1/predict",
            json={"age": 30, "city": "Oslo"},
            headers=HEADERS | {"X-Subject": "customer-1"},
            timeout=10,
        ).json()
        assert (answer["model_tag"], answer["arm"]) == (CHALLENGER, "champion")


def test_a_worse_challenger_is_ended_by_itself(folder: Path, server: Server, hub: GitHub) -> None:
    begin(folder, server)
    moved_back(url_of(server), ADMIN, days=3)
    use(url_of(server), ADMIN, outcome="no")
    said = command(folder, server, "readout", github=hub)
    assert "champion better or equal since" in said
    assert dispatched(hub) == 0
    assert the_issue(hub).state == "closed"
    assert kept(server).ended is not None
    # Nobody is answered by it any more, and another may begin.
    assert "answers 20% of the subjects" in begin(folder, server, share="0.2")
    assert kept(server).readings == ()


def test_a_restart_in_the_middle_changes_nothing(folder: Path, hub: GitHub) -> None:
    with run_service(folder) as server:
        begin(folder, server)
        moved_back(url_of(server), ADMIN, days=3)
        use(url_of(server), ADMIN, subjects=100)
        command(folder, server, "readout", github=hub)
        before = kept(server)
        server.process.kill()
        server.process.wait(30)
    with run_service(folder) as server:
        assert kept(server) == before
        use(url_of(server), ADMIN, subjects=100)
        command(folder, server, "readout", github=hub)
        assert kept(server).phases == before.phases
        answer = requests.get(f"{url_of(server)}/v1/journal?limit=1000", headers=HEADERS, timeout=10)
        rows = [msgspec.json.decode(line) for line in answer.content.splitlines()]
        # By either worker, before and after the restart.
        arms = {(row["subject"], row["arm"]) for row in rows}
        assert len(rows) == 600
        assert {arm for _, arm in arms} == {"champion", "challenger"}
        assert len(arms) == 100
    assert the_issue(hub).state == "open"


def test_by_hand_it_is_shown_and_stopped(folder: Path, server: Server) -> None:
    assert "there was no experiment yet" in command(folder, server, "status")
    assert "no experiment that could be stopped" in command(folder, server, "stop", status=1)
    begin(folder, server, share="0.2")
    assert "has 20% of the subjects and would lose" in command(folder, server, "start", CHALLENGER, status=1)
    assert "model-v1.1.0 against model-v1.0.0, since " in command(folder, server, "status")
    assert "model-v1.0.0 answers all subjects again." in command(folder, server, "stop", "--reason", "enough")
    assert kept(server).decided is not None
    assert ": stopped." in command(folder, server, "status")


def test_what_is_stopped_while_it_is_looked_at_stays_stopped(folder: Path, server: Server) -> None:
    begin(folder, server)
    seen = kept(server)
    command(folder, server, "stop")
    with pytest.raises(ExperimentError, match="was changed while it was looked at"):
        look(ExperimentService(url_of(server), ADMIN), seen, TARGETS[Task.BINARY], datetime.now(UTC))
    assert kept(server).ended is not None


def test_it_is_due_to_its_day(server: Server, folder: Path) -> None:
    """A day in which several look has one reading."""
    begin(folder, server)
    for _ in range(2):
        command(folder, server, "readout")
    (reading,) = kept(server).readings
    assert reading.at.date() == datetime.now(UTC).date()
