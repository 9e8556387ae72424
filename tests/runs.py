"""Runs of workflows that GitHub's double has seen."""

from __future__ import annotations

from datetime import datetime

from doubles.github import GitHub
from doubles.github.resources.runs import queue_run
from tests.github import REPOSITORY


def add_run(
    github: GitHub, file: str, at: datetime, *, conclusion: str | None = "success", event: str = "schedule"
) -> None:
    """Let a workflow have run at a time; a run without a conclusion is still under way."""
    repository, clock = github.repository(REPOSITORY), github.state.clock
    workflow = repository.workflow(file)
    assert workflow is not None
    github.set_clock(at)
    run = queue_run(github.world, repository, workflow, event=event, ref="main", actor="clock")
    run.status, run.conclusion = ("in_progress" if conclusion is None else "completed"), conclusion
    github.set_clock(clock)
