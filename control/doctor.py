"""Says what is missing on GitHub before Slipway can run there, and how to mend it; changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from control.access import examine_access, examine_rights, with_token
from control.finding import Finding, Mark, missing, unknown
from control.models import examine_champion, examine_models
from control.running import examine_runs, examine_workflows
from control.surroundings import examine_environments, examine_issues, examine_secrets, examine_variables
from core.errors import GitHubAway, GitHubRefused, LedgerError, RegistryError
from core.github.actions import Workflows
from core.github.client import GitHub
from core.github.issues import Inbox
from core.ledger import DeploymentLedger
from core.registry import ModelRegistry


@dataclass(frozen=True, kw_only=True, slots=True)
class Doctor:
    """
    What is looked at.

    Attributes:
        github: The repository.
        registry: Where its models are.
        ledger: What says which of them serves.
        files: The names of the checkout's workflow files.
        now: With a time zone.
    """

    github: GitHub
    registry: ModelRegistry
    ledger: DeploymentLedger
    files: Collection[str]
    now: datetime

    def examine(self) -> Iterator[Finding]:
        """
        Every finding, as soon as it is known.

        Raises:
            GitHubAway: if nobody answers.
            GitHubRefused: if too much was asked.
        """
        for finding in examine_access(self.github):
            yield finding
            if finding.mark is Mark.MISSING:
                return
        for name, look in self._looks():
            yield from self._told(name, look)

    def _looks(self) -> Iterator[tuple[str, Iterator[Finding]]]:
        github, workflows = self.github, Workflows(self.github)
        repository, page = github.settings.repository, github.settings.page
        yield "the token's permissions", examine_rights(github)
        yield "the runs of Actions", examine_runs(workflows, page)
        yield "the workflows", examine_workflows(workflows, self.files, repository, self.now)
        yield "the environments", examine_environments(github)
        yield "the secrets' names", examine_secrets(github)
        yield "the variables", examine_variables(github)
        yield "the issues", examine_issues(Inbox(github), page)
        yield "the models", examine_models(self.registry, repository)
        yield "the ledger", examine_champion(self.ledger, self.registry, repository)

    def _told(self, name: str, look: Iterator[Finding]) -> Iterator[Finding]:
        """What a look finds, or why it finds nothing, so that the others are not lost over it."""
        try:
            yield from look
        except GitHubRefused as error:
            if error.is_limited:
                raise
            mend = f"ask with the token of somebody who administers it: {with_token(self.github.settings.repository)}"
            yield unknown(f"{name} cannot be looked at with this token (GitHub answers {error.status})", mend)
        except (LedgerError, RegistryError) as error:
            if isinstance(error.__cause__, GitHubAway):
                raise
            yield missing(str(error), f"see {self.github.settings.page}")
