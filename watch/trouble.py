"""What an issue tells of: something that is wrong, since when, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.drift import Moment

PAGE: Final = "page"
# Alerts of these kinds are about what a drift check finds; it holds issues of its own, with these labels.
CHECKED: Final = frozenset({"drift", "degradation"})
HEARTBEAT: Final = "heartbeat"


class Watcher(StrEnum):
    """Who sees what is wrong."""

    PROMETHEUS = "prometheus"
    LOOK = "look"


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """
    One thing of which an alert is true.

    Attributes:
        mark: Tells it from others of the alert.
        since: When that began, with a time zone.
        what: In a sentence, with how bad it is.
        where: What it is true of; empty where there is only one.
        query: Where it can be looked at; empty for nowhere.
    """

    mark: str
    since: Moment
    what: str
    where: str = ""
    query: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """
    An alert that is true.

    Attributes:
        name: Of the alert.
        kind: What it is about.
        severity: page, for at once, or ticket.
        remedy: What to do.
        runbook: A path in the repository, or a URL.
        instances: At least one.
        others: How many more are true and not listed.
    """

    name: str
    kind: str
    severity: str
    remedy: str
    runbook: str
    instances: tuple[Instance, ...]
    others: int = 0
