"""SVG as a part of a page."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from drift.report.inline import ACCENT, BAND, GRID, INK, LIMIT, MUTED, inline, themed

_SVG = f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10pt" height="5pt"
 viewBox="0 0 10 5" version="1.1"><metadata>made by</metadata><defs><style type="text/css">*{{}}</style></defs>
 <g id="figure_1"><defs><path id="m1" d="M 0 0"/></defs><use xlink:href="#m1" style="fill: {ACCENT}"/>
 <g clip-path="url(#p2)"><text style="font-size: 9px; font-family: 'A', serif; fill: {INK}">{INK} url(#p2)</text>
 </g></g>
 <defs><clipPath id="p2"><rect/></clipPath></defs></svg>"""


def _inline(key: str = "k") -> ET.Element:
    return ET.fromstring(inline(_SVG, key=key, title="A <title>"))  # noqa: S314  # our own


def test_colours_become_the_page_s() -> None:
    assert themed(f"fill: {ACCENT}; stroke: {MUTED}") == "fill: var(--plot-window); stroke: var(--plot-reference)"


def test_every_colour_has_a_variable_of_its_own() -> None:
    assert len({themed(colour) for colour in (INK, MUTED, ACCENT, BAND, LIMIT, GRID)}) == 6


def test_other_colours_stay() -> None:
    assert themed("fill: #ffffff") == "fill: #ffffff"


def test_the_font_is_the_page_s_and_its_size_stays() -> None:
    assert themed("font-size: 9px; font-family: 'A', serif; fill: none") == "font-size: 9px; fill: none"


def test_a_text_is_not_taken_for_a_colour_or_a_reference() -> None:
    assert _inline().find(".//text").text == f"{INK} url(#p2)"  # type: ignore[union-attr]


def test_it_has_a_name_for_those_who_do_not_see_it() -> None:
    root = _inline()
    assert (root.get("role"), root.get("aria-label"), root[0].tag, root[0].text) == (
        "img", "A <title>", "title", "A <title>",
    )  # fmt: skip


def test_identifiers_that_nothing_uses_are_dropped_and_the_others_are_its_own() -> None:
    root = _inline("other")
    assert [element.get("id") for element in root.iter() if "id" in element.attrib] == ["other-0", "other-1"]
    assert root.find(".//use").get("href") == "#other-0"  # type: ignore[union-attr]
    assert root.find(".//*[@clip-path]").get("clip-path") == "url(#other-1)"  # type: ignore[union-attr]


def test_it_takes_the_page_s_width_and_says_nothing_of_its_maker() -> None:
    root = _inline()
    assert root.get("width") is None
    assert root.get("viewBox") == "0 0 10 5"
    assert root.find(".//metadata") is None
    assert root.find(".//style") is None
