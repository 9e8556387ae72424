"""What the double notes of those who call it: every call, breaches of the contract, and tokens that went astray."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedCall:
    """
    One call.

    Attributes:
        site: Which of the four hosts took it: `api`, `web`, `uploads` or `assets`.
        host: The Host header.
        status: What was answered, 0 if the connection was broken instead.
        with_token: Did an Authorization header come with it? Its value is not kept.
    """

    site: str
    host: str
    method: str
    path: str
    query: str
    status: int
    with_token: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """A call that GitHub's document does not allow, or an answer of the double's own that it does not."""

    call: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Records:
    """Everything noted since the start."""

    calls: list[RecordedCall] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    leaks: list[RecordedCall] = field(default_factory=list)
