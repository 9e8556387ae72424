"""The compiled decoder and marshmallow give the same verdict and the same values, whatever is sent."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from app.decoder import Columns, Decoder, Values
from app.errors import InvalidInput, MalformedRequest
from app.intake import Intake
from app.novelty import Novelty
from app.schemas import row_schema
from core.contract import CategoricalFeature, Contract, Feature, NumericFeature, Task
from core.encoder import Encoder
from core.reference import Reference, categorical_reference, numeric_reference
from tests.factories import TARGETS, make_contract

_NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name == name.strip() and name.isprintable())
_BOUNDS = st.tuples(st.floats(-1e38, 1e38), st.floats(-1e38, 1e38)).filter(lambda pair: pair[0] < pair[1])


@st.composite
def _features(draw: st.DrawFn) -> Feature:
    name, nullable = draw(_NAMES), draw(st.booleans())
    if draw(st.booleans()):
        low, high = draw(_BOUNDS | st.sampled_from([(0.0, 1.0), (-120.0, 1500.0), (0.0, 2.0**53), (0.1, 0.3)]))
        return NumericFeature(name=name, low=low, high=high, nullable=nullable)
    categories = draw(st.lists(st.text(max_size=8), min_size=1, max_size=5, unique=True))
    return CategoricalFeature(name=name, categories=tuple(categories), nullable=nullable)


_CONTRACTS = st.lists(_features(), min_size=1, max_size=6, unique_by=lambda feature: feature.name).map(
    lambda features: Contract(features=tuple(features), target=TARGETS[Task.REGRESSION])
)


@st.composite
def _values(draw: st.DrawFn, feature: Feature) -> Any:
    """Mostly right, at a bound, or just beyond it; now and then of another kind altogether."""
    hostile: st.SearchStrategy[Any] = (
        st.none() | st.booleans() | st.text(max_size=5) | st.lists(st.integers(), max_size=2) | st.just({})
    )
    if isinstance(feature, NumericFeature):
        edges = [
            feature.low,
            feature.high,
            math.nextafter(feature.low, -math.inf),
            math.nextafter(feature.high, math.inf),
        ]
        whole = [int(edge) + step for edge in edges for step in (-1, 0, 1)]
        right = st.floats(feature.low, feature.high)
        return draw(st.one_of(right, right, st.sampled_from([*edges, *whole, -0.0, 10**30, -(10**400)]), hostile))
    right = st.sampled_from(feature.categories)
    return draw(st.one_of(right, right, st.sampled_from(["", "x" * 200, "x" * 201, "\U0001f6ec" * 200]), hostile))


def _clean_values(feature: Feature) -> st.SearchStrategy[Any]:
    right: st.SearchStrategy[Any] = st.sampled_from(["new"])
    if isinstance(feature, NumericFeature):
        right = st.floats(feature.low, feature.high)
    else:
        right |= st.sampled_from(feature.categories)
    return right | st.none() if feature.nullable else right


@st.composite
def _rows(draw: st.DrawFn, contract: Contract) -> dict[str, Any]:
    row = {}
    for feature in contract.features:
        if draw(st.integers(0, 9)) > 0:
            row[feature.name] = draw(_values(feature))
    if draw(st.integers(0, 9)) == 0:
        row[draw(_NAMES)] = 1
    return row


def _by_marshmallow(contract: Contract, row: Any) -> Values | None:
    try:
        loaded = row_schema(contract).load(row)
    except ValidationError:
        return None
    return tuple(loaded.get(name) for name in contract.names)


def _same(first: Values | None, second: Values | None) -> bool:
    """Equal in value and in kind: 1 and 1.0 encode alike, text and number do not."""
    return first == second and [isinstance(v, str) for v in first or ()] == [isinstance(v, str) for v in second or ()]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_what_the_decoder_takes_marshmallow_takes_with_the_same_values(data: st.DataObject) -> None:
    contract = data.draw(_CONTRACTS)
    row = data.draw(_rows(contract))
    body = json.dumps(row).encode()
    decoded, loaded = Decoder(contract, max_rows=9).row(body), _by_marshmallow(contract, json.loads(body))
    if decoded is not None:
        assert _same(decoded, loaded)
    intake = Intake(contract, max_rows=9)
    if loaded is None:
        with pytest.raises((InvalidInput, MalformedRequest)):
            intake.row(body)
    else:
        assert _same(tuple(values[0] for values in intake.row(body).values), loaded)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_rows_columns_and_single_rows_are_taken_alike(data: st.DataObject) -> None:
    contract = data.draw(_CONTRACTS)
    rows = data.draw(st.lists(_rows(contract), min_size=1, max_size=4))
    intake = Intake(contract, max_rows=9)
    single = [_taken(intake, row) for row in rows]
    skipped = intake.batch(json.dumps({"rows": rows}).encode(), skip=True)
    assert list(skipped.kept) == [number for number, values in enumerate(single) if values is not None]
    wrong = {fault.row for fault in skipped.faults.listed} if skipped.faults else set()
    assert wrong.isdisjoint(skipped.kept)
    assert len(wrong) + len(skipped.kept) == skipped.count == len(rows)
    right = [values for values in single if values is not None]
    assert _rows_of(skipped.columns) == right
    if len(right) == len(rows):
        named = {name: [values[position] for values in right] for position, name in enumerate(contract.names)}
        for body in ({"rows": rows}, {"columns": named}):
            assert _rows_of(intake.batch(json.dumps(body).encode(), skip=False).columns) == right


def _taken(intake: Intake, row: Any) -> Values | None:
    try:
        return tuple(values[0] for values in intake.row(json.dumps(row).encode()).values)
    except InvalidInput:
        return None


def _rows_of(columns: Columns | None) -> list[Values]:
    return [] if columns is None else list(zip(*columns.values, strict=True))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_row_alone_is_encoded_and_warned_of_as_among_others(data: st.DataObject) -> None:
    contract = data.draw(_CONTRACTS)
    row = st.tuples(*(_clean_values(feature) for feature in contract.features))
    rows = data.draw(st.lists(row, min_size=2, max_size=4))
    decoder = Decoder(contract, max_rows=9)
    for values in rows:
        body = json.dumps(dict(zip(contract.names, values, strict=True))).encode()
        # A name that msgspec cannot take is left to marshmallow; any other clean row must not be.
        assert decoder.row(body) == (None if set('"\\') & set("".join(contract.names)) else values)
    encoder, novelty = Encoder(contract), Novelty(contract, _reference(contract, rows[:1]))
    many = Columns.of_rows(rows)
    matrix = encoder.encode(many.values, many.count)
    alone = [Columns.of_rows([values]) for values in rows]
    warnings = novelty.find(matrix, many.values)
    for number, one in enumerate(alone):
        vector = encoder.encode(one.values, 1)
        assert vector.tobytes() == matrix[number : number + 1].tobytes()
        found = novelty.find(vector, one.values)
        assert [warning for _, warning in found] == [warning for row, warning in warnings if row == number]


def _reference(contract: Contract, rows: list[Values]) -> Reference:
    """A training that saw these rows only."""
    columns = list(zip(contract.features, zip(*rows, strict=True), strict=True))
    numeric = {
        feature.name: numeric_reference(
            Encoder(contract).encode(list(zip(*rows, strict=True)), len(rows))[:, index].astype(float)
        )
        for index, (feature, _) in enumerate(columns)
        if isinstance(feature, NumericFeature)
    }
    categorical = {
        feature.name: categorical_reference(values)
        for feature, values in columns
        if isinstance(feature, CategoricalFeature)
    }
    return Reference(numeric=numeric, categorical=categorical, scores={}, rows=len(rows))


# Bodies on which parsers differ; each is refused by both ways or taken by both with the same value.
HOSTILE = [
    b'{"age": NaN, "city": "Oslo"}',
    b'{"age": -Infinity, "city": "Oslo"}',
    b'{"age": 1e400, "city": "Oslo"}',
    b'{"age": 1' + b"0" * 400 + b', "city": "Oslo"}',
    b'{"age": 30, "age": 200, "city": "Oslo"}',
    b'{"age": 200, "age": 30, "city": "Oslo"}',
    b'{"\\u0061ge": 30, "city": "Oslo"}',
    b'{"Age": 30, "city": "Oslo"}',
    b'{"age": {"age": 30}, "city": ["Oslo"]}',
    b'{"age": 30, "city": "\\ud800"}',
    b'{"age": 30, "city": "\xff"}',
    b'{"age": 30, "city": "' + b"x" * 10_000_000 + b'"}',
    b'{"age": 3e1, "city": "O\\u0073lo"}',
    b'{"age": 30, "city": "Oslo"} ',
    b'[{"age": 30, "city": "Oslo"}]',
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:40]))
def test_a_hostile_body_is_taken_by_both_ways_or_by_neither(body: bytes) -> None:
    contract = make_contract()
    decoded = Decoder(contract, max_rows=9).row(body)
    try:
        taken = tuple(values[0] for values in Intake(contract, max_rows=9).row(body).values)
    except (InvalidInput, MalformedRequest):
        taken = None
    assert decoded is None or _same(decoded, taken)
    assert taken is None or _same(taken, (30.0, "Oslo"))


@pytest.mark.parametrize(
    ("columns", "faults"),
    [
        ({"age": [1, 2], "city": ["Oslo"]}, [(None, "city", "has 1 values, where another column has 2")]),
        ({"age": 1, "city": ["Oslo"]}, [(None, "age", "takes a list with one value a row")]),
        ({"age": None, "city": ["Oslo"]}, [(None, "age", "takes a list with one value a row")]),
        ({"city": []}, [(None, "columns", "takes 1 to 9 rows, found 0")]),
        ({}, [(None, "columns", "takes 1 to 9 rows, found 0")]),
        ({"city": ["Oslo"] * 10}, [(None, "columns", "takes 1 to 9 rows, found 10")]),
        ({"age": [1, 999], "city": ["Oslo", None]}, [(1, "age", "found 999"), (1, "city", "may not be null")]),
        ({"age": [1]}, [(0, "city", "missing")]),
        ({"city": ["Oslo"], "x": [1]}, [(0, "x", "unknown field")]),
    ],
)
def test_a_fault_of_a_column_names_row_and_field(columns: Any, faults: list[tuple[int | None, str, str]]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Intake(make_contract(), max_rows=9).batch(json.dumps({"columns": columns}).encode(), skip=False)
    assert [(fault.row, fault.field) for fault in caught.value.listed] == [(row, name) for row, name, _ in faults]
    for fault, (_, _, words) in zip(caught.value.listed, faults, strict=True):
        assert words in fault.problem


def test_a_nullable_column_may_be_left_out() -> None:
    batch = Intake(make_contract(), max_rows=9).batch(b'{"columns": {"city": ["Oslo", "Rome"]}}', skip=False)
    assert _rows_of(batch.columns) == [(None, "Oslo"), (None, "Rome")]
