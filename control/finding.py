"""One line of what doctor says: something that is there, or is not, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a line begins; only what is missing keeps Slipway from running."""

    GOOD = "✓"
    WARNING = "!"
    UNKNOWN = "?"
    MISSING = "✗"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """
    One line.

    Attributes:
        mark: How it stands.
        text: What was found.
        mend: The page to visit or the command to run; empty if all is well.
    """

    mark: Mark
    text: str
    mend: str = ""


def good(text: str) -> Finding:
    """What is there."""
    return Finding(mark=Mark.GOOD, text=text)


def warning(text: str, mend: str) -> Finding:
    """What Slipway can do without, and why one may want it."""
    return Finding(mark=Mark.WARNING, text=text, mend=mend)


def unknown(text: str, mend: str) -> Finding:
    """What cannot be told, and how it could."""
    return Finding(mark=Mark.UNKNOWN, text=text, mend=mend)


def missing(text: str, mend: str) -> Finding:
    """What is needed and is not there."""
    return Finding(mark=Mark.MISSING, text=text, mend=mend)
