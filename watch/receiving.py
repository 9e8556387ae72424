"""What is done with a message of Alertmanager: told in an issue, or, where there is none to tell in, in the log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from core.errors import SlipwayError
from core.github.client import GitHub
from core.github.issues import Inbox
from watch.desk import Desk
from watch.heartbeat import beat
from watch.trouble import HEARTBEAT, PAGE, Watcher
from watch.webhook import Message

# Alertmanager waits for ten seconds.
_PATIENCE_S: Final = 5.0
_LOG: Any = structlog.get_logger()


class AlertsWait(SlipwayError):
    """An alert cannot be told now, as others are being told."""

    def __init__(self) -> None:
        super().__init__("others are being told, and GitHub is slow")


class Teller(Protocol):
    """Tells of a message, and says in sentences what was done."""

    def tell(self, message: Message, now: datetime) -> list[str]:
        """
        Raises:
            GitHubError: if it cannot be told now.
            AlertsWait: likewise.
        """


class IssueTeller:
    """Tells in the issues of a repository, of one message after the other."""

    def __init__(self, github: GitHub) -> None:
        """
        Args:
            github: The repository.
        """
        self._inbox = Inbox(github)
        self._desk = Desk(self._inbox, page=github.settings.page, by=Watcher.PROMETHEUS)
        self._lock = threading.Lock()

    def tell(self, message: Message, now: datetime) -> list[str]:
        """See `Teller.tell`; told twice, nothing changes."""
        # Two messages of one alert at once would open two issues.
        if not self._lock.acquire(timeout=_PATIENCE_S):
            # Those who wait would take every thread; Alertmanager asks again.
            raise AlertsWait
        try:
            trouble = message.trouble()
            if message.is_unclear:
                return [_unclear(message)]
            if message.kind == HEARTBEAT:
                if trouble is None:
                    return []
                return [beat(self._inbox, now), *(done for _, done in self._desk.forget(now))]
            if trouble is None:
                ended = f"Over since {message.ended:%Y-%m-%d %H:%M} UTC, as Alertmanager says."
                return [self._desk.settle(message.name, ended)]
            return [self._desk.tell(trouble, now)]
        finally:
            self._lock.release()


class LogTeller:
    """Tells in the log, for those who have no repository."""

    def tell(self, message: Message, now: datetime) -> list[str]:  # noqa: ARG002  # as the other
        """See `Teller.tell`; nothing is raised."""
        trouble = message.trouble()
        if message.is_unclear:
            return [_unclear(message)]
        if message.kind == HEARTBEAT:
            return []
        if trouble is None:
            _LOG.info("alert is over", alert=message.name, since=message.ended.isoformat())
            return [f"{message.name}: over"]
        log: Callable[..., None] = _LOG.error if trouble.severity == PAGE else _LOG.warning
        for each in trouble.instances:
            since = each.since.isoformat()
            log("alert", alert=trouble.name, since=since, what=each.what, where=each.where, remedy=trouble.remedy)
        return [f"{trouble.name}: in the log"]


def _unclear(message: Message) -> str:
    """Those that are over are left out of the next message, which then has room for what is still true."""
    return f"{message.name}: nothing done, as {message.others} of it are not listed"


def open_teller(alerts: GitHub | None) -> Teller:
    """
    Who tells, and in the log where that will not be in issues.

    Args:
        alerts: The repository in whose issues is told; None for none.
    """
    if alerts is None:
        _LOG.warning("alerts are told in this log only: WATCH_ALERTS names no repository")
        return LogTeller()
    if not alerts.settings.token:
        _LOG.error("alerts are told in this log only: GITHUB_TOKEN is not set", alerts=str(alerts))
        return LogTeller()
    _LOG.info("alerts are told in issues", alerts=str(alerts))
    return IssueTeller(alerts)
