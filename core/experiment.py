"""Which of two models answers whom, and what was fixed before."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from core.documents import Document
from core.experiment_policy import ExperimentPolicy
from core.tags import ModelTag

# Under which a service keeps its experiment.
EXPERIMENT_NAME: Final = "experiment"
MAX_READINGS: Final = 4_000

_POSITIONS: Final = 2**64


class Arm(StrEnum):
    """A side of an experiment."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


class Fallback(StrEnum):
    """Why the champion answered in the challenger's place."""

    FAILED = "failed"  # the challenger could not score the rows
    SLOW = "slow"  # it had no answer within its budget
    BUSY = "busy"  # it was still at rows for which it had been too slow, or rested after that


def position(key: bytes, challenger: ModelTag, subject: str) -> float:
    """
    Where a subject stands between 0 and 1; those below the challenger's share are its own.

    The same everywhere and for ever, so that nobody leaves the challenger when its share grows; of another challenger
    the positions are others, so that who was asked to try one thing is not asked to try the next.

    Args:
        key: A secret, without which nobody can choose an arm by choosing a name.
        challenger: The tag that is tried.
        subject: Whom a request is about.

    Source:
        Kohavi, Tang and Xu, "Trustworthy Online Controlled Experiments" (2020), chapter 14.
    """
    digest = hmac.digest(key, f"arm\0{challenger}\0{subject}".encode(), hashlib.sha256)
    return int.from_bytes(digest[:8]) / _POSITIONS


def arm_of(position: float, share: float) -> Arm:
    """The arm of a position, where the challenger has a share from 0 to 1."""
    return Arm.CHALLENGER if position < share else Arm.CHAMPION


class Phase(Document, frozen=True, kw_only=True):
    """From a time on the challenger has this share of the subjects."""

    share: Annotated[float, Meta(ge=0, le=1)]
    since: Annotated[datetime, Meta(tz=True)]


class Reading(Document, frozen=True, kw_only=True):
    """
    What was read off an experiment at a time.

    Attributes:
        at: When.
        word: How it stood.
        value: What the challenger loses less a row; None as long as nothing is known.
        low, high: Bounds of the true value, with the policy's confidence each.
    """

    at: Annotated[datetime, Meta(tz=True)]
    word: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


class Decision(Document, frozen=True, kw_only=True):
    """When an experiment was decided, with which word, and why."""

    at: Annotated[datetime, Meta(tz=True)]
    word: str
    reason: str


class Experiment(Document, frozen=True, kw_only=True):
    """
    Two tags side by side.

    Attributes:
        champion: That served when it began, and serves as long as it goes on.
        challenger: The other one.
        policy: By which it is judged, as it was when it began.
        champion_loss: What the champion loses a row on its holdout, above 0.
        phases: Each share that the challenger has had, the oldest first; at least one.
        readings: What was read off it each day, the oldest first.
        decided: The first word that is not running, which stands; None before.
        ended: Since when the champion answers all again; None as long as it goes on.
        is_fixed: Whether the service's environment says who the challenger is; nobody else follows this then.
    """

    champion: ModelTag
    challenger: ModelTag
    policy: ExperimentPolicy
    champion_loss: Annotated[float, Meta(gt=0)]
    phases: Annotated[tuple[Phase, ...], Meta(min_length=1)]
    readings: Annotated[tuple[Reading, ...], Meta(max_length=MAX_READINGS)] = ()
    decided: Decision | None = None
    ended: Annotated[datetime, Meta(tz=True)] | None = None
    is_fixed: bool = False

    @property
    def share(self) -> float:
        """Of the subjects, that the challenger has now."""
        return 0.0 if self.ended else self.phases[-1].share

    @property
    def began(self) -> datetime:
        """When subjects were assigned for the first time."""
        return self.phases[0].since
