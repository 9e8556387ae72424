"""Text from outside in Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.summary import table
from drift.report.escaping import code, prose
from drift.report.wording import plain
from tests.drift_reports import HOSTILE

_GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_NASTY = st.text(alphabet="ab \\`*_{}[]()<>#+-.!|~@&:/$1\n\u202e\x1b", max_size=40)


def _render(text: str) -> str:
    return str(_GITHUB.render(text))


def _outside_code(page: str) -> str:
    return re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_and_does_nothing(name: str) -> None:
    page = _render(f"The column {code(name)} and {prose(name)}.")
    assert re.findall(r"<(?!/?(?:p|code)>)", page) == []


@pytest.mark.parametrize(
    "name", ["@octocat", "a@b.example", "org/repo#12", "#12", "GH-12", "https://x.example", "www.x.example"]
)
def test_what_github_would_link_is_broken_up(name: str) -> None:
    page = _outside_code(_render(prose(f"see {name} now")))
    assert re.findall(r"@\w|#\d|GH-\d|://\w|www\.\w", page) == []


@given(_NASTY)
def test_no_name_leaves_its_code(name: str) -> None:
    page = _render(f"x {code(name)} y")
    assert page.startswith("<p>x <code>")
    assert page.endswith("</code> y</p>\n")
    assert page.count("<") == 4


@given(_NASTY)
def test_no_sentence_becomes_anything_but_text_and_code(text: str) -> None:
    page = _render(f"x {prose(text)} y")
    assert re.findall(r"<(?!/?(?:p|code)>)", page) == []
    assert page.count("<p>") == 1


@given(_NASTY, _NASTY)
def test_no_text_opens_or_closes_a_comment(name: str, text: str) -> None:
    written = f"{code(name)} {prose(text)}"
    assert "<!--" not in written
    assert "-->" not in re.sub(r"\\.", "", written)


@given(_NASTY.filter(lambda text: plain(text) != ""), _NASTY)
def test_no_text_ends_its_cell(name: str, text: str) -> None:
    line = table(("a", "b", "c"), [(code(name), prose(text), "end")]).splitlines()[-1]
    # As GitHub reads a row: a backslash takes the next sign along.
    assert len(re.findall(r"\|", re.sub(r"\\.", "", line))) == 4


def test_what_stands_between_backticks_is_code() -> None:
    assert prose("run `scripts/drift` now") == "run `scripts/drift` now"
    assert prose("a ` b") == "a \\` b"


def test_nothing_is_an_empty_code() -> None:
    assert code("") == "` `"
