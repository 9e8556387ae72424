"""Lets the issues say what is wrong: one for each alert, whoever saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from core.errors import GitHubError
from core.github.alert import marker_of
from core.github.hidden import hidden_in
from core.github.issues import Done, Inbox
from watch.telling import Told, alert_of, has_to_be_told, is_forgotten, key_of
from watch.trouble import CHECKED, Trouble, Watcher

_FORGOTTEN: Final = (
    "Alertmanager has not repeated this for a day and a half, so that it is over, or was held back when it ended. "
    "This issue comes back when it is true again."
)


class Desk:
    """The issues of one repository, written by one watcher."""

    def __init__(self, inbox: Inbox, *, page: str, by: Watcher) -> None:
        """
        Args:
            inbox: Of the repository.
            page: Of the repository.
            by: Who writes.
        """
        self._inbox, self._page, self._by = inbox, page, by

    def tell(self, trouble: Trouble, now: datetime) -> str:
        """
        Let the issue of an alert say what is wrong, and say in a sentence what was done.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.send`.
        """
        held = self._held_elsewhere(trouble.kind)
        if held:
            self.settle(trouble.name, f"The drift check tells of this: {held}.")
            return f"{trouble.name}: the drift check tells of it: {held}"
        found = self._inbox.find(key_of(trouble.name))
        before = hidden_in(found.body, Told) if found else None
        if found and not has_to_be_told(trouble, before, by=self._by, is_open=found.is_open, now=now):
            return _said(trouble.name, Done.UNCHANGED, found.html_url)
        raised = self._inbox.raise_alert(alert_of(trouble, by=self._by, page=self._page, now=now))
        return _said(trouble.name, raised.done, raised.issue.html_url)

    def settle(self, name: str, text: str) -> str:
        """
        Close the issue of an alert that is over, and say in a sentence what was done.

        Args:
            name: Of the alert.
            text: A comment; said twice, it stands there once.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.send`.
        """
        key = key_of(name)
        found = self._inbox.find(key)
        if found is None or not found.is_open:
            return f"{name}: nothing to tell"
        # Whoever was cut off in between begins again.
        self._inbox.comment_once(found, key, text)
        self._inbox.close(found)
        return _said(name, "closed", found.html_url)

    def standing(self, names: Iterable[str]) -> frozenset[str]:
        """
        Those of these alerts whose issues are open.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.pages`.
        """
        bodies = [issue.body or "" for issue in self._inbox.opened()]
        return frozenset(name for name in names if any(marker_of(key_of(name)) in body for body in bodies))

    def is_prometheus(self, name: str, since: float) -> bool:
        """
        Whether Prometheus tells of an alert, or has told that it was over.

        Args:
            name: Of the alert.
            since: From when on, in seconds since 1970.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.pages`.
        """
        found = self._inbox.find(key_of(name))
        told = hidden_in(found.body, Told) if found else None
        if found is None or told is None or told.by is not Watcher.PROMETHEUS:
            return False
        # GitHub's clock knows whole seconds.
        return found.is_open or (found.closed_at is not None and found.closed_at.timestamp() >= int(since))

    def forget(self, now: datetime) -> Iterator[tuple[str, str]]:
        """
        Close what Alertmanager no longer says: it says nothing of what ended while something worse held it back.

        Yields:
            The name of an alert, and what was done, in a sentence.

        Raises:
            GitHubError: see `GitHub.pages`.
        """
        for issue in self._inbox.opened():
            told = hidden_in(issue.body, Told)
            if told is not None and is_forgotten(told, now):
                try:
                    done = self.settle(told.name, _FORGOTTEN)
                except GitHubError as error:
                    # The others are not to wait for it.
                    done = f"{told.name}: cannot be closed now: {error}"
                yield told.name, done

    def _held_elsewhere(self, kind: str) -> str:
        """The open issue in which a drift check tells of the same; empty if there is none."""
        found = self._inbox.opened(kind) if kind in CHECKED else []
        return next((issue.html_url for issue in found), "")


def _said(name: str, done: str, url: str) -> str:
    return f"{name}: issue {done}: {url}"
