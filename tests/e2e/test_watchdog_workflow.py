"""watchdog.yml, run as GitHub would run it, with a token of the permissions that it names and no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from control.schedules import SCHEDULES
from doubles.actions.claims import Finished, Machine
from doubles.github import GitHub
from doubles.github.state import Repository, Workflow
from tests.github import REPOSITORY
from tests.runs import add_run
from tests.workflows import VENV, make_clone

_WORKFLOW = ".github/workflows/watchdog.yml"


@pytest.fixture
def machine(github: GitHub, tmp_path: Path) -> Machine:
    """A machine with what is committed here, whose workflows GitHub has known for a year."""
    machine = Machine(
        double_url=github.api_url,
        repositories={REPOSITORY: make_clone(tmp_path / "clone")},
        folder=tmp_path / "runs",
        environment={"VENV": str(VENV)},
        timeout_s=120,
    )
    github.set_clock(datetime.now(UTC) - timedelta(days=365))
    machine.push()
    github.set_clock(None)
    return machine


def _run(machine: Machine) -> Finished:
    (finished,) = machine.run_all(REPOSITORY, _WORKFLOW, "schedule", {})
    assert finished.conclusion == "success", finished.log.read_text()
    return finished


def _training(repository: Repository) -> Workflow:
    found = repository.workflow("train.yml")
    assert found is not None
    return found


def _issue(repository: Repository) -> tuple[str, str]:
    (issue,) = repository.issues.values()
    return issue.title, issue.state


def test_a_training_that_does_not_run_is_told_until_it_does(machine: Machine, github: GitHub) -> None:
    repository = github.repository(REPOSITORY)
    for schedule in SCHEDULES:
        if schedule.file != "train.yml" and repository.workflow(schedule.file):
            add_run(github, schedule.file, datetime.now(UTC))
    _training(repository).state = "disabled_inactivity"
    log = _run(machine).log.read_text()
    assert "train.yml: it has not succeeded within 15 days (last success: never, since " in log
    assert "train.yml: enabled again" in log
    assert _training(repository).state == "active"
    assert _issue(repository) == ("Schedules that do not run: train.yml", "open")

    add_run(github, "train.yml", datetime.now(UTC))
    _run(machine)
    assert _issue(repository) == ("Schedules that do not run: train.yml", "closed")
