"""Ways of writing dates and times, and which of them a column keeps to."""

from __future__ import annotations

import re
from itertools import product

import polars as pl

from ml.times import read_times

_DATES = (
    "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
    "%b %d %Y", "%d%b%Y",
)  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", ":%H:%M:%S")
FORMS = ("", *("".join(each) for each in product(_DATES, _CLOCKS)), "%Y-%m-%d %I:%M:%S %p", "%a %b %d %H:%M:%S %Y")
_LIKE_A_TIME = re.compile(r".*\d.*[-/. :,\dA-Za-z].*\d.*", re.DOTALL)
_LIKE_A_NAME = re.compile(r"(?:.*[\W_])?(?:time|date|timestamp|ts|epoch|at|on|when)(?:[\W_].*)?", re.IGNORECASE)
# Seconds since 1970 in the years 1990 to 2100.
_SECONDS = (631_152_000, 4_102_444_800)


def time_forms(name: str, texts: pl.Series) -> list[str]:
    """
    The forms by which nearly all texts read as times; those that exchange day and month beside each other.

    Args:
        name: Of the column. Only where it speaks of time, numbers may be times since 1970.
        texts: Different values of it, without those for nothing.
    """
    some = texts.head(300)
    if not len(some):
        return []
    enough = 0.9 * len(some)
    unix = _unix_form(name, some)
    if unix:
        return [unix]
    if sum(bool(_LIKE_A_TIME.fullmatch(text)) for text in some) < enough:
        return []
    found = []
    for form in FORMS:
        if read_times(some, form).is_not_null().sum() >= enough and _is_plausible(form, some):
            found.append(form)
        if found == [""]:
            break
    return found


def _unix_form(name: str, texts: pl.Series) -> str:
    numbers = texts.cast(pl.Float64, strict=False)
    if not _LIKE_A_NAME.fullmatch(name) or numbers.null_count():
        return ""
    for form, scale in (("unix", 1), ("unix ms", 1000)):
        if numbers.is_between(_SECONDS[0] * scale, _SECONDS[1] * scale).all():
            return form
    return ""


def _is_plausible(form: str, texts: pl.Series) -> bool:
    """Whether numbers of eight digits begin with years of our time, and years of two digits have two."""
    if form.startswith("%Y%m%d"):
        return bool(texts.str.contains(r"^(?:19|20)\d\d").all())
    return "%y" not in form or bool(texts.str.contains(r"[./-]\d\d(?:[ T:]|$)").all())
