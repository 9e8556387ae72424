"""Issues as the inbox of alerts: one issue for each thing that may be wrong, rewritten, closed and reopened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from core.errors import GitHubRefused, IssuesDisabled, LabelsDropped
from core.github.client import GitHub
from core.github.labels import LABEL, LABELS, Label, ensure_labels

_OPEN: Final = "open"
_KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9._:/-]*[a-z0-9])?")
_TITLE_LENGTH, _BODY_LENGTH = 256, 65_536
_CUT: Final = "\n\n(The rest is too long for an issue.)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """
    Something that somebody should look at.

    Attributes:
        key: Names the thing, and so its issue: small letters, digits and `._:/-`.
        title: Of the issue.
        body: Of the issue, in Markdown; equal facts should give equal text, so say since when and not for how long.
        labels: Of the issue, beside `slipway`.
    """

    key: str
    title: str
    body: str
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: if the key is none.
        """
        marker_of(self.key)


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """An issue, as GitHub shows it."""

    number: int
    title: str
    state: str
    html_url: str
    body: str | None = None
    labels: list[Label] = []
    pull_request: dict[str, object] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self.state == _OPEN

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of its labels."""
        return tuple(label.name for label in self.labels)


class Done(StrEnum):
    """What became of an alert's issue."""

    OPENED = "opened"
    REOPENED = "reopened"
    REWRITTEN = "rewritten"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """An alert's issue, and what was done to it."""

    issue: Issue
    done: Done


class Inbox:
    """
    The alerts in a repository's issues.

    An alert's issue is found by a marker in its body and by the label `slipway`: a stranger can write the marker, but
    not set the label. They are listed, never searched for: the search is late to know what was just written.
    """

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def is_enabled(self) -> bool:
        """
        Whether the repository has issues.

        Raises:
            GitHubError: see `GitHub.get`.
        """
        try:
            with self._answered():
                self._github.get(list[Issue], "issues", state="all", per_page=1)
                # Without issues the list may still hold the pull requests, where a single one is refused.
                self._github.get(Issue, "issues", 1)
        except IssuesDisabled:
            return False
        except GitHubRefused as error:
            if error.status not in {404, 410}:
                raise
        return True

    def find(self, key: str) -> Issue | None:
        """
        The issue of a key, open or closed; None if it has none yet.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.pages`.
        """
        marker = marker_of(key)
        with self._answered():
            listed = list(self._github.pages(Issue, "issues", state="all", labels=LABEL))
        found = [issue for issue in listed if issue.pull_request is None and marker in (issue.body or "")]
        # Two who raised the same alert at once have left two; the open ones are to be closed one after the other.
        return min(found, key=lambda issue: (not issue.is_open, issue.number), default=None)

    def raise_alert(self, alert: Alert) -> Raised:
        """
        Let an alert's issue be open and say this; where it does already, nothing is sent.

        Raises:
            IssuesDisabled: if the repository has no issues.
            LabelsDropped: if the token may open issues but not label them.
            GitHubError: see `GitHub.send`.
        """
        found = self.find(alert.key)
        if found is None:
            return Raised(issue=self._open(alert), done=Done.OPENED)
        changes = _changes(found, alert)
        if not changes:
            return Raised(issue=found, done=Done.UNCHANGED)
        ensure_labels(self._github, changes.get("labels", ()))
        issue = self._send("PATCH", found.number, body=changes)
        return Raised(issue=issue, done=Done.REWRITTEN if found.is_open else Done.REOPENED)

    def comment(self, issue: Issue, text: str) -> None:
        """
        Add a comment to an issue.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.send`.
        """
        with self._answered():
            self._github.send("POST", "issues", issue.number, "comments", body={"body": _cut(text)})

    def settle(self, key: str, text: str) -> bool:
        """
        Close the issue of a key, with a comment; whether there was an open one.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.send`.
        """
        found = self.find(key)
        if found is None or not found.is_open:
            return False
        self.comment(found, text)
        self._send("PATCH", found.number, body={"state": "closed", "state_reason": "completed"})
        return True

    def _open(self, alert: Alert) -> Issue:
        labels = [LABEL, *alert.labels]
        ensure_labels(self._github, labels)
        issue = self._send("POST", body={"title": _title(alert), "body": _body(alert), "labels": labels})
        if LABEL not in issue.label_names:
            raise LabelsDropped(issue.html_url, LABEL)
        return issue

    def _send(self, method: str, *parts: int, body: dict[str, Any]) -> Issue:
        with self._answered():
            return self._github.ask(Issue, method, "issues", *parts, body=body)

    @contextmanager
    def _answered(self) -> Iterator[None]:
        try:
            yield
        except GitHubRefused as error:
            # A single issue that was deleted is answered with the same status.
            if error.status == 410 and "deleted" not in error.said:
                raise IssuesDisabled(self._github.settings.page) from error
            raise


def marker_of(key: str) -> str:
    """
    What marks the issue of a key, unseen by readers.

    Raises:
        ValueError: if it is not a key.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"an alert's key takes small letters, digits and . _ : / -, found {key[:60]!r}")
    return f"<!-- slipway:alert {key} -->"


def _changes(found: Issue, alert: Alert) -> dict[str, Any]:
    """What has to be sent so that the issue says what the alert does."""
    changes: dict[str, Any] = {}
    if found.title != _title(alert):
        changes["title"] = _title(alert)
    # The page on which people edit writes lines with two characters at their end.
    if (found.body or "").replace("\r\n", "\n").strip() != _body(alert).strip():
        changes["body"] = _body(alert)
    labels = _labels(found.label_names, alert.labels)
    if set(labels) != set(found.label_names):
        changes["labels"] = labels
    if not found.is_open:
        changes |= {"state": _OPEN, "state_reason": "reopened"}
    return changes


def _labels(present: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """What GitHub is to put in the place of all labels: those that people added stay, ours are those of the alert."""
    others = [name for name in present if name not in LABELS]
    return list(dict.fromkeys([LABEL, *wanted, *others]))


def _title(alert: Alert) -> str:
    return alert.title[:_TITLE_LENGTH]


def _body(alert: Alert) -> str:
    return _cut(f"{marker_of(alert.key)}\n{alert.body}")


def _cut(text: str) -> str:
    return text if len(text) <= _BODY_LENGTH else text[: _BODY_LENGTH - len(_CUT)] + _CUT
