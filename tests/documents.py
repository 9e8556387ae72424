"""Reads the documents: their sections, their blocks of code, and the commands that they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.commands import ROOT

# What the changelog tells was so when it was written. Decisions go on speaking of benches that leave with the shipped
# data; a checkout without them cannot be held to that.
_KEPT = (
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *(ROOT.glob("docs/adr/*.md") if (ROOT / "example").is_dir() else ()),
)
DOCUMENTS = sorted(path for path in _KEPT if path.name != "CHANGELOG.md")
_BLOCK = re.compile(r"^(`{3,})(\w*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_OURS = re.compile(r"(?:[\w./-]*/)?(?:python$|scripts/[a-z]+$)")
_FOREIGN = ("docker", "fly")
_ASSIGNED = re.compile(r"[A-Z_]+=")
_HEAD_OF_TABLE = re.compile(r"^\| `(python -m \w+)` \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """
    What stands under a heading of a document, up to the next.

    Attributes:
        document: Its path from the root, such as `docs/drift.md`.
        title: Its heading; empty above the first.
        text: What it says, without blocks of code.
    """

    document: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}: {self.title}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command as a document shows it, in words."""

    document: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document}: {' '.join(self.words)}"


def name_of(document: Path) -> str:
    """A document's path from the root."""
    return document.relative_to(ROOT).as_posix()


def sections(document: Path) -> list[Section]:
    """A document, cut at its headings."""
    parts = re.split(r"^(?=#{1,3} )", _BLOCK.sub("", document.read_text()), flags=re.MULTILINE)
    cut = [part.partition("\n") if part.startswith("#") else ("", "", part) for part in parts]
    return [Section(document=name_of(document), title=title.lstrip("# "), text=text) for title, _, text in cut]


def blocks(document: Path, *languages: str) -> list[str]:
    """A document's blocks of code in some languages."""
    return [text for _, language, text in _BLOCK.findall(document.read_text()) if language in languages]


def spans(document: Path) -> list[str]:
    """What a document's prose and tables show as code."""
    found: list[str] = _SPAN.findall(_BLOCK.sub("", document.read_text()))
    return found


def commands(document: Path) -> list[Command]:
    """The commands that a document shows: lines of its blocks, what stands in code, and tables of a program's own."""
    lines = [line for block in blocks(document, "sh") for line in _without_continuations(block).splitlines()]
    lines += [line.removeprefix("ExecStart=") for block in blocks(document, "ini") for line in block.splitlines()]
    # What begins as none is a message that names one.
    lines += [span for span in spans(document) if any(_commands_of(span.partition(";")[0]))]
    for program, rows in _HEAD_OF_TABLE.findall(_BLOCK.sub("", document.read_text())):
        lines += [f"{program} {shown}" for shown in re.findall(r"^\| `([^`]+)` \|", rows, re.MULTILINE)]
    return [Command(document=name_of(document), words=words) for line in lines for words in _commands_of(line)]


def _without_continuations(block: str) -> str:
    # A body of JSON goes over several lines, and is a word of its command.
    return re.sub(r"'[^']*'", lambda body: " ".join(body[0].split("\n")), block)


def _commands_of(line: str) -> Iterator[tuple[str, ...]]:
    """The commands of ours, or of a program that a double knows, without what goes before and after them."""
    for words in _split(re.sub(r"\$\([^()]*\)", "VALUE", line)):
        while words and (words[0] == "export" or _ASSIGNED.match(words[0])):
            del words[0]
        # A word alone may be a label, a language or a tool's name.
        if words and (_OURS.match(words[0]) or words[0] in _FOREIGN) and (len(words) > 1 or "/" in words[0]):
            yield tuple(words)


def _split(line: str) -> list[list[str]]:
    """What a shell would run of a line, one after another; nothing of what no shell could read."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="&;|<")
    reader.whitespace_split = True
    try:
        words = list(reader)
    except ValueError:
        return []
    found: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", ";", "|"):
            found.append([])
        # What is read from a file is no argument.
        elif "<" not in found[-1]:
            found[-1].append(word)
    return [each[:-1] if each[-1:] == ["<"] else each for each in found]
