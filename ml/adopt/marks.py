"""Which mark a table writes before the decimals of its numbers, and which between their thousands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ml.columns import MISSING
from ml.datasets.numbers import normal

# A column of numbers may hold so many other things, one in five.
_SHARE = 0.8
_BARE = re.compile(
    r"[(+-]*\s*[^\d\s.,'()+-]{0,4}\s*[+-]?\s*(\d[\d.,' ]*\d|\d|[.,]\d+|\d+[.,])"
    r"(?:[eE][+-]?\d+)?\s*[^\d\s.,'()]{0,8}\s*\)?"
)
_PAIR = re.compile(r"\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*([.,])\d+")
_GROUPED = re.compile(r"\d{1,3}(?:([' ])\d{3})(?:\1\d{3})*|\d{1,3}(?:([.,])\d{3})(?:\2\d{3})+")
_EITHER = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
_DECIMAL = re.compile(r"\d*([.,])\d+")
_OTHER = {".": ",", ",": "."}
_NAMES = {".": "a point", ",": "a comma"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """The two marks, as in `TableForm`, and sentences on what could have been read otherwise."""

    decimal: str
    grouping: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Evidence:
    """
    What the numbers of one column say.

    Attributes:
        name: Of the column.
        decimals: Values by the decimal mark that they can only have.
        groupings: Values by the grouping mark that they can only have.
        either: Values such as 1,234, by their mark.
        is_small: Whether no value without a mark has more than three digits, as if thousands were marked.
    """

    name: str
    decimals: Counter[str]
    groupings: Counter[str]
    either: Counter[str]
    is_small: bool


def find_marks(names: Sequence[str], columns: Sequence[Sequence[str]], delimiter: str) -> Marks:
    """
    The marks that most columns of numbers agree on.

    What no column can tell is a decimal point, and a comma before three digits is a grouping mark; in a file whose
    columns a semicolon parts, it is the other way round.

    Args:
        names: Of the columns.
        columns: Their texts.
        delimiter: Of the file.
    """
    found = [each for name, texts in zip(names, columns, strict=True) if (each := _evidence(name, texts))]
    votes = Counter(each.decimals.most_common(1)[0][0] for each in found if each.decimals)
    either = Counter(mark for each in found for mark in each.either)
    remarks = []
    if votes["."] != votes[","]:
        decimal = max(votes, key=lambda mark: votes[mark])
    elif delimiter == ";" and either:
        decimal = ","
    else:
        decimal = "," if either["."] < either[","] and not _groups(found, ",") else "."
    against = [each.name for each in found if each.decimals and each.decimals[decimal] < each.decimals[_OTHER[decimal]]]
    if against:
        remarks.append(
            f"most columns write decimals after {_NAMES[decimal]}, but {', '.join(map(repr, against))} after "
            f"{_NAMES[_OTHER[decimal]]}"
        )
    grouping = _grouping(found, decimal)
    doubtful = [each.name for each in found if each.either and not each.decimals and not each.groupings]
    mark = next(iter(next(each for each in found if each.name == doubtful[0]).either)) if doubtful else "."
    if doubtful and not votes[decimal] and (mark == "," or delimiter == ";"):
        sense = "between thousands" if mark == grouping else "before decimals"
        remarks.append(
            f"{_NAMES[mark]} in column {doubtful[0]!r} was read as one {sense}, which the file alone cannot tell; "
            "dataset.decimal and dataset.grouping in model.toml say it"
        )
    return Marks(decimal=decimal, grouping=grouping, remarks=tuple(remarks))


def _groups(found: Sequence[_Evidence], mark: str) -> bool:
    return all(each.is_small for each in found if each.either[mark])


def _grouping(found: Sequence[_Evidence], decimal: str) -> str:
    certain = Counter(mark for each in found for mark in each.groupings if mark != decimal)
    if certain:
        return certain.most_common(1)[0][0]
    mark = _OTHER[decimal]
    is_used = any(each.either[mark] for each in found)
    return mark if is_used and _groups(found, mark) else ""


def _evidence(name: str, texts: Sequence[str]) -> _Evidence | None:
    """What a column says; None if it is not one of numbers."""
    values = [text for text in (normal(each).strip() for each in texts) if text and text not in MISSING]
    bare = [match[1] for value in values if (match := _BARE.fullmatch(value))]
    if not values or len(bare) < _SHARE * len(values):
        return None
    decimals, groupings, either = Counter[str](), Counter[str](), Counter[str]()
    is_small = True
    for number in bare:
        if (match := _PAIR.fullmatch(number)) and match[1] != match[2]:
            groupings[match[1]] += 1
            decimals[match[2]] += 1
        elif match := _GROUPED.fullmatch(number):
            mark = match[1] or match[2]
            groupings[mark] += 1
            if mark in _OTHER:
                decimals[_OTHER[mark]] += 1
        elif match := _EITHER.fullmatch(number):
            either[match[1]] += 1
        elif match := _DECIMAL.fullmatch(number):
            decimals[match[1]] += 1
        elif len(number) > 3:
            is_small = False
    return _Evidence(name=name, decimals=decimals, groupings=groupings, either=either, is_small=is_small)
