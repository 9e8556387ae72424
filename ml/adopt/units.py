"""What is written beside every number of a column."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from ml.datasets.form import TableForm
from ml.datasets.numbers import normal

_CODES = frozenset({
    "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "BRL", "MXN", "ZAR", "TRY", "Rs", "Rs.", "kr",
})  # fmt: skip
_BESIDE = re.compile(
    r"[(+-]*\s*([^\d\s.,'()+-][^\d\s,'()+-]{0,3})?\s*[+-]?\s*[\d.,' ]*\d(?:[.,](?!\d))?\s*(.{0,10}?)\s*\)?"
)
_AFTER = re.compile(r"[^\W\d_][^\W\d_./²³]{0,7}[²³23]?(?:/[^\W\d_]{1,4}[²³]?)?|[%‰°\"″][^\W\d_]?|[^\w\s.,'()+-]{1,2}")


def find_unit(texts: Iterable[str], form: TableForm) -> str:
    """
    The unit of a column: what stands before or after more than half of its numbers, and is fit to.

    Before a number only a currency is taken for one: A12 is a name. After it, a word or mark of up to eight characters.

    Args:
        texts: Different values of the column.
        form: How numbers are written.
    """
    found: Counter[str] = Counter()
    for text in texts:
        match = _BESIDE.fullmatch(normal(text).strip())
        found[_unit(match[1] or "", match[2]) if match else ""] += 1
    unit, count = max(found.items(), key=lambda each: (each[0] != "", each[1], each[0]), default=("", 0))
    return unit if unit != form.decimal and count * 2 > found.total() else ""


def _unit(before: str, after: str) -> str:
    if before and after:
        return ""
    if before:
        return before if before in _CODES or any(unicodedata.category(mark) == "Sc" for mark in before) else ""
    return after if _AFTER.fullmatch(after) else ""
