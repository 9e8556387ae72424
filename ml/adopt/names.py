"""What a column's name says, and whether callers can send a field of that name."""

from __future__ import annotations

import re

from core.contract import MAX_NAME_LENGTH
from ml.dataset import RESERVED_PREFIX, is_pattern

_WORDS = re.compile(r"[^\W_]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ID_WORDS = ("id", "uuid", "guid", "key", "no", "nr", "number", "index", "idx", "rowid", "code", "ref", "unnamed")


def words(name: str) -> list[str]:
    """The words of a column's name, in small letters: customerId and CUSTOMER_ID are both customer, id."""
    return [word.lower() for word in _WORDS.findall(_HUMPS.sub(" ", name))]


def says_identifier(name: str) -> bool:
    """Whether a name says that a column identifies; that alone decides nothing."""
    parts = words(name)
    return bool(parts) and bool({parts[0], parts[-1]} & set(_ID_WORDS))


def name_problem(name: str) -> str | None:
    """Why a column cannot be a field of a request, in a sentence; None if it can."""
    if not name or not name.isprintable() or name != name.strip() or len(name) > MAX_NAME_LENGTH:
        return f"Its name cannot be a field of a request (1 to {MAX_NAME_LENGTH} printable characters): rename it."
    if is_pattern(name):
        return "Its name is a pattern for what reads tables: rename it."
    if name.startswith(RESERVED_PREFIX):
        return f"Names that begin with {RESERVED_PREFIX!r} are reserved: rename it."
    return None
