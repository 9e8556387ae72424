"""watchdog.yml, run as GitHub would run it, with a token of the permissions that it names and no others."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from control.schedules import SCHEDULES
from doubles.actions.claims import Finished, Machine
from doubles.github import GitHub
from doubles.github.state import Repository, Workflow
from tests.commands import ROOT
from tests.github import REPOSITORY, TIMEOUT_S
from tests.runs import add_run

_VENV = Path(sys.executable).parent.parent
_WORKFLOW = ".github/workflows/watchdog.yml"


@pytest.fixture
def machine(github: GitHub, tmp_path: Path) -> Machine:
    """A machine with what is committed here, whose workflows GitHub has known for a year."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, capture_output=True)
    # The scripts would otherwise bring the environment of this very process to what the clone asks for.
    assert (clone / "requirements-dev.txt").read_bytes() == (_VENV / ".slipway-dev").read_bytes(), "commit first"
    # Of a commit that is checked out by itself, as in CI, a clone has no branch.
    subprocess.run(["git", "switch", "--quiet", "--force-create", "main"], cwd=clone, check=True, capture_output=True)
    machine = Machine(
        double_url=github.api_url,
        repositories={REPOSITORY: clone},
        folder=tmp_path / "runs",
        environment={"VENV": str(_VENV)},
        timeout_s=120,
    )
    github.set_clock(datetime.now(UTC) - timedelta(days=365))
    machine.push()
    github.set_clock(None)
    return machine


def _run(machine: Machine) -> Finished:
    wish = {"repository": REPOSITORY, "workflow": _WORKFLOW, "event": "schedule"}
    requests.post(f"{machine.double_url}/_double/runs", json=wish, timeout=TIMEOUT_S).raise_for_status()
    finished = machine.run_next()
    assert finished is not None
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
    assert "train.yml: it has not succeeded within 40 days (last success: never, since " in log
    assert "train.yml: enabled again" in log
    assert _training(repository).state == "active"
    assert _issue(repository) == ("Schedules that do not run: train.yml", "open")

    add_run(github, "train.yml", datetime.now(UTC))
    _run(machine)
    assert _issue(repository) == ("Schedules that do not run: train.yml", "closed")
