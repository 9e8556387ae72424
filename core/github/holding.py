"""Holds an environment by a deployment of its own that is in progress, so that two runs do not deploy at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from core.errors import DeploymentRuns, GitHubError, LedgerError
from core.github.client import GitHub
from core.ledger import Environment
from core.tags import ModelTag

# Apart from what is recorded: whoever lists what served does not see it.
TASK: Final = "slipway-hold"
# Whoever said nothing for so long was killed.
PATIENCE: Final = timedelta(minutes=15)
# A build or a watch takes longer than that, so that a step is told of again and again.
_AGAIN_S: Final = 240.0
_IN_PROGRESS: Final = "in_progress"
_DESCRIPTION_LENGTH: Final = 140


def wish_for(environment: Environment, tag: ModelTag, *, task: str, description: str) -> dict[str, object]:
    """What is sent to make a deployment of a tag, whatever is merged or checked elsewhere."""
    return {
        "ref": str(tag),
        "task": task,
        "environment": environment.value,
        "production_environment": environment is Environment.PRODUCTION,
        "auto_merge": False,
        "required_contexts": [],
        "description": description,
    }


class _Status(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    created_at: datetime
    description: str = ""
    log_url: str = ""


class _Deployment(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    ref: str
    created_at: datetime


class DeploymentHold:
    """A deployment in progress, of which GitHub hears as long as this process lives."""

    def __init__(
        self, github: GitHub, environment: Environment, number: int, run_url: str, *, again_s: float = _AGAIN_S
    ) -> None:
        """
        Args:
            github: The repository.
            environment: That is held.
            number: Of the deployment.
            run_url: The page of the workflow run that deploys; empty if there is none.
            again_s: After so long a step is told of again, in seconds.
        """
        self._github, self._environment, self._number = github, environment, number
        self._run_url, self._again_s = run_url, again_s
        self._step = "begin"
        # One status at a time, so that an older step is not told of after a newer one.
        self._telling, self._is_over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._tell_again, daemon=True)

    def begin(self) -> None:
        """Tell of it, and again from time to time."""
        self.reach(self._step)
        self._thread.start()

    def reach(self, step: str) -> None:
        """See `core.ledger.Hold.reach`; looks again, as GitHub's list may be behind and have hidden another one."""
        with self._telling:
            self._step = step
            self._tell(_IN_PROGRESS, step)
        _refuse_second(self._github, self._environment, self._number, self._run_url)

    def _tell_again(self) -> None:
        while not self._is_over.wait(self._again_s):
            with self._telling, suppress(LedgerError):
                if not self._is_over.is_set():
                    self._tell(_IN_PROGRESS, self._step)

    def end(self) -> None:
        """Remove it: it was never anything that served."""
        self._is_over.set()
        with self._telling:
            self._remove()

    def _remove(self) -> None:
        # Who cannot is not kept from anything: others pass over it once it is old.
        with suppress(GitHubError, LedgerError):
            self._tell("inactive", "")
            self._github.send("DELETE", "deployments", self._number)

    def _tell(self, state: str, text: str) -> None:
        status = {"state": state, "description": text[:_DESCRIPTION_LENGTH], "auto_inactive": False}
        if self._run_url:
            status["log_url"] = self._run_url
        try:
            self._github.send("POST", "deployments", self._number, "statuses", body=status)
        except GitHubError as error:
            raise LedgerError(f"{self._github} cannot be told of step {text!r}: {error}") from error


@contextmanager
def hold(github: GitHub, environment: Environment, tag: ModelTag, *, run_url: str) -> Iterator[DeploymentHold]:
    """
    Hold an environment; of several who begin together, the first whom GitHub took down goes on.

    Args:
        github: The repository; the tag must be a release's, or another git tag of it.
        environment: Where.
        tag: What is being deployed.
        run_url: The page of the workflow run that deploys; empty if there is none.

    Raises:
        DeploymentRuns: if somebody else holds it.
        LedgerError: if GitHub cannot be asked.
    """
    body = wish_for(environment, tag, task=TASK, description=f"{tag} is being deployed")
    try:
        number = github.ask(_Deployment, "POST", "deployments", body=body).id
    except GitHubError as error:
        raise LedgerError(f"{environment} cannot be held in {github}: {error}") from error
    held = DeploymentHold(github, environment, number, run_url)
    try:
        held.begin()
        yield held
    finally:
        held.end()


def _refuse_second(github: GitHub, environment: Environment, own: int, run_url: str) -> None:
    try:
        found = list(github.pages(_Deployment, "deployments", environment=environment.value, task=TASK))
        for other in sorted(found, key=lambda each: each.id):
            if other.id >= own:
                return
            holder = _holder(github, other, run_url)
            if holder:
                remedy = f"wait for its end; if it was killed, it is passed over {PATIENCE.seconds // 60} minutes later"
                raise DeploymentRuns(environment, holder, remedy=remedy)
    except GitHubError as error:
        raise LedgerError(f"nobody can tell who deploys to {environment}: {error}") from error


def _holder(github: GitHub, other: _Deployment, run_url: str) -> str:
    """Who holds by a deployment; empty if it has ended, or must have, as an earlier attempt of the same run."""
    newest = next(iter(github.pages(_Status, "deployments", other.id, "statuses")), None)
    heard = newest.created_at if newest else other.created_at
    has_ended = newest is not None and (newest.state != _IN_PROGRESS or (run_url and newest.log_url == run_url))
    if has_ended or datetime.now(UTC) - heard > PATIENCE:
        return ""
    step = newest.description if newest else "begin"
    return f"{other.ref}: {step}, since {heard:%H:%M:%S} UTC, deployment {other.id}"
