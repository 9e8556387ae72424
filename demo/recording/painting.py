"""Paints a terminal, titles and phones as pictures of the film's size."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from demo.recording.film import HEIGHT, WIDTH
from demo.recording.terminal import DEFAULT, Cell

# Of every machine alike: matplotlib brings them.
_FONTS: Final = Path(mpl.get_data_path(), "fonts", "ttf")
# Its characters are eleven pixels wide.
_SIZE: Final = 18.27
_CELL: Final = (11, 22)
_BAR: Final = 40
_GROUND, _BAR_GROUND, _TEXT, _QUIET = "#11151c", "#1c2330", "#d6dde8", "#8a97a8"
_COLOURS: Final = {
    "black": "#3b4454",
    "red": "#ff7b72",
    "green": "#6fd08c",
    "brown": "#e3b341",
    "blue": "#79b0ff",
    "magenta": "#d2a8ff",
    "cyan": "#5ed3e0",
    "white": "#d6dde8",
}
_BRIGHT: Final = "bright"
_TITLE_SIZE, _LINE_SIZE, _CAPTION_SIZE, _BAR_SIZE = 52, 25, 26, 17
_LINE_HEIGHT: Final = 44


def terminal_picture(lines: list[tuple[Cell, ...]], title: str, clock: str) -> Image.Image:
    """
    A terminal below a bar.

    Args:
        lines: As many as fit, of as many cells.
        title: At the left of the bar.
        clock: At its right.
    """
    picture = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, WIDTH, _BAR), fill=_BAR_GROUND)
    font = _font("DejaVuSans.ttf", _BAR_SIZE)
    draw.text((16, _BAR / 2), title, fill=_TEXT, font=font, anchor="lm")
    draw.text((WIDTH - 16, _BAR / 2), clock, fill=_QUIET, font=font, anchor="rm")
    columns = max(map(len, lines), default=0)
    left, top = (WIDTH - columns * _CELL[0]) // 2, _BAR + (HEIGHT - _BAR - len(lines) * _CELL[1]) // 2
    for row, line in enumerate(lines):
        picture.paste(_line(line), (left, top + row * _CELL[1]))
    return picture


@lru_cache(maxsize=500)
def _line(cells: tuple[Cell, ...]) -> Image.Image:
    picture = Image.new("RGB", (len(cells) * _CELL[0], _CELL[1]), _GROUND)
    draw = ImageDraw.Draw(picture)
    for column, cell in enumerate(cells):
        x = column * _CELL[0]
        if cell.ground != DEFAULT:
            draw.rectangle((x, 0, x + _CELL[0] - 1, _CELL[1]), fill=_colour(cell.ground, _GROUND))
        if cell.text.strip():
            colour = _colour(cell.colour, _GROUND if cell.ground != DEFAULT else _TEXT)
            draw.text((x, _CELL[1] - 6), cell.text, fill=colour, font=_cell_font(cell), anchor="ls")
    return picture


def _colour(name: str, default: str) -> str:
    if name == DEFAULT:
        return default
    return _COLOURS.get(name.removeprefix(_BRIGHT)) or f"#{name}"


def _cell_font(cell: Cell) -> FreeTypeFont:
    # The one of fixed width lacks what turns while one waits.
    if "\u2800" <= cell.text < "\u2900":
        return _font("DejaVuSans.ttf", _SIZE)
    return _font("DejaVuSansMono-Bold.ttf" if cell.is_bold else "DejaVuSansMono.ttf", _SIZE)


@lru_cache
def _font(name: str, size: float) -> FreeTypeFont:
    return ImageFont.truetype(_FONTS / name, size)


def title_picture(title: str, *lines: str) -> Image.Image:
    """A few words that part what comes before from what comes next."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    draw = ImageDraw.Draw(picture)
    middle, top = WIDTH / 2, HEIGHT / 2 - len(lines) * _LINE_HEIGHT / 2
    draw.text((middle, top), title, fill=_TEXT, font=_font("DejaVuSans-Bold.ttf", _TITLE_SIZE), anchor="ms")
    for number, line in enumerate(lines):
        place = (middle, top + 30 + (number + 0.5) * _LINE_HEIGHT)
        draw.text(place, line, fill=_QUIET, font=_font("DejaVuSans.ttf", _LINE_SIZE), anchor="mm")
    return picture


def phone_picture(screen: Image.Image, caption: str) -> Image.Image:
    """
    A narrow screen in the middle of a wide picture.

    Args:
        screen: No higher than the film.
        caption: Beside it.
    """
    picture = Image.new("RGB", (WIDTH, HEIGHT), _BAR_GROUND)
    left, top = (WIDTH - screen.width) // 2, (HEIGHT - screen.height) // 2
    picture.paste(screen, (left, top))
    font = _font("DejaVuSans.ttf", _CAPTION_SIZE)
    ImageDraw.Draw(picture).text((left - 40, HEIGHT / 2), caption, fill=_TEXT, font=font, anchor="rm")
    return picture
