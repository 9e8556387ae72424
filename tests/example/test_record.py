"""A recording and a page become a film that plays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from demo.recording.__main__ import main
from demo.recording.cast import Cast, Output
from demo.recording.editing import add_cast, add_title
from demo.recording.film import HEIGHT, RATE, WIDTH, Film
from demo.recording.painting import terminal_picture
from demo.recording.terminal import Terminal
from demo.recording.touring import add_tour
from demo.stage import StageError
from tests import browser
from tests.commands import ROOT
from tests.loopback import Answer, Asked, answering
from tests.needs import lacking

Frame = NDArray[np.uint8]
# A line a second, and one that turns meanwhile.
CAST = Cast(
    columns=60,
    rows=10,
    outputs=tuple(Output(at=n / 2, text=f"\r\x1b[2K\x1b[31mline {n}\x1b[0m\r\n⠋ working") for n in range(20)),
)
ANSWERED = '<p class="headline">yes</p>'
PAGE = """<!doctype html><meta name="viewport" content="width=device-width">
<style>body { margin: 0; background: rgb(255, 255, 255); } h2 { margin: 0 0 600px; }
@media (prefers-color-scheme: dark) { body { background: rgb(0, 0, 0); color: white; } }</style>
<h2 id="one">One</h2><h2 id="two">Two</h2><div id="answer">ANSWER</div>
<form id="try" method="post" action="/try#answer"><input name="value.dep_delay" value="13"></form>
<section id="programs">curl</section>"""


def reply(asked: Asked) -> Answer:
    page = PAGE.replace("ANSWER", ANSWERED if asked.method == "POST" else "")
    return Answer(body=page.encode(), headers={"Content-Type": "text/html"})


def frames(path: Path) -> list[Frame]:
    """A frame of each second."""
    with av.open(str(path)) as container:
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [frame.astype(np.uint8) for frame in found[::RATE]]


def is_ground(frame: Frame, colour: int) -> bool:
    """Whether the right edge, where nothing is written, is white or black."""
    return bool((np.abs(frame[HEIGHT // 2, -40:].astype(int) - colour) < 8).all())


def test_a_recording_becomes_a_film_that_plays(tmp_path: Path) -> None:
    path, told = tmp_path / "film.mp4", list[str]()
    with Film(path) as film:
        add_title(film, "A title", "and a line")
        add_cast(film, CAST, "a command", length_s=10, tell=told.append)
    title, *seconds = frames(path)[3:]
    assert title.shape == (HEIGHT, WIDTH, 3)
    assert len(seconds) + 3 == pytest.approx(film.length_s, abs=1)
    assert 14 < film.length_s < 18
    assert not np.array_equal(title, seconds[1])
    # Red, the colour of the lines, becomes more from second to second.
    reds = [int(((each[:, :, 0].astype(int) - each[:, :, 2]) > 60).sum()) for each in seconds[1:6]]
    assert reds == sorted(reds)
    assert reds[0] < reds[-1]
    assert told[-1] == "Drawing the terminal, 100 %"


def test_a_tour_shows_the_page_light_and_dark_wide_and_on_a_phone_with_an_answer(tmp_path: Path) -> None:
    if not browser.is_here():
        lacking("there is no Chromium", "apt-get install chromium-driver")
    path, told = tmp_path / "film.mp4", list[str]()
    with answering(reply) as server, Film(path) as film:
        add_tour(film, server.url, told.append)
    seconds = frames(path)
    assert 60 < film.length_s < 100
    assert [is_ground(seconds[0], 255), is_ground(seconds[-1], 255)] == [True, False]
    assert sum(is_ground(each, 0) for each in seconds) > 8
    assert told == [
        "The console, section by section",
        "A row in its form",
        "The console in the dark",
        "The console on a phone",
    ]
    (sent,) = [asked for asked in server.asked if asked.method == "POST"]
    assert sent.body == b"value.dep_delay=2"


def test_a_page_that_gives_no_answer_is_said_so(tmp_path: Path) -> None:
    if not browser.is_here():
        lacking("there is no Chromium", "apt-get install chromium-driver")
    page = Answer(body=b"<h2 id=one>One</h2>")
    with (
        answering(lambda _: page) as server,
        Film(tmp_path / "film.mp4") as film,
        pytest.raises(StageError, match="the browser does not do its part"),
    ):
        add_tour(film, server.url, print)


def test_colours_bold_and_what_is_not_in_the_font_are_drawn() -> None:
    pictures = []
    for text in (
        "plain",
        "\x1b[1mplain",
        "\x1b[31mplain",
        "\x1b[41mplain",
        "\x1b[7mplain",
        "\x1b[38;5;208mplain",
        "⠋ ✓ ▲",
    ):
        terminal = Terminal(20, 2)
        terminal.feed(text)
        pictures.append(terminal_picture(terminal.lines(), "", "").tobytes())
    assert len(set(pictures)) == len(pictures)


def test_without_chromium_it_says_so_before_it_does_anything(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo.recording", "--to", str(tmp_path / "film.mp4")]
    environment = os.environ | {"PATH": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: the film needs Chromium and its driver; apt-get install chromium-driver\n"


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    if not browser.is_here():
        lacking("there is no Chromium", "apt-get install chromium-driver")
    done = CliRunner().invoke(main, ["--from", str(tmp_path / "gone.cast")])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("gone.cast cannot be read (No such file or directory)\n")


def test_help_says_how_long_it_takes_and_what_it_needs() -> None:
    said = " ".join(CliRunner().invoke(main, ["--help"]).stdout.split())
    for words in ("about six minutes", "--from FILE.cast", "chromium-driver", "docs/demo.mp4"):
        assert words in said
