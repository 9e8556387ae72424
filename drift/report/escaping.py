"""Text from outside as Markdown that shows it and does nothing else: no link, mention, reference or comment."""

from __future__ import annotations

import re
from typing import Final

from drift.report.wording import NAME_LENGTH, TEXT_LENGTH, plain

# GitHub looks for these in text that is rendered already, so a backslash does not keep it from them.
_LINKED: Final = re.compile(r"(@|#|\bGH-|://|\bwww\.)")
_ACTIVE: Final = re.compile(r"([\\`*_{}\[\]<>#!~$&])")
# Ends what it stands in without being seen.
_BREAK: Final = "\u2060"


def code(name: str, length: int = NAME_LENGTH) -> str:
    """
    A name as code, which GitHub shows as it is.

    A comment could pass for a hidden marker, and a backslash before a bar for the end of a cell; both are broken up.
    """
    text = plain(name, length)
    for whole, broken in (("<!--", "<! --"), ("-->", "-- >"), ("\\|", "\\ |")):
        text = text.replace(whole, broken)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}" if text else "` `"


def prose(text: str, length: int = TEXT_LENGTH) -> str:
    """
    A sentence; what stands between a pair of backticks is code.

    In a table, `core.summary.table` sees to the bars.
    """
    parts = plain(text, length).split("`")
    if len(parts) % 2 == 0:
        return _escaped("`".join(parts))
    return "".join(code(part, length) if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    broken = _LINKED.sub(lambda found: f"{found[1]}{_BREAK}" if found[1] != "://" else f":{_BREAK}//", text)
    return _ACTIVE.sub(r"\\\1", broken)
