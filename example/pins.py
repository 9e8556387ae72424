"""Requirements files as uv writes them: pinned packages with their hashes, and what each is there for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_START: Final = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_VIA: Final = re.compile(r"^    # via (\S.*)$|^    #   (?!-c )(\S.*)$", re.MULTILINE)


def without(text: str, packages: Iterable[str]) -> tuple[str, set[str]]:
    """
    A requirements file without some packages and all that were there for their sake only.

    Args:
        text: Of the file.
        packages: Names, as the file writes them.

    Returns:
        The text that is left, and the names of what was cut.
    """
    head, *blocks = _START.split(text)
    gone = {_name(block) for block in blocks} & set(packages)
    while further := {_name(block) for block in blocks if _wanted_by(block) and _wanted_by(block) <= gone} - gone:
        gone |= further
    left = [_without_mention(block, gone) for block in blocks if _name(block) not in gone]
    return head + "".join(left), gone


def _name(block: str) -> str:
    found = _NAME.match(block)
    return found.group() if found else ""


def _wanted_by(block: str) -> set[str]:
    return {one or other for one, other in _VIA.findall(block)}


def _without_mention(block: str, gone: set[str]) -> str:
    """A block that no longer says that it is there for what is gone, written as uv writes it."""
    wanted = re.findall(r"^    #   (\S.*)$", block, re.MULTILINE)
    left = [name for name in wanted if name not in gone]
    if left == wanted:
        return block
    pins = block[: block.index("    # via")]
    return pins + (
        f"    # via {left[0]}\n" if len(left) == 1 else "    # via\n" + "".join(f"    #   {n}\n" for n in left)
    )
