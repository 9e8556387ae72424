"""Keeps schedules alive, and holds one issue for those that need a look."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from control.notice import ALL_IS_WELL, KEY, alert_of, last_success, problem, rows_of
from control.running import observe
from control.schedules import WATCHDOG, Observed, Verdict, judge, schedules_among
from core.errors import GitHubRefused
from core.github.actions import Workflows, WorkflowState
from core.github.client import GitHub
from core.github.issues import Inbox


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """
    What was found and done.

    Attributes:
        lines: For a log.
        markdown: For the summary of a run.
        is_done: Whether all that should have been done was.
    """

    lines: tuple[str, ...]
    markdown: str
    is_done: bool


class Watchdog:
    """Watches the schedules of one repository."""

    def __init__(self, github: GitHub) -> None:
        self._repository = github.settings.repository
        self._workflows, self._inbox = Workflows(github), Inbox(github)

    def watch(self, files: Collection[str], now: datetime) -> Report:
        """
        Look at the schedules, tell of those that do not run, and enable those that GitHub has disabled or would.

        Twice is once: where nothing has changed, the issue stays as it is.

        Args:
            files: The names of the checkout's workflow files.
            now: With a time zone.

        Raises:
            GitHubError: if the schedules cannot be looked at, or the issue not be written.
        """
        observed = [_as_of_now(each, now) for each in observe(self._workflows, schedules_among(files))]
        verdict = judge(observed, now)
        # What keeps schedules alive must not wait for an issue that may not be written.
        enabled = [self._enable(each) for each in verdict.to_enable]
        told = self._tell(verdict)
        lines = (*_lines(verdict), *(line for line, _ in enabled), told)
        return Report(lines=lines, markdown=self._markdown(verdict, lines), is_done=all(done for _, done in enabled))

    def _enable(self, observed: Observed) -> tuple[str, bool]:
        """What to say of a schedule that is to be kept alive, and whether it was."""
        file = observed.schedule.file
        try:
            self._workflows.enable(file)
        except GitHubRefused as error:
            # The others are to be kept alive all the same.
            return f"{file}: cannot be enabled: {error}", False
        was_disabled = observed.state is WorkflowState.DISABLED_INACTIVITY
        return f"{file}: {'enabled again' if was_disabled else 'kept alive'}", True

    def _tell(self, verdict: Verdict) -> str:
        if verdict.troubled:
            raised = self._inbox.raise_alert(alert_of(verdict.troubled, self._repository, self._workflows.page))
            return f"issue {raised.done}: {raised.issue.html_url}"
        if self._inbox.settle(KEY, ALL_IS_WELL):
            return "all schedules run; their issue is closed"
        return "all schedules run"

    def _markdown(self, verdict: Verdict, lines: Collection[str]) -> str:
        said = "\n".join(f"- {line}" for line in lines)
        rows = rows_of(verdict.troubled, self._repository, self._workflows.page) if verdict.troubled else ""
        return "\n\n".join(filter(None, ["## Schedules", rows, said]))


def _as_of_now(observed: Observed, now: datetime) -> Observed:
    """This is the watchdog's own run, which ends well unless it tells so itself."""
    return replace(observed, last_success=now) if observed.schedule.file == WATCHDOG else observed


def _lines(verdict: Verdict) -> Iterator[str]:
    for troubled in verdict.troubled:
        each = troubled.observed
        yield f"{each.schedule.file}: {problem(each, troubled.trouble)} (last success: {last_success(each)})"
