"""The figures of the report are those of the documents that they come from."""

from __future__ import annotations

import re

import pytest

from tests.commands import ROOT

REPORT = ROOT / "docs/report.md"
_LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
_NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
# Numbers that are words: of a percentile, of a share.
_WORDS = re.compile(r"p\d+|`[^`]*`")


def rows() -> list[tuple[str, str]]:
    """Every row of a table whose last column says where its figures come from, with that document."""
    found, is_sourced = [], False
    for line in REPORT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            is_sourced = False
        elif cells[-1] == "from":
            is_sourced = True
        elif is_sourced and not set(line) <= set("|-"):
            (document,) = _LINK.findall(cells[-1])
            found.append((" | ".join(cells[1:-1]), document))
    return found


@pytest.mark.parametrize(("said", "document"), rows(), ids=range(len(rows())))
def test_every_figure_stands_in_the_document_it_comes_from(said: str, document: str) -> None:
    text = (REPORT.parent / document).read_text()
    numbers = _NUMBER.findall(_WORDS.sub(" ", said))
    assert numbers
    missing = [number for number in numbers if not re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d]|[.,]\d)", text)]
    assert missing == [], document


def test_it_is_three_to_five_pages() -> None:
    # Some 500 words a page.
    assert 1_300 <= len(REPORT.read_text().split()) <= 2_600
