"""What an alert says, and the issue that says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from core.github.labels import LABEL, LABELS, Label

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
        ending: Ends the body; unlike the body it is never cut, and short.
    """

    key: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    ending: str = ""

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
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self.state == _OPEN

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of its labels."""
        return tuple(label.name for label in self.labels)


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on an issue, as GitHub shows it."""

    body: str | None = None


def marker_of(key: str) -> str:
    """
    What marks the issue of a key, unseen by readers.

    Raises:
        ValueError: if it is not a key.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"an alert's key takes small letters, digits and . _ : / -, found {key[:60]!r}")
    return f"<!-- slipway:alert {key} -->"


def changes_between(found: Issue, alert: Alert) -> dict[str, Any]:
    """What has to be sent so that the issue says what the alert does."""
    changes: dict[str, Any] = {}
    if found.title != title_of(alert):
        changes["title"] = title_of(alert)
    if as_sent(found.body) != body_of(alert).strip():
        changes["body"] = body_of(alert)
    labels = _labels(found.label_names, alert.labels)
    if {name.lower() for name in labels} != {name.lower() for name in found.label_names}:
        changes["labels"] = labels
    if not found.is_open:
        changes |= {"state": _OPEN, "state_reason": "reopened"}
    return changes


def _labels(present: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """What GitHub is to put in the place of all labels: those that people added stay, ours are those of the alert."""
    # To GitHub a name in other letters is the same label.
    others = [name for name in present if name.lower() not in LABELS]
    return list(dict.fromkeys([LABEL, *wanted, *others]))


def title_of(alert: Alert) -> str:
    """The title of its issue."""
    return alert.title[:_TITLE_LENGTH]


def body_of(alert: Alert) -> str:
    """The body of its issue, by whose marker it is found."""
    ending = f"\n\n{alert.ending}" if alert.ending else ""
    return cut(f"{marker_of(alert.key)}\n{alert.body}", _BODY_LENGTH - len(ending)) + ending


def cut(text: str, length: int = _BODY_LENGTH) -> str:
    """A text that GitHub takes as a body, whose end is lost where it is too long."""
    return text if len(text) <= length else text[: length - len(_CUT)] + _CUT


def as_sent(text: str | None) -> str:
    """A text as it was sent: the page on which people edit writes lines with two characters at their end."""
    return (text or "").replace("\r\n", "\n").strip()
