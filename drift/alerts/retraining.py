"""Starts a training when what serves can no longer be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import GitHubError
from core.github.actions import Workflows
from core.github.client import GitHub

WORKFLOW: Final = "train.yml"
_LENGTH: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Retraining:
    """
    The workflow that trains.

    Attributes:
        workflows: Of the repository.
        ref: The branch whose version of the workflow runs.
        as_of: Only what was known on the morning of this day (YYYY-MM-DD) is to be used; empty for all there is.
    """

    workflows: Workflows
    ref: str
    as_of: str = ""

    @classmethod
    def at(cls, github: GitHub, environment: Mapping[str, str], *, as_of: str = "") -> Retraining:
        """The workflow of a repository, on the branch that Actions names."""
        return cls(workflows=Workflows(github), ref=environment.get("GITHUB_REF_NAME") or "main", as_of=as_of)

    def start(self) -> str:
        """
        Start it, and say so in a sentence, or why it could not be started.

        What is found stays true without a training, so nothing is raised.
        """
        inputs = {"as_of": self.as_of} if self.as_of else {}
        try:
            page = self.workflows.dispatch(WORKFLOW, ref=self.ref, inputs=inputs)
        except GitHubError as error:
            return f"No training was started: {' '.join(str(error).split())[:_LENGTH]}."
        return f"A training was started: {page}"
