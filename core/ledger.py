"""The deployment ledger: what served when, and what came before it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

from msgspec import Meta

from core.documents import Document, from_json, to_json_line
from core.errors import LedgerError, ManifestError
from core.tags import ModelTag


class Environment(StrEnum):
    """Where a tag is deployed."""

    PRODUCTION = "production"
    STAGING = "staging"


class Deployment(Document, frozen=True, kw_only=True):
    """One successful deployment: from `at` on, `tag` served `environment`."""

    environment: Environment
    tag: ModelTag
    previous: ModelTag | None
    at: Annotated[datetime, Meta(tz=True)]
    reason: str


class DeploymentLedger(Protocol):
    """Deployments in the order they happened; entries are only ever added."""

    def record(self, environment: Environment, tag: ModelTag, *, at: datetime, reason: str) -> Deployment:
        """
        Add a deployment; the previous tag is filled in from the ledger.

        Args:
            environment: Where.
            tag: What serves from now on.
            at: When, with a time zone.
            reason: Why, in a few words.

        Raises:
            ValueError: if the time has no zone.
            LedgerError: if it could not be written; then the ledger is as it was.
        """

    def history(self, environment: Environment) -> list[Deployment]:
        """
        Every deployment of an environment, oldest first.

        Raises:
            LedgerError: if the ledger cannot be read.
        """


def check_time(at: datetime) -> None:
    """
    Raises:
        ValueError: if the time has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("a deployment's time needs a zone")


def champion(history: Sequence[Deployment]) -> ModelTag | None:
    """The tag an environment serves now; None before its first deployment."""
    return history[-1].tag if history else None


def served_at(history: Sequence[Deployment], time: datetime) -> ModelTag | None:
    """The tag an environment served at a time (with a time zone); None before its first deployment."""
    past = [deployment for deployment in history if deployment.at <= time]
    return past[-1].tag if past else None


class FileLedger:
    """
    A ledger in a file of JSON lines.

    Safe with several processes: an entry is appended under a lock as one write. A last line that a crash cut
    short was never acknowledged, so it is passed over, and replaced by the next entry.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, environment: Environment, tag: ModelTag, *, at: datetime, reason: str) -> Deployment:
        """See `DeploymentLedger.record`."""
        check_time(at)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise LedgerError(f"{self._path} cannot be written ({error.strerror})") from error
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            content = file.read()
            previous = champion(self._parse(content, environment))
            entry = Deployment(environment=environment, tag=tag, previous=previous, at=at, reason=reason)
            whole = content.rfind(b"\n") + 1
            try:
                file.truncate(whole)
                self._append(file.fileno(), to_json_line(entry), whole)
            except OSError as error:
                raise LedgerError(f"{self._path} cannot be written ({error.strerror})") from error
        return entry

    @staticmethod
    def _append(descriptor: int, line: bytes, whole: int) -> None:
        if os.write(descriptor, line) != len(line):
            os.ftruncate(descriptor, whole)
            raise OSError(None, "no space left")
        os.fsync(descriptor)

    def history(self, environment: Environment) -> list[Deployment]:
        """See `DeploymentLedger.history`."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LedgerError(f"{self._path} cannot be read ({error.strerror})") from error
        return self._parse(content, environment)

    def _parse(self, content: bytes, environment: Environment) -> list[Deployment]:
        lines = content.split(b"\n")[:-1]
        try:
            entries = [
                from_json(line, Deployment, source=f"{self._path} line {number}")
                for number, line in enumerate(lines, start=1)
            ]
        except ManifestError as error:
            raise LedgerError(f"{error}; mend or remove that line") from error
        return [entry for entry in entries if entry.environment is environment]
