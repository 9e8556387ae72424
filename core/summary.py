"""What a command tells the page of the workflow run that it is part of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def add_summary(environment: Mapping[str, str], text: str) -> None:
    """
    Add Markdown to the page of the run, where there is one.

    Source:
        https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    path = environment.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text.rstrip()}\n\n")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown; what would end a cell does not."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )
