"""What generators stumble over is described otherwise, and takes the same."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.client_names import for_generators

NUMBER = {"type": "number"}


def made(*names: str, **more: Any) -> dict[str, Any]:
    row = {
        "type": "object",
        "required": list(names),
        "additionalProperties": False,
        "properties": {name: NUMBER | {"maximum": place} for place, name in enumerate(names)},
    }
    columns = {"type": "object", "properties": {"columns": deepcopy(row)}}
    return {"components": {"schemas": {"Row": row, "Columns": columns, **more}}}


def row_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = for_generators(document)["components"]["schemas"]["Row"]
    return found


def test_a_usual_contract_is_described_as_ever() -> None:
    document = made("age", "monthly spend", "class", "größe", label={"type": "string", "enum": ["yes", "no"]})
    assert for_generators(deepcopy(document)) == document


@pytest.mark.parametrize(
    "awkward", [["a b", "a-b"], ["a_b", "A.B"], ["d"], ["to_dict"], ["field_dict"], ["-"], ["ﬁ", "fi"], ["😀", "💶"]]
)
def test_awkward_columns_are_described_by_pattern_and_the_others_as_ever(awkward: list[str]) -> None:
    row = row_of(made("age", *awkward))
    assert list(row["properties"]) == ["age"]
    assert row["propertyNames"] == {"enum": ["age", *awkward]}
    assert "additionalProperties" not in row
    assert row["required"] == ["age", *awkward]


def test_columns_are_described_like_rows() -> None:
    schemas = for_generators(made("a b", "a-b"))["components"]["schemas"]
    assert schemas["Columns"]["properties"]["columns"]["patternProperties"] == schemas["Row"]["patternProperties"]


@given(names=st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6), unique=True))
def test_every_column_is_described_once_and_by_its_own_schema(names: list[str]) -> None:
    row = row_of(made(*names))
    for place, name in enumerate(names):
        own = [row["properties"][name]] if name in row["properties"] else []
        own += [schema for text, schema in row.get("patternProperties", {}).items() if re.search(text, name)]
        assert own == [NUMBER | {"maximum": place}]


def test_classes_that_are_alike_get_numbers_for_names() -> None:
    labels = {"type": "string", "enum": ["a", "A", "b"]}
    assert for_generators(made("x", label=labels))["components"]["schemas"]["label"]["x-enum-varnames"] == [
        "CLASS_0",
        "CLASS_1",
        "CLASS_2",
    ]
