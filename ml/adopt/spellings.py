"""Words and marks that people write where there is no value."""

from __future__ import annotations

from collections.abc import Sequence

MAX_SPELLINGS = 3
# In a column of numbers or times they mean nothing; elsewhere each may be a category.
_FOR_NOTHING = frozenset({
    "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "**", "#", "?", "??", "???", "x", "/", r"\n", "#n/a",
    "#na", "#value!", "#div/0!", "#ref!", "#name?", "#null!", "#num!", "<na>", "n/a", "n.a.", "n.a", "na", "nil",
    "none", "null", "nan", "nat", "missing", "unknown", "unk", "undefined", "not available", "not applicable",
    "no data", "nodata", "(null)", "(none)", "(blank)", "blank", "empty", "void", "tbd", "unbekannt", "k.a.", "k. a.",
    "inconnu", "desconocido",
})  # fmt: skip


def find_spellings(texts: Sequence[tuple[str, int]]) -> dict[str, int]:
    """
    Those of some texts that stand for nothing, if there are few enough different ones to be believed.

    Args:
        texts: Of a column of numbers or times, each with its rows.
    """
    found = {text: count for text, count in texts if text.casefold() in _FOR_NOTHING}
    return found if len(found) <= MAX_SPELLINGS else {}
