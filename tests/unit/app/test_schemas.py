"""The schemas that a contract becomes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from marshmallow.fields import Nested

from app.answer_schemas import batch_schema, column_batch_schema, prediction_schema
from app.schemas import exact, row_schema
from core.contract import CategoricalFeature, Contract, NumericFeature, Target, Task
from tests.factories import make_contract


def contract_of(*names: str) -> Contract:
    features = tuple(NumericFeature(name=name, low=0, high=1) for name in names)
    return Contract(features=features, target=Target(name="answer", task=Task.REGRESSION))


def loaded(contract: Contract, row: Any) -> Any:
    return row_schema(contract).load(row)


def problems(contract: Contract, row: Any) -> dict[Any, Any]:
    with pytest.raises(ValidationError) as caught:
        row_schema(contract).load(row)
    return caught.value.messages_dict


@pytest.mark.parametrize(
    "names",
    [
        ("petal.length", "petal.width"),
        ("petal", "petal.length"),
        ("Meta", "load"),
        ("fields", "opts", "context", "error_messages"),
        ("_schema", "feature_1", "feature_0"),
        ("__class__", "__init__", "self"),
        ("Länge (cm)", "monthly spend", "a/b", "日付"),
    ],
)
def test_a_feature_may_have_any_name(names: tuple[str, ...]) -> None:
    row = {name: float(position % 2) for position, name in enumerate(names)}

    assert loaded(contract_of(*names), row) == row


def test_a_fault_names_the_feature_as_the_contract_does() -> None:
    assert problems(contract_of("petal.length", "Meta"), {"petal.length": 7}) == {
        "petal.length": ["takes a number from 0 to 1, found 7"],
        "Meta": ["missing"],
    }


def test_the_internal_name_of_a_field_is_unknown() -> None:
    assert problems(contract_of("a"), {"feature_0": 1}) == {
        "a": ["missing"],
        "feature_0": ["unknown field; /docs lists the fields"],
    }


def test_numbers_become_floats_and_absent_values_stay_absent() -> None:
    row = loaded(make_contract(), {"city": "Oslo"})
    number = loaded(contract_of("a"), {"a": 1})["a"]

    assert row == {"city": "Oslo"}
    assert isinstance(number, float)


def test_a_nullable_category_may_be_null() -> None:
    city = CategoricalFeature(name="city", categories=("Oslo",), nullable=True)
    contract = Contract(features=(city,), target=Target(name="answer", task=Task.REGRESSION))

    assert loaded(contract, {"city": None}) == {"city": None}


def test_a_bound_is_written_out_however_many_digits_it_has() -> None:
    feature = NumericFeature(name="a", low=-0.5, high=12345678.25)
    contract = Contract(features=(feature,), target=Target(name="answer", task=Task.REGRESSION))

    assert problems(contract, {"a": 12345678.5}) == {"a": ["takes a number from -0.5 to 12345678.25, found 12345678.5"]}


@given(st.floats(allow_nan=False))
def test_an_exact_number_reads_back_as_itself(number: float) -> None:
    assert float(exact(number)) == number


@pytest.mark.parametrize(
    ("task", "level", "names"),
    [
        (Task.BINARY, None, {"label", "score"}),
        (Task.MULTICLASS, None, {"label", "scores"}),
        (Task.REGRESSION, None, {"value"}),
        (Task.REGRESSION, 0.9, {"value", "low", "high"}),
    ],
)
def test_an_answer_has_the_fields_of_its_task(task: Task, level: float | None, names: set[str]) -> None:
    contract = make_contract(task)

    asked_for = {"members", "disagreement"}
    found = prediction_schema(contract, level=level)().fields
    assert set(found) == names | asked_for | {"id", "model_tag", "arm", "warnings"}
    assert {name for name, field in found.items() if not field.required} == asked_for
    common = {"model_tag", "arm", "errors", "errors_omitted"}
    assert set(batch_schema(contract, level=level)().fields) == {*common, "predictions"}
    columns = column_batch_schema(contract, level=level)()
    assert set(columns.fields) == {*common, "columns", "warnings"}
    nested = columns.fields["columns"]
    assert isinstance(nested, Nested)
    assert set(nested.schema.fields) == names | asked_for | {"id"}
