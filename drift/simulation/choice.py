"""Which faults are tried: those that somebody writes down, and those that are usual."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from core.contract import CategoricalFeature, Contract, DriftRole, Feature, NumericFeature
from core.reference import Reference
from drift.simulation.faults import Absent, Constant, Fault, Missing, NewCategory, Shift, Swap, Unit

# For the help text of a command.
GRAMMAR: Final = """\
unit:COLUMN:FACTOR[:SHARE]  a number in another unit, unit:distance:0.45; in a tenth of the rows, unit:distance:0.45:0.1
shift:COLUMN:SDS            a number off by so many standard deviations, shift:spend:0.25 (or -0.25)
missing:COLUMN:SHARE        missing in a further share of the rows, missing:temperature:0.05
new:COLUMN:SHARE            a category that nobody knows, in a share of the rows, new:plan:0.01
swap:COLUMN:ONE:OTHER       two categories exchanged, swap:plan:basic:pro
absent:COLUMN               no row has the column any more, absent:seats
constant:COLUMN             stuck at its first value, constant:seats

A share is a number above 0 and up to 1. Colons part, spaces do not; a column or a category that holds a colon or a
double quote stands in double quotes, as in CSV, and a quote inside is doubled: absent:"time: local".
"""

_NUMERIC, _CATEGORICAL = (NumericFeature,), (CategoricalFeature,)
_USUAL_FACTOR, _USUAL_SDS, _USUAL_MISSING, _USUAL_NEW = 0.45, 0.25, 0.05, (0.01, 0.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """
    How a fault is written.

    Attributes:
        pattern: After its word.
        lengths: How many fields may follow the word.
        takes: The sorts of feature it can befall.
        read: Makes it of a feature and the fields that follow the column.
    """

    pattern: str
    lengths: tuple[int, ...]
    takes: tuple[type[Feature], ...] = (NumericFeature, CategoricalFeature)
    read: Callable[[Feature, list[str]], Fault]


def parse_fault(text: str, contract: Contract) -> Fault:
    """
    Read a fault as the command line has it; see `GRAMMAR`.

    Raises:
        ValueError: saying what would be right.
    """
    try:
        word, *fields = next(csv.reader([text], delimiter=":", strict=True))
    except (csv.Error, StopIteration, ValueError):
        raise ValueError(f"fault {text!r}: takes fields parted by colons, such as unit:distance:0.45") from None
    form = _FORMS.get(word)
    if form is None:
        raise ValueError(f"fault {text!r}: begins with one of {', '.join(_FORMS)}, found {word!r}")
    if len(fields) not in form.lengths:
        raise ValueError(f"fault {text!r}: takes the form {word}:{form.pattern}; what holds a colon is put in quotes")
    try:
        return form.read(_feature(fields[0], contract, form), fields[1:])
    except ValueError as error:
        raise ValueError(f"fault {text!r}: {error}") from None


def usual_faults(contract: Contract, reference: Reference) -> list[Fault]:
    """
    What goes wrong most often, for every column that is compared; a calendar's columns are not.

    Args:
        contract: Names the columns.
        reference: Knows which categories are frequent.
    """
    compared = [feature for feature in contract.features if feature.drift is not DriftRole.CALENDAR]
    return [fault for feature in compared for fault in _usual(feature, reference)]


def _usual(feature: Feature, reference: Reference) -> Iterator[Fault]:
    if isinstance(feature, CategoricalFeature):
        for share in _USUAL_NEW:
            yield NewCategory(column=feature.name, share=share)
        counts = reference.categorical[feature.name].counts if feature.name in reference.categorical else {}
        frequent = _most_frequent({text: counts.get(text, 0) for text in feature.categories})
        if len(frequent) == 2:
            yield Swap(column=feature.name, first=frequent[0], second=frequent[1])
    else:
        yield Unit(column=feature.name, factor=_USUAL_FACTOR)
        yield Shift(column=feature.name, sds=_USUAL_SDS)
    yield Missing(column=feature.name, share=_USUAL_MISSING)


def _most_frequent(counts: Mapping[str, int]) -> list[str]:
    """At most two that occur at all; of equal ones the first in the order of the contract."""
    return sorted((text for text, count in counts.items() if count), key=lambda text: -counts[text])[:2]


def _feature(name: str, contract: Contract, form: _Form) -> Feature:
    fitting = {feature.name: feature for feature in contract.features if isinstance(feature, form.takes)}
    if name in fitting:
        return fitting[name]
    kind = "categorical" if form.takes is _NUMERIC else "numeric"
    problem = f"{name!r} is {kind}" if name in contract.names else f"there is no column {name!r}"
    raise ValueError(f"{problem}; it can befall: {', '.join(map(_quoted, fitting)) or 'no column of this contract'}")


def _read_unit(feature: Feature, fields: list[str]) -> Fault:
    factor = _number(fields[0], "the factor takes a finite number other than 0, such as 0.45")
    if not factor:
        raise ValueError("the factor takes a finite number other than 0, such as 0.45, found '0'")
    return Unit(column=feature.name, factor=factor, share=_share(fields[1]) if len(fields) > 1 else 1.0)


def _read_shift(feature: Feature, fields: list[str]) -> Fault:
    rule = "the standard deviations take a finite number, such as 0.25 or -0.25"
    return Shift(column=feature.name, sds=_number(fields[0], rule))


def _read_swap(feature: Feature, fields: list[str]) -> Fault:
    first, second = fields
    categories = feature.categories if isinstance(feature, CategoricalFeature) else ()
    for text in fields:
        if text not in categories:
            raise ValueError(
                f"{feature.name!r} has no category {text!r}; it has: {', '.join(map(_quoted, categories))}"
            )
    if first == second:
        raise ValueError(f"the two categories must differ, found {first!r} twice")
    return Swap(column=feature.name, first=first, second=second)


def _number(text: str, rule: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{rule}, found {text!r}")
    return number


def _share(text: str) -> float:
    rule = "the share takes a number above 0 and up to 1, such as 0.05 for 5 %"
    share = _number(text, rule)
    if not 0 < share <= 1:
        raise ValueError(f"{rule}, found {text!r}")
    return share


def _quoted(field: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=":").writerow([field])
    return line.getvalue().removesuffix("\r\n")


_FORMS: Final = {
    Unit.word: _Form(pattern="COLUMN:FACTOR or COLUMN:FACTOR:SHARE", lengths=(2, 3), takes=_NUMERIC, read=_read_unit),
    Shift.word: _Form(pattern="COLUMN:SDS", lengths=(2,), takes=_NUMERIC, read=_read_shift),
    Missing.word: _Form(
        pattern="COLUMN:SHARE",
        lengths=(2,),
        read=lambda feature, fields: Missing(column=feature.name, share=_share(fields[0])),
    ),
    NewCategory.word: _Form(
        pattern="COLUMN:SHARE",
        lengths=(2,),
        takes=_CATEGORICAL,
        read=lambda feature, fields: NewCategory(column=feature.name, share=_share(fields[0])),
    ),
    Swap.word: _Form(pattern="COLUMN:ONE:OTHER", lengths=(3,), takes=_CATEGORICAL, read=_read_swap),
    Absent.word: _Form(pattern="COLUMN", lengths=(1,), read=lambda feature, _: Absent(column=feature.name)),
    Constant.word: _Form(pattern="COLUMN", lengths=(1,), read=lambda feature, _: Constant(column=feature.name)),
}
