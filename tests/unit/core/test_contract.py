"""The contract: read from a document with every fault named, written in the shape it is read from."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import (
    MAX_MAGNITUDE,
    MAX_TEXT_LENGTH,
    CategoricalFeature,
    Contract,
    Feature,
    NumericFeature,
    Target,
    Task,
    in_range,
    read_contract,
)
from core.documents import from_json, to_json
from core.reading import Table
from tests.factories import TARGETS, make_contract

BINARY = {"name": "churn", "task": "binary", "positive": "yes", "negative": "no"}
AGE = {"name": "age", "kind": "numeric", "low": 0, "high": 120}
CITY = {"name": "city", "kind": "categorical", "categories": ["Oslo", "Rome"]}
ABSENT = object()

# Where the good document is changed, what is put there, and every fault that follows.
BROKEN = [
    ("target", "name", ABSENT, ["target.name: missing; it takes text"]),
    ("target", "name", "", ["target.name: takes 1 to 100 printable characters without spaces around them"]),
    ("target", "name", "churn ", ["target.name: takes 1 to 100 printable characters without spaces around them"]),
    ("target", "name", "a\tb", ["target.name: takes 1 to 100 printable characters without spaces around them"]),
    ("target", "name", "n" * 101, ["target.name: takes 1 to 100 printable characters without spaces around them"]),
    ("target", "name", 1, ["target.name: takes text, found 1"]),
    ("target", "name", "age", ["features[0].name: 'age' is already the target"]),
    ("target", "negative", "yes", ["target.negative: must differ from positive"]),
    (
        "target",
        "classes",
        ["a", "b"],
        ["target.classes: unknown key; known here: description, name, negative, positive, task"],
    ),
    (0, "name", ABSENT, ["features[0].name: missing; it takes text"]),
    (0, "name", "city", ["features[1].name: 'city' is already features[0]"]),
    (0, "low", ABSENT, ["features[0] (age).low: missing; it takes a number"]),
    (0, "low", 120, ["features[0] (age).high: must be above low (120)"]),
    (0, "high", -1, ["features[0] (age).high: must be above low (0)"]),
    (0, "high", math.inf, ["features[0] (age).high: takes a number, found inf"]),
    (0, "high", 1e300, ["features[0] (age).high: takes a number from -1e+38 to 1e+38, found 1e+300"]),
    (1, "categories", ABSENT, ["features[1] (city).categories: missing; it takes a list"]),
    ("target", "task", ABSENT, ["target.task: missing; it takes text"]),
    ("target", "task", "rank", ["target.task: takes one of binary, multiclass, regression, found 'rank'"]),
    (0, "unit", 3, ["features[0] (age).unit: takes text, found 3"]),
    (0, "nullable", "no", ["features[0] (age).nullable: takes true or false, found 'no'"]),
    (0, "kind", "number", ["features[0] (age).kind: takes one of numeric, categorical, found 'number'"]),
    (
        0,
        "categories",
        ["a"],
        [
            (
                "features[0] (age).categories: unknown key; "
                "known here: description, drift, high, kind, low, name, nullable, unit"
            )
        ],
    ),
    (1, "categories", [], ["features[1] (city).categories: takes at least one text, each once"]),
    (1, "categories", ["Oslo", "Oslo"], ["features[1] (city).categories: takes at least one text, each once"]),
    (1, "categories", ["Oslo", 1], ["features[1] (city).categories[1]: takes text, found 1"]),
    (
        1,
        "low",
        0,
        ["features[1] (city).low: unknown key; known here: categories, description, drift, kind, name, nullable"],
    ),
]


def document(target: dict[str, Any] | None = None, *features: dict[str, Any]) -> Table:
    return Table({"target": target or BINARY, "features": list(features or (AGE, CITY))})


def faults(table: Table) -> list[str]:
    read_contract(table)
    return [str(fault) for fault in table.faults]


def test_a_document_without_faults_is_read_whole() -> None:
    table = document()
    assert read_contract(table) == Contract(
        features=(
            NumericFeature(name="age", low=0.0, high=120.0),
            CategoricalFeature(name="city", categories=("Oslo", "Rome")),
        ),
        target=Target(name="churn", task=Task.BINARY, classes=("no", "yes")),
    )
    assert table.faults == []


@pytest.mark.parametrize(("part", "key", "value", "expected"), BROKEN)
def test_a_broken_rule_is_named_with_its_place(part: str | int, key: str, value: object, expected: list[str]) -> None:
    values: dict[str, Any] = copy.deepcopy({"target": BINARY, "features": [AGE, CITY]})
    table = values["target"] if part == "target" else values["features"][part]
    if value is ABSENT:
        del table[key]
    else:
        table[key] = value
    assert faults(Table(values)) == expected


def test_all_faults_are_reported_at_once() -> None:
    broken = document(BINARY | {"name": ""}, AGE | {"low": 200}, CITY | {"colour": "red"})
    assert [fault.partition(":")[0] for fault in faults(broken)] == [
        "target.name",
        "features[0] (age).high",
        "features[1] (city).colour",
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"target": BINARY}, ["features: needs at least one [[features]] table"]),
        ({"target": BINARY, "features": []}, ["features: needs at least one [[features]] table"]),
        ({"target": BINARY, "features": "age"}, ["features: takes a list, found 'age'"]),
        ({"target": BINARY, "features": [3]}, ["features[0]: takes a table, found 3"]),
    ],
)
def test_a_contract_needs_features(values: dict[str, Any], expected: list[str]) -> None:
    assert faults(Table(values)) == expected


def test_a_contract_needs_a_target() -> None:
    assert "target: missing; it takes a table" in faults(Table({"features": [AGE]}))


def test_faults_are_placed_below_the_document_they_are_in() -> None:
    table = Table({"target": BINARY, "features": [AGE | {"unit": 1}]}, "contract")
    assert faults(table) == ["contract.features[0] (age).unit: takes text, found 1"]


@pytest.mark.parametrize("classes", [["a"], ["a", "a"], []])
def test_a_multiclass_target_needs_two_different_classes(classes: list[str]) -> None:
    table = document({"name": "plan", "task": "multiclass", "classes": classes})
    assert faults(table) == ["target.classes: takes at least two texts, each once"]


def test_a_binary_target_without_negative_counts_every_other_value_as_negative() -> None:
    target = read_contract(document({"name": "churn", "task": "binary", "positive": "yes"})).target
    assert (target.classes, target.catch_all) == (("not yes", "yes"), True)


def test_a_regression_target_has_a_unit_and_no_classes() -> None:
    target = read_contract(document({"name": "price", "task": "regression", "unit": "EUR"})).target
    assert (target.classes, target.unit) == ((), "EUR")


@pytest.mark.parametrize(("task", "width"), [(Task.BINARY, 1), (Task.MULTICLASS, 3), (Task.REGRESSION, 1)])
def test_a_score_has_a_column_per_class_of_a_multiclass_target_and_else_one(task: Task, width: int) -> None:
    assert make_contract(task).target.score_width == width


def test_names_are_in_the_order_of_the_features() -> None:
    assert make_contract().names == ("age", "city")


def test_descriptions_do_not_make_contracts_differ() -> None:
    described = document(BINARY | {"description": "Left."}, AGE | {"description": "In years."}, CITY)
    assert read_contract(described) == read_contract(document())


def test_another_order_of_categories_makes_contracts_differ() -> None:
    swapped = document(BINARY, AGE, CITY | {"categories": ["Rome", "Oslo"]})
    assert read_contract(swapped) != read_contract(document())


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, True), (120.0, True), (-0.1, False), (120.1, False), (math.nan, False), (math.inf, False)],
)
def test_a_number_is_in_range_when_it_is_finite_and_between_the_bounds(value: float, expected: bool) -> None:
    assert in_range(NumericFeature(name="age", low=0, high=120), value) is expected


PRINTABLE = st.characters(exclude_categories=["C", "Z"], include_characters=" ")
TEXTS = st.text(max_size=MAX_TEXT_LENGTH)
NAMES = st.text(PRINTABLE, min_size=1, max_size=100).filter(lambda name: name == name.strip())
NUMBERS = st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE)


@st.composite
def targets(draw: st.DrawFn, name: str) -> Target:
    description, task = draw(st.text()), draw(st.sampled_from(Task))
    if task is Task.REGRESSION:
        return Target(name=name, task=task, unit=draw(st.text()), description=description)
    classes = tuple(draw(st.lists(TEXTS, min_size=2, max_size=2 if task is Task.BINARY else 5, unique=True)))
    if task is Task.BINARY and draw(st.booleans()):
        positive = classes[1]
        return Target(
            name=name, task=task, classes=(f"not {positive}", positive), catch_all=True, description=description
        )
    return Target(name=name, task=task, classes=classes, description=description)


@st.composite
def features(draw: st.DrawFn, name: str) -> Feature:
    nullable, description = draw(st.booleans()), draw(st.text())
    if draw(st.booleans()):
        categories = tuple(draw(st.lists(TEXTS, min_size=1, max_size=5, unique=True)))
        return CategoricalFeature(name=name, categories=categories, nullable=nullable, description=description)
    low, high = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=2, unique=True)))
    unit = draw(st.text())
    return NumericFeature(name=name, unit=unit, low=low, high=high, nullable=nullable, description=description)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    first, *others = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    return Contract(features=tuple(draw(features(name)) for name in others), target=draw(targets(first)))


@given(contract=contracts())
def test_a_written_contract_is_read_back_descriptions_included(contract: Contract) -> None:
    written = from_json(to_json(contract.to_dict()), dict[str, Any], source="contract")
    table = Table(written)
    read = read_contract(table)
    assert table.faults == []
    assert read == contract
    assert read.to_dict() == contract.to_dict()


@pytest.mark.parametrize(
    ("task", "names"),
    [
        (Task.BINARY, ("score",)),
        (Task.MULTICLASS, ("score basic", "score plus", "score pro")),
        (Task.REGRESSION, ("value",)),
    ],
)
def test_the_columns_of_a_score_are_named_after_the_classes(task: Task, names: tuple[str, ...]) -> None:
    assert TARGETS[task].score_names == names
    assert TARGETS[task].score_width == len(names)
