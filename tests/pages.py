"""Pages as a browser takes them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

from werkzeug.test import TestResponse

# Elements that have no end.
_VOID: Final = {"meta", "link", "input", "br", "path", "use", "rect"}


class Elements(HTMLParser):
    """What a page consists of; fails where an element is closed that is not open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words = f"{self.words} {data}"

    def all(self, *names: str) -> list[dict[str, str | None]]:
        """The attributes of each element of these names."""
        return [attributes for name, attributes in self.elements if name in names]


class Seen(Elements):
    """A page with a form."""

    def filled(self) -> dict[str, str]:
        """What a browser would send for the form as it stands, but for choices."""
        return {str(each["name"]): str(each.get("value", "")) for each in self.all("input")}


def seen(answer: TestResponse) -> Seen:
    assert answer.content_type == "text/html; charset=utf-8"
    return Seen(answer.text)


def words(answer: TestResponse) -> str:
    return " ".join(seen(answer).words.split())
