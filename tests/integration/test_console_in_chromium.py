"""The console in a real browser: for whoever sees, reads it out, types, or has no JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import structlog

from app.keys import Scope, new_key
from tests.browser import SCHEMES, WIDTHS, Browser, opened
from tests.busy_service import ask, decided_experiment, fill, hostile_contract, on_loopback, publish
from tests.drift_reports import hostile as hostile_report

KEY, ENTRY = new_key("owner", Scope)
_OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true })"
_OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
_SENT = """
return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .map((each) => [new URL(each.name).pathname, each.transferSize])
"""
_FOCUSED = "const found = document.activeElement; return found.getAttribute('href') || found.id || found.tagName"
_IS_OPEN = "return document.getElementById('traffic') !== null"
_GROUND = "return getComputedStyle(document.body).backgroundColor"
_MOST_BYTES = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """
    The addresses of services.

    Attributes:
        full: Much has happened.
        new: Nothing has.
        away: Neither store nor ledger can be read.
        keyed: Keys are needed, the model is shown to everybody.
        private: Nothing is shown to anybody without a key.
        hostile: Every name is a script.
    """

    full: str
    new: str
    away: str
    keyed: str
    private: str
    hostile: str


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """All of them, on the loopback interface."""
    homes = {name: publish(tmp_path_factory.mktemp(name)) for name in ("full", "new", "away")}
    hostile = publish(tmp_path_factory.mktemp("hostile"), hostile_contract()).app()
    fill(hostile, hostile_report(), decided_experiment())
    full = homes["full"].app()
    fill(full)
    ask(full)
    (homes["away"].path / "ledger.jsonl").write_text("no JSON\n")
    apps = {
        "full": full,
        "new": homes["new"].app(),
        "away": homes["away"].app(DATABASE_URL="postgresql://me:secret@127.0.0.1:1/journal"),
        "keyed": homes["full"].app(API_KEYS=str(ENTRY)),
        "private": homes["full"].app(API_KEYS=str(ENTRY), PUBLIC_DOCS="no"),
        "hostile": hostile,
    }
    with ExitStack() as stack:
        yield Services(**{name: stack.enter_context(on_loopback(app)) for name, app in apps.items()})
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all of these tests."""
    with opened() as browser:
        yield browser


def _refused(browser: Browser, services: Services) -> None:
    browser.type("#unlock", "wrong")
    browser.click("#now button")
    browser.wait_until("return document.getElementById('unlock-problem') !== null")


def _unlocked(browser: Browser, services: Services) -> None:
    browser.type("#key", KEY)
    browser.click("form button")
    browser.wait_until(_IS_OPEN)


def _answered(browser: Browser, services: Services) -> None:
    browser.click("#try button")
    browser.wait_until("return document.activeElement.id === 'answer'")


def _wrong(browser: Browser, services: Services) -> None:
    # What the browser itself would not send.
    browser.evaluate("document.getElementById('try').noValidate = true")
    browser.evaluate("document.querySelectorAll('#try input').forEach((each) => { each.value = '900' })")
    _answered(browser, services)


# What is looked at: whose page, and what is done there before.
PAGES: dict[str, tuple[str, Callable[[Browser, Services], None] | None]] = {
    "full": ("full", None),
    "new": ("new", None),
    "away": ("away", None),
    "stranger": ("keyed", None),
    "refused": ("keyed", _refused),
    "locked": ("private", None),
    "unlocked": ("private", _unlocked),
    "answer": ("full", _answered),
    "wrong": ("full", _wrong),
    "hostile": ("hostile", None),
}


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_wrong_the_page_fits_and_the_browser_has_no_complaint(
    browser: Browser, services: Services, name: str
) -> None:
    service, act = PAGES[name]
    looks = [(scheme, width) for scheme in SCHEMES for width in WIDTHS]
    # One of each is enough where colours and widths are those of the full page.
    for scheme, width in looks if name == "full" else (looks[1], looks[2]):
        browser.show(f"{getattr(services, service)}/", scheme=scheme, width=WIDTHS[width], height=900)
        if act:
            act(browser, services)
        browser.evaluate(_OPEN_ALL)
        assert browser.audit() == []
        assert browser.evaluate(_OVERFLOW) == 0
        # A status that says no is told on the console too.
        assert [each for each in browser.complaints() if "status of 4" not in each] == []


