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
        entries: Of any environments, those of each in the ledger's order.
        now: The time.
    """
    ended: dict[Environment, datetime] = {}
    lines = []
    for entry in _newest_first(entries):
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
    return next((entry for entry in _newest_first(entries) if entry.environment is environment), None)


def _newest_first(entries: Sequence[Deployment]) -> list[Deployment]:
    """Of those that happened at once the last one came last, as for the ledger."""
    return sorted(entries, key=lambda entry: entry.at)[::-1]
