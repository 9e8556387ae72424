"""How a deployment ended, and how that is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.ledger import Environment
from core.tags import ModelTag
from deploy.evidence import Verdict
from deploy.machine import End, Step


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """
    How a deployment ended.

    Attributes:
        end: How.
        wanted: The tag that was to serve.
        green: The tag that was being deployed; the wanted one, unless that was gone back to.
        blue: The tag that served before; None if none did.
        problem: Why it went back; empty if it did not.
        trouble: What went wrong on the way back, or after green was found good; empty if nothing did.
        verdicts: What was looked at, by step.
        switched_at: When green was let near the public; None if it was not.
        returned_at: When blue was given the public back; None if it was not.
        was_there: Whether it served already, so that nothing was done.
        is_first: Whether nothing was ever deployed there before.
    """

    end: End
    wanted: ModelTag
    green: ModelTag
    blue: ModelTag | None
    problem: str = ""
    trouble: str = ""
    verdicts: Mapping[Step, Verdict] = field(default_factory=dict)
    switched_at: datetime | None = None
    returned_at: datetime | None = None
    was_there: bool = False
    is_first: bool = False

    @property
    def serving(self) -> ModelTag | None:
        """What serves now; of a deployment that is stuck, what should."""
        return self.green if self.end is End.DEPLOYED else self.blue

    @property
    def is_as_wanted(self) -> bool:
        """Whether what was wanted came about."""
        return self.end is not End.STUCK and self.serving == self.wanted

    @property
    def exposed_s(self) -> float | None:
        """How long green was before the public until blue was again, in seconds; None if that did not happen."""
        if self.switched_at is None or self.returned_at is None:
            return None
        return (self.returned_at - self.switched_at).total_seconds()

    def sentence(self, environment: Environment, platform: str) -> str:
        """What came of it, and what to do next."""
        if self.was_there:
            return f"{self.green} serves {environment} already; nothing was done."
        return {
            End.DEPLOYED: self._deployed,
            End.STOPPED: self._stopped,
            End.ROLLED_BACK: self._rolled_back,
            End.STUCK: self._stuck,
        }[self.end](f"{environment} on {platform}")

    def _deployed(self, place: str) -> str:
        came = f"after {self.blue}" if self.blue else "the first" if self.is_first else "where nothing answered"
        rest = f" Something was left behind: {self.trouble}; the next deployment removes it." if self.trouble else ""
        return f"{self.green} serves {place}, {came}.{rest}"

    def _stopped(self, place: str) -> str:
        serves = f"{self.blue} serves {place} as before" if self.blue else f"nothing serves {place}, as before"
        return f"{self.green} was stopped before the switch: {self.problem}; {serves}"

    def _rolled_back(self, place: str) -> str:
        rest = f"; something is not as it should be ({self.trouble}), python -m deploy up mends it" * bool(self.trouble)
        if self.is_as_wanted:
            return f"{self.blue} serves {place} again, after {self.green}{rest}."
        if self.blue is None:
            # Not every platform takes off what serves when nothing can take its place.
            return (
                f"{self.green} does not do well: {self.problem}; nothing served {place} before, so that there is "
                f"nothing to go back to, and it may serve on: python -m deploy status says so{rest}"
            )
        after = f" after {self.exposed_s:.1f} s" if self.exposed_s is not None else ""
        return f"{self.green} was rolled back{after}: {self.problem}; {self.blue} serves {place} again{rest}"

    def _stuck(self, place: str) -> str:
        why = f" ({self.problem})" if self.problem else ""
        return (
            f"{self.green} is not to serve {place}{why}, and the way back to {self.blue} is blocked: {self.trouble}; "
            f"mend that and run python -m deploy up {self.blue}"
        )
