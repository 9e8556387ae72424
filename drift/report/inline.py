"""Makes matplotlib's SVG part of a page: the page's colours and font, identifiers of its own, a name for readers."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

# Colours that matplotlib draws with and the page then chooses, light or dark.
INK, MUTED, ACCENT, BAND, LIMIT, GRID = "#010203", "#010204", "#010205", "#010206", "#010207", "#010208"
_VARIABLES: Final = {
    INK: "var(--plot-ink)",
    MUTED: "var(--plot-reference)",
    ACCENT: "var(--plot-window)",
    BAND: "var(--plot-band)",
    LIMIT: "var(--plot-limit)",
    GRID: "var(--plot-grid)",
}
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}\b")
_FONT: Final = re.compile(r"font-family: [^;]*(?:; )?")
_REFERENCE: Final = re.compile(r"#([\w-]+)")
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_DROPPED: Final = ("metadata", "style")


def inline(svg: str, *, key: str, title: str) -> str:
    """
    An SVG document as an element of an HTML page.

    Args:
        svg: As matplotlib writes it, drawn in the colours of this module.
        key: Goes in front of every identifier.
        title: What the plot shows, read to those who do not see it.
    """
    root = ET.fromstring(svg)  # noqa: S314  # matplotlib wrote it
    _drop(root)
    used = {name for element in root.iter() for name in _used(element)}
    names = {name: f"{key}-{place}" for place, name in enumerate(sorted(used))}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        _rename(element, names)
        if "style" in element.attrib:
            element.set("style", themed(element.attrib["style"]))
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": title}
    heading = ET.Element("title")
    heading.text = title
    root.insert(0, heading)
    return ET.tostring(root, encoding="unicode")


def themed(style: str) -> str:
    """A style with the page's variables for colours, and without a font, so that it is the page's."""
    return _FONT.sub("", _COLOUR.sub(lambda found: _VARIABLES.get(found[0], found[0]), style))


def _drop(root: ET.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in _DROPPED:
                parent.remove(child)


def _used(element: ET.Element) -> list[str]:
    values = (element.get(_LINK, ""), element.get("clip-path", ""))
    return [name for value in values for name in _REFERENCE.findall(value)]


def _rename(element: ET.Element, names: dict[str, str]) -> None:
    name = element.attrib.pop("id", None)
    if name in names:
        element.set("id", names[name])
    link = element.attrib.pop(_LINK, None)
    if link is not None:
        element.set("href", f"#{names[link[1:]]}")
    if "clip-path" in element.attrib:
        element.set("clip-path", _REFERENCE.sub(lambda found: f"#{names[found[1]]}", element.attrib["clip-path"]))
