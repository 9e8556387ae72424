"""
`python -m deploy up TAG` by a process that kills itself at a moment: `python -m tests.killed_deployment TAG MOMENT`.

A moment is a step that is about to begin, so that the one before it is done; or one within the two that also write into
the ledger; or the end, when all is done and nobody was told. With a third argument, a step, the ledger says at that
step that it cannot be written, as on a full disk.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.errors import LedgerError
from core.ledger import Deployment, DeploymentLedger, Environment, Hold
from core.tags import ModelTag
from deploy.bringing import bring
from deploy.machine import Step
from deploy.running import Wish
from deploy.settings import DeploySettings

END: Final = "end"
PLACE: Final = Environment.PRODUCTION


def before_record(step: Step) -> str:
    """When the step has changed what serves, and the ledger does not know."""
    return f"{step}, before it is recorded"


def after_record(step: Step) -> str:
    """When the ledger knows it."""
    return f"{step}, after it is recorded"


@dataclass
class DeadlyLedger:
    """A ledger, and a hold of it, which kill this process at a moment."""

    ledger: DeploymentLedger
    moment: str
    full_at: str = ""
    _step: Step = Step.PREPARE

    def record(self, environment: Environment, tag: ModelTag, *, at: datetime, reason: str) -> Deployment:
        self._pass(before_record(self._step))
        entry = self.ledger.record(environment, tag, at=at, reason=reason)
        self._pass(after_record(self._step))
        return entry

    def history(self, environment: Environment) -> list[Deployment]:
        return self.ledger.history(environment)

    @contextmanager
    def hold(self, environment: Environment, tag: ModelTag) -> Iterator[Hold]:
        with self.ledger.hold(environment, tag) as self._hold:
            yield self
            self._pass(END)

    def reach(self, step: str) -> None:
        self._step = Step(step)
        self._pass(step)
        if step == self.full_at:
            raise LedgerError("the ledger cannot be written (No space left on device)")
        self._hold.reach(step)

    def _pass(self, moment: str) -> None:
        if moment == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


def main(tag: str, moment: str, full_at: str = "") -> None:
    """Deploy, and do not live to tell."""
    settings = DeploySettings.from_env(os.environ)
    deadly = replace(settings, ledger=DeadlyLedger(settings.ledger, moment, full_at))
    bring(deadly, PLACE, Wish(tag=ModelTag.parse(tag), reason="to be killed"), at=None, tell=print)


if __name__ == "__main__":
    main(*sys.argv[1:])