def test_axe_finds_what_is_wrong(browser: Browser, services: Services) -> None:
    browser.show(f"{services.full}/", scheme="dark", width=390, height=900)
    browser.evaluate("document.querySelector('h1').innerHTML = '<img src=\"data:,\">'")
    browser.evaluate("document.querySelector('.good').classList.replace('good', 'hint')")
    browser.evaluate("document.documentElement.style.setProperty('--quiet', '#222')")
    found = browser.audit()
    assert {each.partition(" ")[0] for each in found} >= {"image-alt", "color-contrast"}


def test_the_page_is_light_or_dark_as_its_reader_likes_it(browser: Browser, services: Services) -> None:
    grounds = []
    for scheme in SCHEMES:
        browser.show(f"{services.full}/", scheme=scheme, width=1280, height=900)
        grounds.append(browser.evaluate(_GROUND))
    assert grounds == ["rgb(255, 255, 255)", "rgb(15, 19, 24)"]


def test_the_first_load_is_less_than_100_kb(browser: Browser, services: Services) -> None:
    browser.show(f"{services.full}/", scheme="light", width=1280, height=900)
    browser.wait_until("return document.readyState === 'complete'")
    sent = dict(browser.evaluate(_SENT))
    assert set(sent) == {"/", "/console/console.css", "/console/console.js"}
    assert 1000 < sum(sent.values()) < _MOST_BYTES
    assert min(sent.values()) > 0


def test_the_keyboard_reaches_every_part_and_what_has_the_focus_is_seen(browser: Browser, services: Services) -> None:
    browser.show(f"{services.full}/", scheme="light", width=1280, height=900)
    reached = []
    for _ in range(12):
        browser.press("Tab")
        reached.append(browser.evaluate(_FOCUSED))
        outline = "return getComputedStyle(document.activeElement).outlineStyle"
        assert browser.evaluate(outline) != "none"
    assert reached[:2] == ["#drift", "#quality"]
    assert {"#traffic", "#experiment", "#deployments", "#model", "#trying"} <= set(reached)


def test_without_javascript_everything_is_there_and_the_form_works(browser: Browser, services: Services) -> None:
    browser.run_scripts(are_run=False)
    try:
        browser.show(f"{services.keyed}/", scheme="light", width=1280, height=900)
        browser.type("#unlock", KEY)
        browser.click("#now button")
        browser.wait_until(_IS_OPEN)
        text = str(browser.evaluate("return document.body.innerText"))
        browser.show(f"{services.full}/", scheme="light", width=1280, height=900)
        browser.click("#try button")
        browser.wait_until("return location.pathname === '/try' && document.readyState === 'complete'")
        shown = str(browser.evaluate("return document.querySelector('#answer').innerText"))
        address = browser.evaluate("return location.pathname + location.hash")
    finally:
        browser.run_scripts(are_run=True)
    assert "requests with" in text
    assert "is absent from every row" in text
    assert "model-v1.1.0 answers 50" in text
    assert "churn: yes" in shown
    # A page of its own.
    assert address == "/try#answer"


def test_with_javascript_the_page_stays_where_it_is_and_keeps_the_key(browser: Browser, services: Services) -> None:
    browser.show(f"{services.keyed}/", scheme="light", width=390, height=900)
    browser.type("#key", KEY)
    _answered(browser, services)
    assert browser.evaluate("return location.pathname") == "/"
    assert browser.evaluate("return document.querySelector('#key').value.length") == len(KEY)
    assert "churn: yes" in str(browser.evaluate("return document.querySelector('#answer').innerText"))


def test_a_wrong_key_is_sent_once_where_it_leads_to_another_page(browser: Browser, services: Services) -> None:
    browser.show(f"{services.private}/", scheme="light", width=1280, height=900)
    _unlocked(browser, services)
    browser.type("#key", "wrong")
    browser.click("#try button")
    browser.wait_until("return document.getElementById('traffic') === null && document.getElementById('key') !== null")
    # Sent anew by the browser, it would have led there.
    assert browser.evaluate("return location.pathname") == "/"
