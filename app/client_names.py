"""What generators of clients would stumble over: columns and classes that a program language cannot hold apart."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

# A generated class has these itself; openapi-python-client does not see that a field takes their place.
_TAKEN = frozenset({"cls", "d", "fielddict", "fromdict", "todict", "additionalproperties", "additionalkeys"})
_SPECIAL = re.compile(r"[\\^$.*+?()\[\]{}|/]")
_BY_NAME = "Some columns have names that cannot be attributes beside the others; these are set by name."


def for_generators(document: dict[str, Any]) -> dict[str, Any]:
    """
    The OpenAPI document, in which nothing changes for most contracts.

    A generator that meets two columns of one name in its language leaves out the row, and with it every route that
    takes one. Such columns are described by pattern: what is taken is the same, and a generated class keeps
    what it has no attribute for under its name. Classes of that kind get numbered names.

    Args:
        document: With the schemas `Row`, and `Columns` with its `columns`.
    """
    schemas = document["components"]["schemas"]
    for schema in _within(schemas):
        values = schema.get("enum")
        if isinstance(values, list) and _awkward(map(str, values)):
            schema["x-enum-varnames"] = [f"CLASS_{place}" for place in range(len(values))]
    schemas["Row"] = _apart(schemas["Row"])
    columns = schemas["Columns"]["properties"]
    columns["columns"] = _apart(columns["columns"])
    return document


def _apart(schema: dict[str, Any]) -> dict[str, Any]:
    """An object with the same fields, of which the awkward ones are described by pattern."""
    properties = schema["properties"]
    awkward = _awkward(properties)
    if not awkward:
        return schema
    kept = {key: value for key, value in schema.items() if key != "additionalProperties"}
    return kept | {
        "properties": {name: value for name, value in properties.items() if name not in awkward},
        "patternProperties": {f"^{_quoted(name)}$": properties[name] for name in properties if name in awkward},
        "propertyNames": {"enum": list(properties)},
        "description": f"{schema.get('description', '')} {_BY_NAME}".strip(),
    }


def _awkward(names: Iterable[str]) -> set[str]:
    """Names that are equal to another, or to nothing, but for punctuation and case; and those that are taken."""
    plain = {name: _plain(name) for name in names}
    counts = Counter(plain.values())
    return {name for name, found in plain.items() if counts[found] > 1 or not found or found in _TAKEN}


def _plain(name: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKC", name) if each.isalnum()).casefold()


def _quoted(name: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", name)


def _within(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _within(inner)
