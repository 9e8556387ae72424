"""Workflows as GitHub runs them: looked at, and told to whoever asks what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from control.finding import Finding, good, missing, warning
from control.notice import DISABLED_BY, last_success, problem
from control.schedules import Observed, Schedule, Trouble, schedules_among, trouble_of
from core.github.actions import Workflows, WorkflowState


def workflow_files(checkout: Path) -> frozenset[str]:
    """The names of a checkout's workflow files."""
    return frozenset(path.name for path in (checkout / ".github/workflows").glob("*.yml"))


def observe(workflows: Workflows, schedules: Iterable[Schedule]) -> Iterator[Observed]:
    """
    How schedules stand at GitHub.

    Raises:
        GitHubError: see `Workflows.find`.
    """
    for schedule in schedules:
        found = workflows.find(schedule.file)
        success = None if found is None else workflows.last_success(schedule.file)
        yield Observed(schedule=schedule, workflow=found, last_success=success)


def examine_workflows(
    workflows: Workflows, files: Collection[str], repository: str, now: datetime
) -> Iterator[Finding]:
    """
    Whether every workflow of the checkout is active, and every schedule alive.

    Args:
        workflows: Of the repository.
        files: The names of the checkout's workflow files.
        repository: owner/name.
        now: With a time zone.
    """
    if not files:
        yield warning("this folder has no .github/workflows to compare with", f"run it in a checkout of {repository}")
    scheduled = {each.schedule.file: each for each in observe(workflows, schedules_among(files))}
    for file in sorted(files):
        if file in scheduled:
            yield judge_schedule(scheduled[file], repository, workflows.page(file), now)
        else:
            yield judge_state(file, workflows.state(file), repository)


def examine_runs(workflows: Workflows, page: str) -> Iterator[Finding]:
    """Whether Actions has ever run here; that it may run now cannot be asked without administering the repository."""
    last = workflows.last_run()
    if last is None:
        yield warning("Actions has run nothing yet", f"see that it is allowed: {page}/settings/actions")
    else:
        yield good(f"Actions last ran on {last:%Y-%m-%d}")


def judge_state(file: str, state: WorkflowState, repository: str) -> Finding:
    """What to say of a workflow that runs by events."""
    if state is WorkflowState.ACTIVE:
        return good(f"{file} is active")
    if state is WorkflowState.MISSING:
        return missing(f"{file} is not on the default branch", "push it there")
    return missing(f"{file}: {DISABLED_BY[state]}", f"gh workflow enable {file} --repo {repository}")


def judge_schedule(observed: Observed, repository: str, page: str, now: datetime) -> Finding:
    """What to say of a workflow that runs by the clock."""
    file, due = observed.schedule.file, observed.due
    if observed.state is not WorkflowState.ACTIVE or due is None:
        return judge_state(file, observed.state, repository)
    if trouble_of(observed, now) is Trouble.OVERDUE:
        return missing(
            f"{file}: {problem(observed, Trouble.OVERDUE)} (last success: {last_success(observed)})",
            f"see what became of its runs at {page}, then gh workflow run {file} --repo {repository}",
        )
    if observed.last_success is None:
        return good(f"{file} is active; it has until {due:%Y-%m-%d} to succeed for the first time")
    return good(f"{file} is active and last succeeded on {last_success(observed)}")
