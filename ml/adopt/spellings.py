"""Words and marks that people write where there is no value."""

from __future__ import annotations

from collections.abc import Sequence

from ml.adopt.phrases import quoted

MAX_SPELLINGS = 3
# In a column of numbers or times they mean nothing; elsewhere each may be a category.
_FOR_NOTHING = frozenset({
    "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "**", "#", "?", "??", "???", "x", "/", r"\n", "#n/a",
    "#na", "#value!", "#div/0!", "#ref!", "#name?", "#null!", "#num!", "<na>", "n/a", "n.a.", "n.a", "na", "nil",
    "none", "null", "nan", "nat", "missing", "unknown", "unk", "undefined", "not available", "not applicable",
    "no data", "nodata", "(null)", "(none)", "(blank)", "blank", "empty", "void", "tbd", "unbekannt", "k.a.", "k. a.",
    "inconnu", "desconocido",
})  # fmt: skip


def of_look_alikes(name: str, values: Sequence[str]) -> Sequence[str]:
    """
    A remark on values of which a person may mean one: they differ in capital letters or spaces only.

    Args:
        name: Of the column.
        values: Different ones.
    """
    groups: dict[str, list[str]] = {}
    for value in values:
        groups.setdefault(" ".join(value.casefold().split()), []).append(value)
    alike = [sorted(group) for group in groups.values() if len(group) > 1]
    if not alike:
        return ()
    shown = "; ".join(quoted(group) for group in alike[:3])
    remark = (
        f"{quoted([name])} holds values that differ in capital letters or spaces only and are taken for different "
        f"ones: {shown}{' and so on' if len(alike) > 3 else ''}. If they mean the same, write them in one way."
    )
    return (remark,)


def find_spellings(texts: Sequence[tuple[str, int]]) -> dict[str, int]:
    """
    Those of some texts that stand for nothing, if there are few enough different ones to be believed.

    Args:
        texts: Of a column of numbers or times, each with its rows.
    """
    found = {text: count for text, count in texts if text.casefold() in _FOR_NOTHING}
    return found if len(found) <= MAX_SPELLINGS else {}
