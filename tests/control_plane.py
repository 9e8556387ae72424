"""A repository at GitHub's double that has all that Slipway needs, and a checkout of it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.github.deployments import DeploymentsLedger
from core.github.releases import ReleasesRegistry
from core.ledger import Environment
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from doubles.github import GitHub
from doubles.github.resources.environments import ensure_environment
from doubles.github.state import Repository, Variable, Workflow
from tests.commands import ROOT
from tests.factories import make_bundle
from tests.github import EVERYTHING, REPOSITORY, make_client
from tests.runs import add_run

SCHEDULED = ("train.yml", "drift.yml", "watchdog.yml")
FILES = (*SCHEDULED, "deploy.yml", "rollback.yml")
TAG = ModelTag.parse("model-v1.0.0")
REVIEWERS: list[dict[str, Any]] = [{"id": 1, "node_id": "GA_1", "type": "required_reviewers", "reviewers": []}]
_TEXT = "on: {schedule: [{cron: '7 3 1 * *'}], workflow_dispatch: {}}"
_OTHERS = ("GITHUB_", "GH_", "MODEL_", "DEPLOYMENT_")


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlPlane:
    """
    The repository and its checkout.

    Attributes:
        github: The double.
        checkout: A folder with the workflow files.
        token: For everything.
    """

    github: GitHub
    checkout: Path
    token: str

    @property
    def repository(self) -> Repository:
        """The repository's state."""
        return self.github.repository(REPOSITORY)

    def workflow(self, file: str) -> Workflow:
        """A workflow's state."""
        found = self.repository.workflow(file)
        assert found is not None
        return found

    def forget_runs(self, file: str) -> None:
        """Let a workflow never have run."""
        number = self.workflow(file).id
        self.repository.runs = {key: run for key, run in self.repository.runs.items() if run.workflow_id != number}

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m control ARGUMENTS` in the checkout, with some variables set."""
        return subprocess.run(
            [sys.executable, "-m", "control", *arguments],
            cwd=self.checkout,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, without what Actions sets in it, pointed at the double."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
        return kept | {
            "PYTHONPATH": str(ROOT),
            "GITHUB_API_URL": self.github.api_url,
            "GITHUB_SERVER_URL": self.github.server_url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": self.token,
        }


def make_control_plane(github: GitHub, folder: Path, *, model: bool = True) -> ControlPlane:
    """
    Fill the double with all that is needed; every workflow is a year old and succeeded yesterday.

    Args:
        github: The double.
        folder: For the checkout and what a model is made in.
        model: Whether one is published and serves.
    """
    now = datetime.now(UTC)
    plane = ControlPlane(
        github=github, checkout=folder / "checkout", token=github.token(kind="user", login="ada", **EVERYTHING)
    )
    (plane.checkout / ".github/workflows").mkdir(parents=True)
    for file in FILES:
        (plane.checkout / ".github/workflows" / file).write_text(_TEXT)
        github.set_clock(now - timedelta(days=365))
        github.add_workflow(REPOSITORY, f".github/workflows/{file}", _TEXT)
        github.set_clock(None)
        add_run(github, file, now - timedelta(days=1))
    for environment in Environment:
        ensure_environment(github.world, plane.repository, environment.value).protection_rules = REVIEWERS
    for name in ("WANDB_API_KEY", "FLY_API_TOKEN", "SERVICE_KEY"):
        plane.repository.secrets[name] = Variable(name=name, created_at=now)
    address = "https://forecast.example.org"
    for name, value in {"DRIFT_SOURCE": address, "PRODUCTION_URL": address, "DEPLOY_PLATFORM": "fly:forecast"}.items():
        plane.repository.variables[name] = Variable(name=name, value=value, created_at=now)
    if model:
        _publish(plane, folder)
    return plane


def _publish(plane: ControlPlane, folder: Path) -> None:
    ours = make_client(plane.github, plane.token)
    ReleasesRegistry(ours, DirectoryRegistry(folder / "cache")).publish(make_bundle(folder / "bundle"))
    DeploymentsLedger(ours).record(Environment.PRODUCTION, TAG, at=datetime.now(UTC), reason="a test's")
