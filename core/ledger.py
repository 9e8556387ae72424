"""The deployment ledger: what served when, and what came before it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from io import FileIO
from pathlib import Path
from typing import Annotated, Final, Protocol

from msgspec import Meta

from core.documents import Document, from_json, to_json_line
from core.errors import DeploymentRuns, LedgerError, ManifestError
from core.tags import ModelTag

_HOLDER_LENGTH: Final = 200


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

    def hold(self, environment: Environment, tag: ModelTag) -> AbstractContextManager[Hold]:
        """
        Keep others from deploying to an environment in the meantime.

        Entering raises DeploymentRuns if somebody else is at it, and LedgerError if that cannot be told. Whoever was
        killed holds nothing for long.

        Args:
            environment: Where.
            tag: What is being deployed, for others to read.
        """


class Hold(Protocol):
    """That an environment is being deployed to."""

    def reach(self, step: str) -> None:
        """
        Let others know what is being done now, and that it is still being done.

        Raises:
            LedgerError: if they cannot be told.
            DeploymentRuns: if somebody else turns out to have been first.
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


class _FileHold:
    """A lock file that says who has it."""

    def __init__(self, file: FileIO, tag: ModelTag) -> None:
        self._file, self._tag = file, tag
        self.reach("begin")

    def reach(self, step: str) -> None:
        """See `Hold.reach`."""
        text = f"{self._tag}: {step}, since {datetime.now(UTC):%H:%M:%S} UTC, process {os.getpid()}"
        try:
            os.pwrite(self._file.fileno(), text.encode().ljust(_HOLDER_LENGTH), 0)
        except OSError as error:
            raise LedgerError(f"{self._file.name} cannot be written ({error.strerror})") from error


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
            moment = at.astimezone(UTC)
            entry = Deployment(environment=environment, tag=tag, previous=previous, at=moment, reason=reason)
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

    @contextmanager
    def hold(self, environment: Environment, tag: ModelTag) -> Iterator[Hold]:
        """See `DeploymentLedger.hold`; a lock beside the file, which ends with the process that has it."""
        path = self._path.with_name(f"{self._path.name}.{environment}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise LedgerError(f"{path} cannot be written ({error.strerror})") from error
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = file.read(_HOLDER_LENGTH).decode(errors="replace").strip() or "it has just begun"
                raise DeploymentRuns(environment, holder, remedy="wait for its end, or stop that process") from error
            hold = _FileHold(file, tag)
            try:
                yield hold
            finally:
                file.truncate(0)

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
