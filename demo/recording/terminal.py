"""A terminal without a screen: takes what programs write, and says what is where in which colour."""

from __future__ import annotations

from typing import NamedTuple

import pyte

DEFAULT = "default"


class Cell(NamedTuple):
    """A character and how it looks; colours by their names or as six hexadecimal digits."""

    text: str
    colour: str
    ground: str
    is_bold: bool


class Terminal:
    """Of so many columns and rows, and empty."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)

    def feed(self, text: str) -> None:
        """Take what a program wrote."""
        self._stream.feed(text)

    def text(self) -> list[str]:
        """What can be read, line by line."""
        return [str(line) for line in self._screen.display]

    def lines(self) -> list[tuple[Cell, ...]]:
        """What can be seen, line by line."""
        width, height = range(self._screen.columns), range(self._screen.lines)
        return [tuple(_cell(self._screen.buffer[row][column]) for column in width) for row in height]


def _cell(char: pyte.screens.Char) -> Cell:
    colour, ground = str(char.fg), str(char.bg)
    if char.reverse:
        colour, ground = _unless_default(ground, "black"), _unless_default(colour, "white")
    return Cell(str(char.data), colour, ground, bool(char.bold))


def _unless_default(colour: str, other: str) -> str:
    return other if colour == DEFAULT else colour
