"""What is shown, and how."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

CONSOLE = Console(highlight=False, width=None if sys.stdout.isatty() else 110)


@contextmanager
def chapter(title: str, text: str) -> Iterator[None]:
    """A part of the story: its title, what it is about, and then what happens."""
    CONSOLE.print()
    CONSOLE.rule(f"[bold]{title}", align="left")
    CONSOLE.print(f"[dim]{text}[/dim]")
    with CONSOLE.status("working"):
        yield


def show(line: str) -> None:
    """What a command said; of what it looked at, no more than a line each."""
    is_detail = line.startswith(" ")
    CONSOLE.print(f"  {line}", markup=False, no_wrap=is_detail, overflow="ellipsis" if is_detail else "fold")
