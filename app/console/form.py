"""The form in which a person tries a model: its inputs follow from the contract, and what is sent becomes a row."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from app.body import read_body
from app.errors import InputFault, MalformedRequest
from app.schemas import exact
from core.contract import CategoricalFeature, Contract, Feature, NumericFeature, Row

FORM = "application/x-www-form-urlencoded"
KEY = "key"
_VALUE = "value."
_MAX_BYTES = 2_000_000
# Beyond so many a list to choose from is slower than typing.
_MAX_CHOICES = 30
# A browser would take seconds to suggest from more.
_MAX_SUGGESTIONS = 500
_SHOWN_CATEGORIES = 12
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What came with a form: the key, empty if there was none, and the texts by the names of their inputs' features."""

    key: str = field(repr=False)
    texts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """
    A feature as the page shows it.

    Attributes:
        name: Of the feature.
        input_name: Of its input.
        kind: `number`, `choice` or `text`.
        takes: Its range or categories, in words.
        low, high: Bounds of a number, as text.
        choices: Categories to choose from, or that are suggested.
        text: What the input holds.
        problems: What was wrong with it.
    """

    name: str
    input_name: str
    kind: str
    unit: str
    takes: str
    is_nullable: bool
    description: str
    low: str = ""
    high: str = ""
    choices: tuple[str, ...] = ()
    text: str = ""
    problems: tuple[str, ...] = ()


def read_form(contract: Contract, *, max_bytes: int) -> Sent:
    """
    The form that a request carries.

    Args:
        contract: Says how many inputs there are.
        max_bytes: Of a body.

    Raises:
        WrongMediaType: if it is sent as anything else.
        MalformedRequest: if it did not arrive whole, or has far more inputs than the page.
        RequestEntityTooLarge: if it is longer.
    """
    body = read_body(FORM, max_bytes=min(max_bytes, _MAX_BYTES))
    most = len(contract.features) + 10
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=most, errors="replace"
        )
    except ValueError as error:
        raise MalformedRequest(f"the form has more than {most} inputs") from error
    sent = {name.removeprefix(_VALUE): text for name, text in pairs if name.startswith(_VALUE)}
    listed = {name: _as_listed(feature, sent[name]) for name, feature in _by_name(contract).items() if name in sent}
    return Sent(key=dict(pairs).get(KEY, "").strip(), texts=sent | listed)


def _by_name(contract: Contract) -> dict[str, Feature]:
    return {feature.name: feature for feature in contract.features}


def _as_listed(feature: Feature, text: str) -> str:
    """A category as the contract has it: a browser sends a line's end as two characters, whatever stood there."""
    if not isinstance(feature, CategoricalFeature) or text in feature.categories:
        return text
    return next((each for each in feature.categories if _one_line_end(each) == _one_line_end(text)), text)


def texts_of(row: Row) -> dict[str, str]:
    """What the inputs hold for a row."""
    return {
        name: "" if value is None else value if isinstance(value, str) else exact(value) for name, value in row.items()
    }


def row_of(contract: Contract, texts: Mapping[str, str]) -> dict[str, float | str]:
    """
    A row as a caller of the API would send it.

    An empty input sends nothing, and what is no number goes as text: the API's own check says what is wrong.
    """
    features = _by_name(contract)
    return {name: _value(features.get(name), text) for name, text in texts.items() if text}


def _value(feature: Feature | None, text: str) -> float | str:
    number = text.strip()
    if not isinstance(feature, NumericFeature) or not _NUMBER.fullmatch(number):
        return text
    value = float(number)
    # JSON has no infinity.
    return value if math.isfinite(value) else text


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def fields_of(contract: Contract, texts: Mapping[str, str], faults: Sequence[InputFault] = ()) -> list[Field]:
    """The inputs for a contract, filled, each with what was wrong with it."""
    return [
        _field(feature, texts.get(feature.name, ""), list(_problems(faults, feature.name)))
        for feature in contract.features
    ]


def other_problems(contract: Contract, faults: Iterable[InputFault]) -> list[str]:
    """Faults that belong to no input."""
    names = set(contract.names)
    return [
        fault.problem if fault.field is None else f"{fault.field}: {fault.problem}"
        for fault in faults
        if fault.field not in names
    ]


def _problems(faults: Iterable[InputFault], name: str) -> Iterator[str]:
    return (fault.problem for fault in faults if fault.field == name)


def _field(feature: Feature, text: str, problems: Sequence[str]) -> Field:
    if isinstance(feature, CategoricalFeature):
        # What is none of the categories can only be held by an input of text.
        is_choice = len(feature.categories) <= _MAX_CHOICES and text in {"", *feature.categories}
        return Field(
            name=feature.name,
            input_name=f"{_VALUE}{feature.name}",
            kind="choice" if is_choice else "text",
            unit="",
            takes=_listed(feature.categories),
            is_nullable=feature.nullable,
            description=feature.description,
            choices=feature.categories[:_MAX_SUGGESTIONS],
            text=text,
            problems=tuple(problems),
        )
    low, high = exact(feature.low), exact(feature.high)
    # An input of numbers shows nothing if it is given anything else, such as 5. or +5.
    value = _value(feature, text)
    is_number = not text or isinstance(value, float)
    return Field(
        name=feature.name,
        input_name=f"{_VALUE}{feature.name}",
        kind="number" if is_number else "text",
        unit=feature.unit,
        takes=f"{low} to {high}",
        is_nullable=feature.nullable,
        description=feature.description,
        low=low,
        high=high,
        text=exact(value) if isinstance(value, float) else text,
        problems=tuple(problems),
    )


def _listed(categories: Sequence[str]) -> str:
    shown = ", ".join(categories[:_SHOWN_CATEGORIES])
    more = len(categories) - _SHOWN_CATEGORIES
    return f"{shown} and {more:,} more" if more > 0 else shown
