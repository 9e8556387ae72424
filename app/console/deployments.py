"""What served when, by the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.console.words import NONE, moment, plain, span
from core.ledger import Deployment, Environment

MOST: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentLine:
    """
    A deployment.

    Attributes:
        lasted: How long its tag has served, or did.
    """

    tag: str
    environment: str
    since: str
    lasted: str
    before: str
    reason: str
    is_current: bool


def deployments_of(entries: Sequence[Deployment], now: datetime) -> tuple[DeploymentLine, ...]:
    """
    The newest, these first.

    Args:
        entries: Of any environments, in any order.
        now: The time.
    """
    newest = sorted(entries, key=lambda entry: entry.at, reverse=True)
    ended: dict[Environment, datetime] = {}
    lines = []
    for entry in newest:
        end = ended.get(entry.environment)
        lines.append(_line(entry, end, now))
        ended[entry.environment] = entry.at
    return tuple(lines[:MOST])


def _line(entry: Deployment, end: datetime | None, now: datetime) -> DeploymentLine:
    return DeploymentLine(
        tag=str(entry.tag),
        environment=entry.environment.value,
        since=moment(entry.at),
        lasted=span((end or now) - entry.at),
        before=str(entry.previous) if entry.previous else NONE,
        reason=plain(entry.reason),
        is_current=end is None,
    )


def current(entries: Sequence[Deployment], environment: Environment) -> Deployment | None:
    """What serves an environment by the ledger; None before its first deployment."""
    return max((entry for entry in entries if entry.environment is environment), key=lambda each: each.at, default=None)
