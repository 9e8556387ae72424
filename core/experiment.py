"""Which of two models answers whom."""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import Final

from core.tags import ModelTag

_POSITIONS: Final = 2**64


class Arm(StrEnum):
    """A side of an experiment."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


class Fallback(StrEnum):
    """Why the champion answered in the challenger's place."""

    FAILED = "failed"  # the challenger could not score the rows
    SLOW = "slow"  # it had no answer within its budget
    BUSY = "busy"  # it was still at rows for which it had been too slow


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
