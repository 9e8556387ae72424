"""Issues as the inbox of alerts: one issue for each thing that may be wrong, rewritten, closed and reopened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import GitHubRefused, IssuesDisabled, LabelsDropped
from core.github.alert import Alert, Comment, Issue, as_sent, body_of, changes_between, cut, marker_of, title_of
from core.github.client import GitHub
from core.github.labels import LABEL, ensure_labels

_LOOKS, _LOOK_AGAIN_S = 4, 2.0
_FORBIDDEN = 403
_STATE, _CLOSED = ("state", "state_reason"), "closed"


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
        return _meant(self._all(key))

    def raise_alert(self, alert: Alert) -> Raised:
        """
        Let an alert's issue be open and say this; where it does already, nothing is sent.

        Of several who open it at once, all go on with the oldest issue; theirs are closed as duplicates of it.

        Raises:
            IssuesDisabled: if the repository has no issues.
            LabelsDropped: if the token may open issues but not label them.
            GitHubError: see `GitHub.send`.
        """
        found = self._only(alert.key)
        if found is None:
            opened = self._open(alert)
            found = self._yield(alert.key, opened)
            if found.number == opened.number:
                return Raised(issue=opened, done=Done.OPENED)
        changes = changes_between(found, alert)
        if not changes:
            return Raised(issue=found, done=Done.UNCHANGED)
        ensure_labels(self._github, changes.get("labels", ()))
        issue = self._send("PATCH", found.number, body=changes)
        return Raised(issue=issue, done=Done.REWRITTEN if found.is_open else Done.REOPENED)

    def keep(self, alert: Alert) -> Issue:
        """
        Let a closed issue say this: nobody is told, and whoever has the key finds it.

        Only the first time is noticed, as it is opened to be closed.

        Raises:
            IssuesDisabled: if the repository has no issues.
            LabelsDropped: if the token may open issues but not label them.
            GitHubError: see `GitHub.send`.
        """
        found = self._only(alert.key) or self._open(alert)
        wanted = {"state": _CLOSED, "state_reason": "not_planned"} if found.is_open else {}
        changes = {name: value for name, value in changes_between(found, alert).items() if name not in _STATE} | wanted
        return self._send("PATCH", found.number, body=changes) if changes else found

    def opened(self, label: str = "") -> list[Issue]:
        """
        Our open issues, with a label beside `slipway` if one is named.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.pages`.
        """
        with self._answered():
            labels = ",".join(filter(None, [LABEL, label]))
            found = list(self._github.pages(Issue, "issues", state="open", labels=labels))
        return [issue for issue in found if issue.pull_request is None]

    def comment(self, issue: Issue, text: str) -> None:
        """
        Add a comment to an issue, unless that is locked.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.send`.
        """
        try:
            with self._answered():
                self._github.send("POST", "issues", issue.number, "comments", body={"body": cut(text)})
        except GitHubRefused as error:
            # Somebody wants no more said there; the issue can still be written and closed.
            if error.status != _FORBIDDEN or "locked" not in error.said:
                raise

    def comment_once(self, issue: Issue, key: str, text: str) -> bool:
        """
        Add a comment, unless the newest one of this kind says the same: whoever failed after it may begin again.

        Args:
            issue: To be commented on.
            key: Of its alert; marks the comments of this kind, unseen by readers.
            text: In Markdown.

        Returns:
            Whether it was added.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.send`.
        """
        marker = marker_of(key)
        text = cut(f"{marker}\n{text}")
        with self._answered():
            said = list(self._github.pages(Comment, "issues", issue.number, "comments"))
        ours = [body for body in (as_sent(comment.body) for comment in said) if body.startswith(marker)]
        if ours[-1:] == [text.strip()]:
            return False
        self.comment(issue, text)
        return True

    def close(self, issue: Issue, reason: str = "completed") -> None:
        """
        Close an issue.

        Args:
            issue: To be closed.
            reason: completed, not_planned or duplicate.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.send`.
        """
        self._send("PATCH", issue.number, body={"state": _CLOSED, "state_reason": reason})

    def settle(self, key: str, text: str) -> bool:
        """
        Close the issue of a key, with a comment; whether there was an open one.

        Raises:
            IssuesDisabled: if the repository has no issues.
            GitHubError: see `GitHub.send`.
        """
        found = self._only(key)
        if found is None or not found.is_open:
            return False
        self.comment(found, text)
        self.close(found)
        return True

    def _all(self, key: str) -> list[Issue]:
        """The issues with a key's marker, open or closed."""
        marker = marker_of(key)
        with self._answered():
            listed = list(self._github.pages(Issue, "issues", state="all", labels=LABEL))
        return [issue for issue in listed if issue.pull_request is None and marker in (issue.body or "")]

    def _only(self, key: str) -> Issue | None:
        """The issue of a key; others that are open are closed, which one who failed after opening may have left."""
        found = self._all(key)
        first = _meant(found)
        for issue in found:
            if first is not None and issue.is_open and issue.number != first.number:
                self._close_as_duplicate(issue, key, first)
        return first

    def _yield(self, key: str, opened: Issue) -> Issue:
        """The oldest issue of a key; where that is not the one just opened, this is closed as its duplicate."""
        first = self._oldest(key, opened)
        if first.number != opened.number:
            self._close_as_duplicate(opened, key, first)
        return first

    def _close_as_duplicate(self, issue: Issue, key: str, first: Issue) -> None:
        self.comment_once(issue, key, f"Duplicate of #{first.number}.")
        self.close(issue, "duplicate")

    def _oldest(self, key: str, opened: Issue) -> Issue:
        for number in range(1, _LOOKS + 1):
            found = {issue.number: issue for issue in self._all(key)}
            # A list without it may lack those of others too.
            if opened.number in found:
                break
            if number < _LOOKS:
                self._github.wait(_LOOK_AGAIN_S * number)
        return min([*found.values(), opened], key=lambda issue: issue.number)

    def _open(self, alert: Alert) -> Issue:
        labels = [LABEL, *alert.labels]
        ensure_labels(self._github, labels)
        issue = self._send("POST", body={"title": title_of(alert), "body": body_of(alert), "labels": labels})
        if LABEL not in map(str.lower, issue.label_names):
            # Who tries again would open another beside it.
            with suppress(GitHubRefused):
                self.close(issue, "not_planned")
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


def _meant(found: Iterable[Issue]) -> Issue | None:
    """Of several, an open one; and the oldest, as those that were opened at the same time are duplicates of it."""
    return min(found, key=lambda issue: (not issue.is_open, issue.number), default=None)
