"""What an issue remembers for whoever writes it next, unseen by readers: a document at the end of its body."""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec

from core.documents import Document

D = TypeVar("D", bound=Document)

_HIDDEN: Final = re.compile(r"<!-- slipway:state (.*?) -->")


def hidden(document: Document) -> str:
    """A document as a comment in Markdown, which readers do not see."""
    # In JSON these can only stand in a text, where they may be written so; the comment cannot end before its end, nor
    # call anybody.
    text = msgspec.json.encode(document).decode()
    for sign in "<>@":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f"<!-- slipway:state {text} -->"


def hidden_in(body: str | None, kind: type[D]) -> D | None:
    """The document that a body ends with; None if there is none of this kind, or somebody has broken it."""
    found = _HIDDEN.findall(body or "")
    try:
        return msgspec.json.decode(found[-1], type=kind) if found else None
    except (msgspec.DecodeError, RecursionError):
        return None
