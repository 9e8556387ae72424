"""Numbers and values as a sentence has them."""

from __future__ import annotations

from collections.abc import Sequence


def number(value: float) -> str:
    """A number as a person writes it: 1,200 or 0.25."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.6g}"


def percent(part: int, whole: int) -> str:
    """A share; one that is neither nothing nor all never reads as 0 or 100 %."""
    share = 100 * part / max(whole, 1)
    if 0 < share < 0.1:
        return "less than 0.1 %"
    if 99.9 < share < 100:
        return "more than 99.9 %"
    return f"{share:.1f} %" if share < 10 and share != int(share) else f"{share:.0f} %"


def rows(count: int, whole: int) -> str:
    """So many rows of a table, and which share that is."""
    return f"{count:,} of {whole:,} rows ({percent(count, whole)})"


def quoted(values: Sequence[str], most: int = 5) -> str:
    """The first few values, as a person sees where each begins and ends."""
    shown = ", ".join(repr(value if len(value) <= 40 else f"{value[:37]}...") for value in values[:most])
    return shown + (f" and {len(values) - most:,} more" if len(values) > most else "")
