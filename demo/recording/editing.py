"""Puts the parts of the film together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from demo.recording.cast import Cast
from demo.recording.film import Film
from demo.recording.pacing import moments, news_of, paced
from demo.recording.painting import terminal_picture, title_picture
from demo.recording.terminal import Terminal

TITLE_S: Final = 4.0
# What turns while one waits turns a little slower than it did.
_STEP_S: Final = 0.2


def add_title(film: Film, title: str, *lines: str) -> None:
    """Show a few words for as long as it takes to read them."""
    film.show(title_picture(title, *lines), TITLE_S)


def add_cast(film: Film, cast: Cast, title: str, *, length_s: float, tell: Callable[[str], None]) -> None:
    """
    Show what a terminal showed, without its waits.

    Args:
        film: Becomes that much longer.
        cast: The recording.
        title: Above the terminal, beside the time that had really passed.
        length_s: About how long it may take.
        tell: Is told now and then how much is done.
    """
    terminal, outputs, done, told = Terminal(cast.columns, cast.rows), cast.outputs, 0, -1
    for moment, seconds in moments(paced(news_of(cast), length_s=length_s), step_s=_STEP_S):
        while done < len(outputs) and outputs[done].at <= moment:
            terminal.feed(outputs[done].text)
            done += 1
        clock = f"{_minutes(moment)} of {_minutes(cast.length_s)}"
        film.show(terminal_picture(terminal.lines(), title, clock), seconds)
        if (tenths := 10 * done // len(outputs)) != told:
            told = tenths
            tell(f"Drawing the terminal, {10 * tenths} %")


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
