"""Tells of a condition in its issue: one issue for each model line and kind of trouble."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import msgspec

from core.github.alert import Alert, Issue
from core.github.hidden import hidden, hidden_in
from core.github.issues import Done, Inbox, Raised
from drift.alerts.conditions import Condition
from drift.alerts.retraining import Retraining
from drift.alerts.telling import State, Step, decide


class Deed(StrEnum):
    """What was done with a condition's issue."""

    NOTHING = "nothing"
    OPENED = "opened"
    REOPENED = "reopened"
    REWRITTEN = "rewritten"
    UNCHANGED = "unchanged"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """
    What came of telling.

    Attributes:
        done: With the issue.
        url: The issue's page; None if it was never opened.
        sentence: For a log.
        notes: What else is to be known, such as what became of the training that was asked for, in sentences.
    """

    done: Deed
    url: str | None
    sentence: str
    notes: tuple[str, ...] = ()


class Alerts:
    """
    The issues of a repository's model lines.

    Args:
        inbox: Of the repository.
        retraining: What critical conditions start, once for all that are told; None for nothing.
    """

    def __init__(self, inbox: Inbox, retraining: Retraining | None = None) -> None:
        self._inbox, self._retraining = inbox, retraining
        self._started: str | None = None

    def tell(self, condition: Condition, *, title: str, body: str) -> Told:
        """
        Let the issue of a condition say how things stand; told twice, nothing changes.

        Args:
            condition: How things stand.
            title: Of the issue.
            body: Of the issue, in Markdown; equal facts should give equal text, so say since when and not for how long.

        Raises:
            IssuesDisabled: if the repository has no issues.
            LabelsDropped: if the token may open issues but not label them.
            GitHubError: see `GitHub.send`.
        """
        key = key_of(condition)
        found = self._inbox.find(key)
        decision = decide(
            condition,
            hidden_in(found.body, State) if found else None,
            is_open=found.is_open if found else None,
            may_train=self._retraining is not None,
        )
        if found and decision.comment:
            # The body remembers what was told; if it were written first, a failure in between would lose the comment.
            self._inbox.comment_once(found, key, decision.comment)
        if found and decision.step is Step.CLOSE:
            self._inbox.close(found)
            return _told(condition, Deed.CLOSED, found)
        if decision.state is None:
            return _told(condition, Deed.NOTHING, found)
        write = partial(self._write, condition, title=title, body=body, remark=decision.remark)
        raised = write(decision.state)
        if not self._retraining or not decision.asks_for_training or _was_beaten(found, raised):
            return _told(condition, Deed(raised.done), raised.issue)
        # What the body remembers by now keeps the next run from asking again, whatever becomes of this one.
        said = self._started = self._started or self._retraining.start()
        write(msgspec.structs.replace(decision.state, training=said))
        return _told(condition, Deed(raised.done), raised.issue, (said,))

    def _write(self, condition: Condition, state: State, *, title: str, body: str, remark: str) -> Raised:
        # What comes from rows must not pass for what marks an issue.
        text = "\n\n".join(filter(None, [_note(remark, state.training), body.replace("<!--", "&lt;!--")]))
        labels = (condition.kind, f"severity:{state.severity}")
        alert = Alert(key=key_of(condition), title=title, body=text, labels=labels, ending=hidden(state))
        return self._inbox.raise_alert(alert)


def key_of(condition: Condition) -> str:
    """What names a condition's issue, such as `model/drift`."""
    return f"{condition.line}/{condition.kind}"


def _note(*remarks: str | None) -> str:
    """What stands above a body, set off from it as GitHub does."""
    said = [f"> {remark}" for remark in remarks if remark]
    return "\n".join(["> [!NOTE]", "\n>\n".join(said)]) if said else ""


def _was_beaten(found: Issue | None, raised: Raised) -> bool:
    """Whether another run told the same in the same moment, so that what it starts is not started twice."""
    return raised.done is Done.UNCHANGED or (found is None and raised.done is not Done.OPENED)


def _told(condition: Condition, deed: Deed, issue: Issue | None, notes: tuple[str, ...] = ()) -> Told:
    url = issue.html_url if issue else None
    if deed is Deed.NOTHING:
        sentence = f"{key_of(condition)}: nothing to tell"
    else:
        sentence = f"{key_of(condition)}: issue {deed}: {url}"
    return Told(done=deed, url=url, sentence=sentence, notes=notes)
