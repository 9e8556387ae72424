"""How much something asks for, as a mark and a word, so that nobody has to know colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.drift import Severity

_TONES: Final = {Severity.OK: "good", Severity.INSUFFICIENT_DATA: "calm", Severity.INFO: "calm"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """A mark, a word, and the tone of its colour: good, calm, careful or wrong."""

    mark: str
    word: str
    tone: str


def badge(severity: Severity) -> Badge:
    """The badge of a severity."""
    tone = "wrong" if severity.is_alarming else _TONES.get(severity, "careful")
    return Badge(mark=severity.mark, word=severity.word, tone=tone)
