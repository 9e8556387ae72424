"""
`python -m deploy up TAG` by a process that kills itself at a moment: `python -m tests.killed_deployment TAG MOMENT`.

A moment is a step that is about to begin, so that the one before it is done; or one within the two that also write into
the ledger. With a third argument, a step, the ledger cannot be read in that step, so that the way back is taken.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import AbstractContextManager
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

PLACE: Final = Environment.PRODUCTION


def before_record(step: Step) -> str:
    """When the step has changed what serves, and the ledger does not know."""
    return f"{step}, before it is recorded"


@dataclass
class DeadlyLedger:
    """A ledger which kills this process at a moment; it is told of every step, as whoever looks on is."""

    ledger: DeploymentLedger
    moment: str
    away_at: str = ""
    _step: str = ""

    def tell(self, line: str) -> None:
        """Hear of what begins."""
        print(line, flush=True)  # noqa: T201  # as the command does
        if line.strip() in set(Step):
            self._step = line.strip()
            self._pass(self._step)

    def record(self, environment: Environment, tag: ModelTag, *, at: datetime, reason: str) -> Deployment:
        if self._step:
            self._pass(before_record(Step(self._step)))
        return self.ledger.record(environment, tag, at=at, reason=reason)

    def history(self, environment: Environment) -> list[Deployment]:
        if self._step and self._step == self.away_at:
            raise LedgerError("the ledger cannot be read (Input/output error)")
        return self.ledger.history(environment)

    def hold(self, environment: Environment, tag: ModelTag) -> AbstractContextManager[Hold]:
        return self.ledger.hold(environment, tag)

    def _pass(self, moment: str) -> None:
        if moment == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


def main(tag: str, moment: str, away_at: str = "") -> None:
    """Deploy, and do not live to tell."""
    settings = DeploySettings.from_env(os.environ)
    ledger = DeadlyLedger(settings.ledger, moment, away_at)
    wish = Wish(tag=ModelTag.parse(tag), reason="to be killed")
    bring(replace(settings, ledger=ledger), PLACE, wish, at=None, tell=ledger.tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
