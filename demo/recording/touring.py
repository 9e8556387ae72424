"""Takes a browser through the console, and every step of it into the film."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any, Final

from PIL import Image

from demo.recording.film import HEIGHT, RATE, WIDTH, Film
from demo.recording.painting import phone_picture
from demo.recording.tour import Page, Stop, below, glide, glide_s, plan
from demo.stage import StageError
from tests.browser import Browser, is_here

_PHONE_WIDTH, _PHONE_HEIGHT = 390, HEIGHT
_WHOLE_S, _GLANCE_S, _LOOK_S = 38.0, 11.0, 4.0
_SECTIONS_AT_A_GLANCE: Final = 4
_FIELD, _VALUE = "value.dep_delay", "2"
_LAYOUT: Final = """
const top = (element) => element.getBoundingClientRect().top + window.scrollY;
return {headings: [...document.querySelectorAll("h2[id]")].map(top), height: document.documentElement.scrollHeight};
"""
_FILL: Final = f"""
const field = document.getElementsByName({json.dumps(_FIELD)})[0];
field.focus({{preventScroll: true}});
field.value = {json.dumps(_VALUE)};
"""


def require_browser() -> None:
    """
    Raises:
        StageError: if there is no Chromium with its driver.
    """
    if not is_here():
        raise StageError("the film needs Chromium and its driver; apt-get install chromium-driver")


def add_tour(film: Film, url: str, tell: Callable[[str], None]) -> None:
    """
    Show the console from top to bottom, try a row in its form, then look at it in the dark and on a phone.

    Args:
        film: Becomes about 80 seconds longer.
        url: Of a service that lets everybody in.
        tell: Is told what is being looked at.

    Raises:
        StageError: if the browser or the page does not do its part.
    """
    require_browser()
    try:
        with Browser() as browser:
            tell("The console, section by section")
            desk = _View(browser, film, url, scheme="light")
            desk.walk(plan(desk.page(), length_s=_WHOLE_S))
            tell("A row in its form")
            desk.try_a_row()
            tell("The console in the dark")
            dark = _View(browser, film, url, scheme="dark")
            dark.walk(_glance(dark.page()))
            tell("The console on a phone")
            for scheme in ("light", "dark"):
                phone = _View(browser, film, url, scheme=scheme, caption=f"on a phone,\n{scheme}")
                phone.walk(_glance(phone.page()))
    except AssertionError as error:
        raise StageError(f"the browser does not do its part: {error}") from error


def _glance(page: Page) -> list[Stop]:
    first = sorted(page.headings)[:_SECTIONS_AT_A_GLANCE]
    return plan(Page(headings=first, height=page.height, view=page.view), length_s=_GLANCE_S)


class _View:
    """The console in a window, and where in it one is; with a caption it is a phone's."""

    def __init__(self, browser: Browser, film: Film, url: str, *, scheme: str, caption: str = "") -> None:
        self._browser, self._film, self._caption = browser, film, caption
        width, self._height = (_PHONE_WIDTH, _PHONE_HEIGHT) if caption else (WIDTH, HEIGHT)
        browser.show(url, scheme=scheme, width=width, height=self._height)
        self._at = 0.0

    def page(self) -> Page:
        """As it is laid out now."""
        layout: dict[str, Any] = self._browser.evaluate(_LAYOUT)
        return Page(headings=layout["headings"], height=float(layout["height"]), view=float(self._height))

    def walk(self, stops: list[Stop]) -> None:
        """Go from stop to stop."""
        for stop in stops:
            self._go(stop.at, stop.glide_s)
            self._look(stop.hold_s)

    def try_a_row(self) -> None:
        """Change a value in the form, send it, and show the answer and the request for programs."""
        self._go_to(f'[name="{_FIELD}"]', above=HEIGHT // 3)
        self._look(_LOOK_S / 2)
        self._browser.evaluate(_FILL)
        self._look(_LOOK_S / 2)
        self._browser.evaluate('document.getElementById("try").requestSubmit();')
        self._browser.wait_until('return document.querySelector("#answer .headline") !== null;')
        self._at = float(self._browser.evaluate("return window.scrollY;"))
        self._go_to("#answer", above=HEIGHT // 6)
        self._look(_LOOK_S)
        self._go_to("#programs")
        self._look(_LOOK_S)

    def _go_to(self, selector: str, *, above: int = 0) -> None:
        top = self._browser.evaluate(
            f"return document.querySelector({json.dumps(selector)}).getBoundingClientRect().top + window.scrollY;"
        )
        place = below(self.page(), float(top) - above)
        self._go(place, glide_s(place - self._at))

    def _go(self, place: float, seconds: float) -> None:
        for at in glide(self._at, place, round(seconds * RATE)):
            self._browser.evaluate(f'window.scrollTo({{top: {at:.0f}, behavior: "instant"}});')
            self._look(1 / RATE)
        self._at = place

    def _look(self, seconds: float) -> None:
        picture = Image.open(io.BytesIO(self._browser.screenshot())).convert("RGB")
        self._film.show(phone_picture(picture, self._caption) if self._caption else picture, seconds)
