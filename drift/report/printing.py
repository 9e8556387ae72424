"""Paragraphs and tables on a terminal, or in a file as lines that can be searched."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text


def say(console: Console, text: str, style: str = "") -> None:
    """One paragraph; what is in it is no markup. A file's lines are not broken, so that they can be searched."""
    console.print(Text(text, style=style), soft_wrap=not console.is_terminal)


def print_table(console: Console, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, else lines of fields with bars between them; nothing where there are no rows."""
    if not rows:
        return
    if not console.is_terminal:
        for row in (head, *rows):
            say(console, "  " + " | ".join(row))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in head:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
