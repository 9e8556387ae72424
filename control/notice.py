"""What is said of schedules that need a look, in Markdown: the issue's title and body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from control.schedules import Observed, Trouble, Troubled
from core.github.actions import WorkflowState
from core.github.alert import Alert
from core.summary import table

KEY: Final = "watchdog"
ALL_IS_WELL: Final = "All schedules run again; this issue comes back when one does not."
_LABELS: Final = ("schedule", "severity:warning")
_HEAD: Final = ("workflow", "what is wrong", "last success", "what it means", "what to do")
_INTRODUCTION: Final = (
    "These workflows should run by the clock, and do not. This issue is rewritten when that changes, and closed once "
    "all is well."
)
DISABLED_BY: Final = {
    WorkflowState.DISABLED_INACTIVITY: "GitHub disabled it, as nothing happened in the repository for 60 days",
    WorkflowState.DISABLED_MANUALLY: "somebody disabled it",
    WorkflowState.DISABLED_OTHERWISE: "it is disabled, as schedules are in a fork",
}


def alert_of(troubled: Sequence[Troubled], repository: str, page_of: Callable[[str], str]) -> Alert:
    """
    The one alert for all of them.

    Args:
        troubled: At least one.
        repository: owner/name.
        page_of: The page of a workflow, by its file.
    """
    files = ", ".join(each.observed.schedule.file for each in troubled)
    body = f"{_INTRODUCTION}\n\n{rows_of(troubled, repository, page_of)}"
    return Alert(key=KEY, title=f"Schedules that do not run: {files}", body=body, labels=_LABELS)


def rows_of(troubled: Sequence[Troubled], repository: str, page_of: Callable[[str], str]) -> str:
    """The schedules as a Markdown table, a row each; it stays the same while they do."""
    return table(_HEAD, [_row(each, repository, page_of) for each in troubled])


def _row(troubled: Troubled, repository: str, page_of: Callable[[str], str]) -> tuple[str, ...]:
    schedule = troubled.observed.schedule
    page = page_of(schedule.file)
    return (
        f"[{schedule.file}]({page})",
        problem(troubled.observed, troubled.trouble),
        last_success(troubled.observed),
        schedule.means,
        _remedy(troubled, repository, page),
    )


def problem(observed: Observed, trouble: Trouble) -> str:
    """What is wrong with a schedule, in a few words."""
    if trouble is Trouble.MISSING:
        return "GitHub does not know it: it is not on the default branch"
    if trouble is Trouble.DISABLED:
        return DISABLED_BY[observed.state]
    return f"it has not succeeded within {observed.schedule.longest.days} days"


def last_success(observed: Observed) -> str:
    """The day of the last success; else since when there could have been one."""
    if observed.last_success is not None:
        return f"{observed.last_success:%Y-%m-%d}"
    return "never" if observed.workflow is None else f"never, since {observed.workflow.created_at:%Y-%m-%d}"


def _remedy(troubled: Troubled, repository: str, page: str) -> str:
    file = troubled.observed.schedule.file
    if troubled.trouble is Trouble.MISSING:
        return "push it to the default branch"
    if troubled.trouble is Trouble.DISABLED:
        return f"`gh workflow enable {file} --repo {repository}`"
    return f"see what became of its [last runs]({page}), then `gh workflow run {file} --repo {repository}`"
