"""Names, numbers and shares as they stand in sentences."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

_FEWEST_DIGITS, _MOST_DIGITS, _LONGEST = 3, 7, 13
# From here on commas help nobody.
_LONG: Final = 1e10


def number(value: float, digits: int = _FEWEST_DIGITS) -> str:
    """A number to so many significant digits; of a thousand or more all digits before the point."""
    rounded = abs(float(f"{value:.{digits}g}"))
    if 1000 <= rounded < _LONG:
        return f"{value:,.{max(digits - len(str(int(rounded))), 0)}f}"
    return f"{value + 0.0:.{digits}g}"


def numbers(values: Sequence[float]) -> list[str]:
    """
    Numbers in as few digits as tell them apart; those that seven do not are counted, as in "1 #2".

    Args:
        values: Distinct, up to 99 of them.

    Returns:
        Distinct texts of up to 13 signs.
    """
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS + 1):
        told = [number(value, digits) for value in values]
        if len(set(told)) == len(told) and max(map(len, told), default=0) <= _LONGEST:
            return told
    return [f"{value + 0.0:.2g} #{place}" for place, value in enumerate(values, start=1)]


def percent(share: float) -> str:
    """A share in [0, 1]; what is not quite nothing or all does not look as if it were."""
    value = 100 * share
    if 0 < value < 0.01:
        return "under 0.01 %"
    if 99.9 < value < 100:
        return "over 99.9 %"
    return f"{value:.2g} %" if value < 1 else f"{value:.3g} %"


def code(name: str) -> str:
    """A name in Markdown's backticks, none of which it may hold itself."""
    return f"`{name.replace('`', chr(39))}`"


def explaining(column: str) -> str:
    """What `python -m drift` takes to explain a column, as it can be pasted into a shell and stands in backticks."""
    return f"explain {'-- ' if column.startswith('-') else ''}{_quoted(column)}"


def _quoted(text: str) -> str:
    if "`" not in text:
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("`", "\\x60")
    return f"$'{escaped}'"
