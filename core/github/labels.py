"""The labels of our issues, in one table, and their making."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from core.errors import GitHubRefused
from core.github.client import GitHub


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A label; its colour is six hexadecimal digits."""

    name: str
    color: str = "ededed"
    description: str | None = None


LABEL: Final = "slipway"
# Whoever raises an alert takes its labels from here; on our issues, nobody else decides about these.
LABELS: Final[Mapping[str, Label]] = MappingProxyType(
    {
        label.name: label
        for label in (
            Label(name=LABEL, color="1d76db", description="Slipway writes this issue, and closes it when all is well"),
            Label(name="severity:critical", color="b60205", description="Look at this now"),
            Label(name="severity:alert", color="d93f0b", description="Look at this today"),
            Label(name="severity:warning", color="fbca04", description="Look at this soon"),
            Label(name="severity:info", color="c5def5", description="Good to know"),
            Label(name="alert", color="e99695", description="What is watched is not as it should be; docs/runbook.md"),
            Label(name="drift", color="5319e7", description="What comes in is not what the model was trained on"),
            Label(name="degradation", color="a2327a", description="The model is right less often than it was"),
            Label(name="no-data", color="6e7781", description="No rows come in"),
            Label(name="deploy", color="0e8a16", description="Bringing a model into service"),
            Label(name="experiment", color="006b75", description="Two models side by side"),
            Label(name="schedule", color="bfd4f2", description="Workflows that run by the clock"),
        )
    }
)


def ensure_labels(github: GitHub, names: Iterable[str]) -> None:
    """
    Make the labels that are missing.

    Args:
        github: The repository.
        names: Those in `LABELS` get their colour and description, others GitHub's usual grey.

    Raises:
        GitHubError: see `GitHub.send`.
    """
    wanted = list(names)
    if not wanted:
        return
    # GitHub takes two names for one if they differ in capitals only.
    present = {label.name.lower() for label in github.pages(Label, "labels")}
    for name in wanted:
        if name.lower() not in present:
            _make(github, LABELS.get(name, Label(name=name)))


def _make(github: GitHub, label: Label) -> None:
    body = {"name": label.name, "color": label.color, "description": label.description or ""}
    try:
        github.send("POST", "labels", body=body)
    except GitHubRefused as error:
        # Somebody else made it in between.
        if "already_exists" not in error.codes:
            raise
