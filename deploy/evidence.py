"""What was looked at before and after a switch, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """
    One thing that was looked at.

    Attributes:
        name: What, such as `golden rows` or `median latency`.
        found: What was seen, with its unit, such as `largest gap 3e-08 in 32 rows`.
        allowed: What would be right, such as `at most 1e-05`.
        is_breach: Whether it is not.
    """

    name: str
    found: str
    allowed: str
    is_breach: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Everything that was looked at in one step."""

    evidence: tuple[Evidence, ...]

    @property
    def breaches(self) -> tuple[Evidence, ...]:
        """What speaks against the model."""
        return tuple(each for each in self.evidence if each.is_breach)

    @property
    def problem(self) -> str:
        """What is wrong, as one line; empty if nothing is."""
        return "; ".join(f"{each.name}: {each.found}, {each.allowed}" for each in self.breaches)

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(evidence=self.evidence + other.evidence)
