"""The sign of life of whoever alerts: a closed issue that is rewritten as long as alerts would arrive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from core.documents import Document
from core.drift import Moment
from core.github.alert import Alert
from core.github.hidden import hidden, hidden_in
from core.github.issues import Inbox
from core.thresholds import SILENT_AFTER_S

_KEY: Final = "watch/heartbeat"
_TITLE: Final = "Heartbeat of the alerts"
_EVERY: Final = timedelta(minutes=55)


class Beat(Document, frozen=True, kw_only=True):
    """The last sign of life."""

    at: Moment


def beat(inbox: Inbox, now: datetime) -> str:
    """
    Write a sign of life down, at most once an hour, and say in a sentence what was done.

    Raises:
        IssuesDisabled: if the repository has no issues.
        GitHubError: see `GitHub.send`.
    """
    before = last_beat(inbox)
    if before is not None and abs(now - before) < _EVERY:
        return "the heart beats"
    text = (
        f"Prometheus, Alertmanager and the receiver of alerts gave a sign of life at {now:%Y-%m-%d %H:%M} UTC. They do "
        f"so every hour; `watch.yml` opens an issue when they have not for {SILENT_AFTER_S // 3600} hours. "
        "Leave this issue closed: it is rewritten, and tells nobody."
    )
    issue = inbox.keep(Alert(key=_KEY, title=_TITLE, body=text, ending=hidden(Beat(at=now))))
    return f"the heart beats: {issue.html_url}"


def last_beat(inbox: Inbox) -> datetime | None:
    """
    When the last sign of life was written down; None if there never was one.

    Raises:
        IssuesDisabled: if the repository has no issues.
        GitHubError: see `GitHub.pages`.
    """
    found = inbox.find(_KEY)
    kept = hidden_in(found.body, Beat) if found else None
    return kept.at if kept else None
