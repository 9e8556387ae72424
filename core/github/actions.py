"""Workflows: whether they are active, when they last succeeded, and how one is started."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from core.errors import DispatchRefused, GitHubError, GitHubRefused
from core.github.client import GitHub

_SUCCESS: Final = "success"


class WorkflowState(StrEnum):
    """Whether a workflow runs when its time has come."""

    ACTIVE = "active"
    DISABLED_INACTIVITY = "disabled_inactivity"
    DISABLED_MANUALLY = "disabled_manually"
    DISABLED_OTHERWISE = "disabled_otherwise"
    MISSING = "missing"

    @classmethod
    def _missing_(cls, value: object) -> WorkflowState:
        # Such as `disabled_fork`; what GitHub invents later does not run either, as far as can be known here.
        return cls.MISSING if value == "deleted" else cls.DISABLED_OTHERWISE


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow, as GitHub shows it; `created_at` is when it first saw the file."""

    state: WorkflowState
    created_at: datetime


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a workflow."""

    created_at: datetime


class _Runs(msgspec.Struct, frozen=True, kw_only=True):
    workflow_runs: list[Run]


class _Dispatched(msgspec.Struct, frozen=True, kw_only=True):
    html_url: str


class Workflows:
    """The workflows of a repository, each named by its file, such as `train.yml`."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def page(self, file: str) -> str:
        """Where people see a workflow's runs."""
        return f"{self._github.settings.page}/actions/workflows/{file}"

    def find(self, file: str) -> Workflow | None:
        """
        A workflow; None if GitHub does not know it.

        Raises:
            GitHubError: see `GitHub.get`.
        """
        try:
            return self._github.get(Workflow, "actions", "workflows", file)
        except GitHubRefused as error:
            if error.status == 404:
                return None
            raise

    def state(self, file: str) -> WorkflowState:
        """
        Whether a workflow runs when its time has come.

        Raises:
            GitHubError: see `GitHub.get`.
        """
        found = self.find(file)
        return WorkflowState.MISSING if found is None else found.state

    def enable(self, file: str) -> None:
        """
        Let a workflow run; for one that is active, this puts off the day on which GitHub would disable it.

        Raises:
            GitHubError: see `GitHub.send`.
        """
        self._github.send("PUT", "actions", "workflows", file, "enable")

    def last_success(self, file: str, *, event: str | None = None) -> datetime | None:
        """
        When the newest run that succeeded began; None if there is none.

        Args:
            file: Of the workflow.
            event: Count only the runs that this started, such as `schedule`.

        Raises:
            GitHubError: see `GitHub.get`; a workflow that is missing is refused with 404.
        """
        asked = {} if event is None else {"event": event}
        return self._newest("workflows", file, "runs", status=_SUCCESS, **asked)

    def newest_run(self, file: str) -> datetime | None:
        """
        When the newest run of a workflow began, whatever became of it; None if there is none.

        Raises:
            GitHubError: see `GitHub.get`; a workflow that is missing is refused with 404.
        """
        return self._newest("workflows", file, "runs")

    def last_run(self) -> datetime | None:
        """
        When the newest run of any workflow began, whatever became of it; None if there is none.

        Raises:
            GitHubError: see `GitHub.get`.
        """
        return self._newest("runs")

    def _newest(self, *parts: str, **asked: str) -> datetime | None:
        found = self._github.get(_Runs, "actions", *parts, per_page=1, **asked)
        return found.workflow_runs[0].created_at if found.workflow_runs else None

    def dispatch(self, file: str, *, ref: str, inputs: Mapping[str, str]) -> str:
        """
        Start a workflow.

        Args:
            file: Of the workflow.
            ref: The branch or tag whose version of the file runs.
            inputs: By the names that the file declares.

        Returns:
            The page of the run, or that of the workflow where GitHub does not tell the run.

        Raises:
            DispatchRefused: if there is no such workflow, it is disabled, or it takes not these inputs.
            GitHubError: see `GitHub.send`.
        """
        body = {"ref": ref, "inputs": dict(inputs), "return_run_details": True}
        try:
            run = self._github.send("POST", "actions", "workflows", file, "dispatches", body=body, kind=_Dispatched)
        except GitHubRefused as error:
            raise self._refusal(file, error) from error
        return self.page(file) if run is None else run.html_url

    def _refusal(self, file: str, error: GitHubRefused) -> GitHubError:
        repository = self._github.settings.repository
        if error.status == 404:
            remedy = "push it there, and see that the token may write actions"
            return DispatchRefused(file, f"{repository} has no such workflow on its default branch", remedy=remedy)
        if error.status != 422:
            return error
        if "disabled" in error.said:
            return DispatchRefused(file, "it is disabled", remedy=f"gh workflow enable {file} --repo {repository}")
        # Their words name the input, the branch or the trigger.
        return DispatchRefused(file, error.said, remedy=f"what it takes is in .github/workflows/{file}")
