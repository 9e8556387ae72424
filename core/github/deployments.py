"""Deployments as the ledger: what served when, as the repository's Environments page shows it."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

import msgspec

from core.documents import from_json, to_json_line
from core.errors import GitHubError, LedgerError, ManifestError
from core.github.client import GitHub
from core.github.holding import DeploymentHold, hold, wish_for
from core.ledger import Deployment, Environment, champion, check_time
from core.tags import ModelTag

# Of what Actions and others deploy to the same environment, nothing is ours.
TASK: Final = "slipway"
_SUCCESS: Final = "success"
_DESCRIPTION_LENGTH: Final = 140


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a deployment."""

    state: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment, as GitHub keeps it."""

    id: int
    payload: msgspec.Raw


class DeploymentsLedger:
    """
    A ledger in the deployments of a repository.

    An entry counts once its status says that it succeeded, which is written after it: a try that was cut short is not
    there. Statuses only ever come in addition, so what was seen to have succeeded is not asked for again.
    """

    def __init__(self, github: GitHub, *, run_url: str = "") -> None:
        """
        Args:
            github: The repository.
            run_url: The page of the workflow run that records; empty if there is none.
        """
        self._github, self._run_url = github, run_url
        self._succeeded: dict[int, bool] = {}

    def __str__(self) -> str:
        """As DEPLOYMENT_LEDGER names it."""
        return str(self._github)

    def record(self, environment: Environment, tag: ModelTag, *, at: datetime, reason: str) -> Deployment:
        """See `DeploymentLedger.record`; the tag must be a release's, or another git tag of the repository."""
        check_time(at)
        previous = champion(self.history(environment))
        entry = Deployment(environment=environment, tag=tag, previous=previous, at=at, reason=reason)
        description = f"{tag}: {reason}"[:_DESCRIPTION_LENGTH]
        body = wish_for(environment, tag, task=TASK, description=description)
        body["payload"] = json.loads(to_json_line(entry))
        try:
            made = self._github.ask(Record, "POST", "deployments", body=body)
            self._github.send("POST", "deployments", made.id, "statuses", body=self._status(description))
        except GitHubError as error:
            raise LedgerError(f"{tag} could not be recorded in {self}: {error}") from error
        return entry

    def hold(self, environment: Environment, tag: ModelTag) -> AbstractContextManager[DeploymentHold]:
        """See `DeploymentLedger.hold`; the tag must be a release's, or another git tag of the repository."""
        return hold(self._github, environment, tag, run_url=self._run_url)

    def _status(self, description: str) -> dict[str, Any]:
        status: dict[str, Any] = {"state": _SUCCESS, "description": description, "auto_inactive": True}
        return {**status, "log_url": self._run_url} if self._run_url else status

    def history(self, environment: Environment) -> list[Deployment]:
        """See `DeploymentLedger.history`."""
        try:
            found = list(self._github.pages(Record, "deployments", environment=environment.value, task=TASK))
            succeeded = [record for record in sorted(found, key=lambda each: each.id) if self._has_succeeded(record)]
        except GitHubError as error:
            raise LedgerError(f"{self} cannot be read: {error}") from error
        return [self._entry(record) for record in succeeded]

    def _has_succeeded(self, record: Record) -> bool:
        if record.id not in self._succeeded:
            statuses = list(self._github.pages(Status, "deployments", record.id, "statuses"))
            if not any(status.state == _SUCCESS for status in statuses):
                return False
            self._succeeded[record.id] = True
        return True

    def _entry(self, record: Record) -> Deployment:
        content = bytes(record.payload)
        # GitHub hands an object back as one, or as the text of one.
        payload = msgspec.json.decode(content)
        if isinstance(payload, str):
            content = payload.encode()
        try:
            return from_json(content, Deployment, source=f"{self} deployment {record.id}")
        except ManifestError as error:
            raise LedgerError(f"{error}; mend or delete that deployment") from error
