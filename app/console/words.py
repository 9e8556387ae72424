"""Numbers, shares, sizes and times as the console writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final

NONE: Final = "\u2013"
# A space that breaks no line.
_GAP: Final = "\u00a0"
_SIZES: Final = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_SPANS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_LONGEST_TEXT: Final = 600


def number(value: float) -> str:
    """A number of six digits, with its thousands apart."""
    if value and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.5g}"
    decimals = max(0, 5 - math.floor(math.log10(abs(value)))) if value else 0
    # Without the sign of a zero.
    text = f"{value + 0.0:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def brief(value: float | None) -> str:
    """A number of three digits."""
    return NONE if value is None or not math.isfinite(value) else number(float(f"{value:.3g}"))


def with_unit(text: str, unit: str) -> str:
    """A number with its unit, if it has one."""
    return f"{text} {unit}" if unit else text


def counted(count: float, thing: str) -> str:
    """So many of something, as in 1 row and 2,000 rows."""
    # A whole number may be larger than any float.
    shown = f"{count:,}" if isinstance(count, int) else f"{count:,.0f}"
    return f"{shown} {thing}{'' if count == 1 else 's'}"


def share(value: float) -> str:
    """A share in [0, 1] in per cent; what is not quite nothing or all does not look as if it were."""
    if 0 < value < 0.0001:
        return f"<0.01{_GAP}%"
    if 0.999 < value < 1:
        return f">99.9{_GAP}%"
    return f"{100 * value:.3g}{_GAP}%" if value < 0.9995 else f"{100 * value:.0f}{_GAP}%"


def size(of_bytes: float) -> str:
    """Bytes, as in 1.2 MB."""
    for unit, name in _SIZES:
        if of_bytes >= unit:
            return f"{brief(of_bytes / unit)}{_GAP}{name}"
    return f"{of_bytes:.0f}{_GAP}B"


def seconds(value: float) -> str:
    """A short time, as in 2 ms and 2.5 s."""
    return f"{brief(value)}{_GAP}s" if value >= 1 else f"{brief(1000 * value)}{_GAP}ms"


def span(length: timedelta) -> str:
    """A long time in its largest unit, as in 3 h."""
    whole = max(0, int(length.total_seconds()))
    for unit, name in _SPANS:
        if whole >= unit:
            return f"{whole // unit}{_GAP}{name}"
    return "less than a minute"


def moment(at: datetime) -> str:
    """A minute in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ago(at: datetime, now: datetime) -> str:
    """A minute, and how long ago that is."""
    return f"{moment(at)} ({span(now - at)} ago)"


def plain(text: str, length: int = _LONGEST_TEXT) -> str:
    """Text from outside on one line, without characters that steer a reader's eye, and not too long."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
