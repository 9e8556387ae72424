"""
Reads a body of JSON straight into checked columns, if there is nothing wrong with it.

The contract is compiled into msgspec types once, at load: parsing, types, bounds and unknown fields are then one pass
in C. A body that does not fit says nothing of why; `app.intake` then asks marshmallow, which owns the messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import astuple

from core.contract import MAX_TEXT_LENGTH, Contract, Feature, NumericFeature

# What msgspec raises for bytes that are no JSON, or not of the type that is asked for.
AMISS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# A struct's field cannot be called so; a contract with such a name is left to marshmallow.
_FORBIDDEN = frozenset('"\\')

# What a row holds, in the contract's order; None where a value is missing.
Values = tuple[float | str | None, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """
    Rows that keep the contract, by column.

    Attributes:
        values: One sequence a feature, in the contract's order; None where a value is missing.
        count: How many rows.
    """

    values: Sequence[Sequence[Any]]
    count: int

    @classmethod
    def of_rows(cls, rows: Sequence[Values]) -> Columns:
        """Rows of equal width, at least one."""
        return cls(list(zip(*rows, strict=True)), len(rows))


class Decoder:
    """Decodes bodies of a contract; None where anything is amiss."""

    def __init__(self, contract: Contract, *, max_rows: int) -> None:
        count = Meta(min_length=1, max_length=max_rows)
        row = _struct("Row", contract, _value_type, absent=None)
        columns = _struct("Columns", contract, lambda feature: _list_of(_value_type(feature), count), absent=UNSET)
        self._row = msgspec.json.Decoder(row)
        self._rows = msgspec.json.Decoder(_envelope("rows", _list_of(row, count)))
        self._columns = msgspec.json.Decoder(_envelope("columns", columns))

    def row(self, body: bytes | msgspec.Raw) -> Values | None:
        """An object with the fields of a row."""
        try:
            return astuple(self._row.decode(body))
        except AMISS:
            return None

    def rows(self, body: bytes) -> Columns | None:
        """An object `{"rows": [...]}`."""
        try:
            rows = self._rows.decode(body).rows
        except AMISS:
            return None
        return Columns.of_rows([astuple(row) for row in rows])

    def split(self, body: bytes, count: int) -> Sequence[msgspec.Raw | None]:
        """The rows of `{"rows": [...]}` as they were sent; None for each where it is another body."""
        try:
            rows: list[msgspec.Raw] = _RAW.decode(body).rows
        except AMISS:
            return [None] * count
        return rows

    def columns(self, body: bytes) -> Columns | None:
        """An object `{"columns": {...}}` with lists of equal length; a nullable feature may be left out."""
        try:
            found = astuple(self._columns.decode(body).columns)
        except AMISS:
            return None
        lengths = {len(values) for values in found if values is not UNSET}
        if len(lengths) != 1:
            return None
        (count,) = lengths
        return Columns([[None] * count if values is UNSET else values for values in found], count)


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A struct that no row fits."""

    nothing: Annotated[int, Meta(gt=0, lt=0)]


def _struct(name: str, contract: Contract, type_of: Any, *, absent: Any) -> Any:
    """
    A struct whose fields stand by position, as a feature may have any name.

    Args:
        name: Its own.
        contract: Gives the fields.
        type_of: The type of a feature's field.
        absent: What a nullable one holds when it is left out.
    """
    if any(set(feature.name) & _FORBIDDEN for feature in contract.features):
        return _Nothing
    fields: list[Any] = []
    for position, feature in enumerate(contract.features):
        kind = type_of(feature)
        name = f"feature_{position}"
        fields.append((name, kind | UnsetType, absent) if feature.nullable else (name, kind))
    names = {f"feature_{position}": feature.name for position, feature in enumerate(contract.features)}
    return msgspec.defstruct(name, fields, rename=names, forbid_unknown_fields=True, kw_only=True, gc=False)


def _list_of(kind: Any, count: Meta) -> Any:
    return Annotated[list[kind], count]


def _envelope(field: str, content: Any) -> Any:
    return msgspec.defstruct("Envelope", [(field, content)], forbid_unknown_fields=True, gc=False)


_RAW = msgspec.json.Decoder(_envelope("rows", list[msgspec.Raw]))


def _value_type(feature: Feature) -> Any:
    if isinstance(feature, NumericFeature):
        number: Any = Annotated[float, Meta(ge=feature.low, le=feature.high)]
    else:
        number = Annotated[str, Meta(max_length=MAX_TEXT_LENGTH)]
    return number | None if feature.nullable else number
