"""The report's page in a real browser, light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drift.report.page import render
from tests.browser import SCHEMES, WIDTHS, Browser, opened, take_screenshots
from tests.drift_reports import degraded, hostile, make_report

_PAGES = {"full": make_report, "degraded": degraded, "hostile": hostile}
_OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"
_OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
_GROUND = "return getComputedStyle(document.body).backgroundColor"
# Texts of the same plot whose boxes cross, or that stand out of it.
_CROSSING = """
const faults = [];
for (const svg of document.querySelectorAll('svg')) {
  const frame = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll('text')].map(each => [each.textContent, each.getBoundingClientRect()]);
  boxes.forEach(([name, box], place) => {
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) faults.push(name);
    for (const [other, next] of boxes.slice(place + 1))
      if (box.left < next.right - 1 && next.left < box.right - 1
          && box.top < next.bottom - 2 && next.top < box.bottom - 2)
        faults.push(name + ' / ' + other);
  });
}
return faults
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of several reports."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in _PAGES.items():
        (folder / f"{name}.html").write_text(render(make()), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all of these tests."""
    with opened() as browser:
        yield browser


@pytest.mark.parametrize("width", [360, *WIDTHS.values(), 1400])
@pytest.mark.parametrize("name", _PAGES)
def test_a_page_fits_its_window_and_the_browser_has_no_complaint(
    browser: Browser, folder: Path, name: str, width: int
) -> None:
    browser.show(folder / f"{name}.html", scheme="light", width=width, height=900)
    browser.evaluate(_OPEN_ALL)
    assert browser.evaluate(_OVERFLOW) == 0
    assert browser.evaluate("return document.querySelectorAll('h1').length") == 1
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [360, 1280])
def test_no_texts_of_a_plot_cross(browser: Browser, folder: Path, width: int) -> None:
    browser.show(folder / "full.html", scheme="light", width=width, height=900)
    browser.evaluate(_OPEN_ALL)
    assert browser.evaluate(_CROSSING) == []


def test_a_page_is_light_or_dark_as_its_reader_likes_it(browser: Browser, folder: Path) -> None:
    grounds, pictures = [], []
    for scheme in SCHEMES:
        browser.show(folder / "full.html", scheme=scheme, width=1280, height=900)
        grounds.append(browser.evaluate(_GROUND))
        pictures.append(browser.screenshot())
    assert grounds == ["rgb(255, 255, 255)", "rgb(15, 19, 24)"]
    assert pictures[0] != pictures[1]


def test_screenshots_are_small_enough_for_the_documentation(browser: Browser, folder: Path) -> None:
    written = take_screenshots(folder / "full.html", str(folder / "drift"))
    assert [path.name for path in written] == [
        "drift-light-narrow.png", "drift-light-wide.png", "drift-dark-narrow.png", "drift-dark-wide.png",
    ]  # fmt: skip
    assert all(10_000 < path.stat().st_size < 300_000 for path in written)
