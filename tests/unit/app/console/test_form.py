"""The form's inputs follow from the contract, and what a person types becomes the row that a program would send."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.console.form import FORM, Sent, fields_of, other_problems, read_form, row_of, texts_of
from app.errors import InputFault, MalformedRequest, WrongMediaType
from core.contract import CategoricalFeature, Contract, Feature, NumericFeature, Task
from tests.factories import TARGETS, make_contract

CONTRACT = make_contract()


def one(feature: Feature) -> Contract:
    return Contract(features=(feature,), target=TARGETS[Task.BINARY])


def city(*categories: str) -> Contract:
    return one(CategoricalFeature(name="city", categories=categories))


def sent(data: dict[str, str], contract: Contract = CONTRACT, **options: object) -> dict[str, str]:
    with Flask(__name__).test_request_context("/try", method="POST", data=data, **options):
        return dict(read_form(contract, max_bytes=10_000).texts)


def test_a_number_has_its_bounds_and_unit_and_a_category_its_choices() -> None:
    age, place = fields_of(CONTRACT, {"age": "30", "city": "Oslo"})
    assert (age.kind, age.low, age.high, age.unit, age.text, age.is_nullable) == ("number", "0", "120", "a", "30", True)
    assert (place.kind, place.choices, place.text, place.is_nullable) == ("choice", ("Oslo", "Rome"), "Oslo", False)


def test_of_many_categories_the_page_suggests() -> None:
    (field,) = fields_of(city(*(f"c{number}" for number in range(1000))), {})
    assert (field.kind, len(field.choices)) == ("text", 500)
    assert field.takes.endswith("c11 and 988 more")


def test_what_is_no_category_or_no_number_stays_in_its_input() -> None:
    age, place = fields_of(CONTRACT, {"age": "old", "city": "Bern"})
    assert [(field.kind, field.text) for field in (age, place)] == [("text", "old"), ("text", "Bern")]


@pytest.mark.parametrize(
    ("typed", "kind", "shown"),
    [("5.", "number", "5"), (" +5 ", "number", "5"), ("-.5e1", "number", "-5"), ("1e999", "text", "1e999")],
)
def test_an_input_of_numbers_holds_what_a_browser_shows_in_one(typed: str, kind: str, shown: str) -> None:
    age, _ = fields_of(CONTRACT, {"age": typed})
    assert (age.kind, age.text) == (kind, shown)


def test_each_fault_stands_beside_its_input_and_the_others_apart() -> None:
    faults = [
        InputFault(field="age", problem="a"),
        InputFault(field="age", problem="b"),
        InputFault(field="x", problem="c"),
        InputFault(problem="d"),
    ]
    age, place = fields_of(CONTRACT, {}, faults)
    assert (age.problems, place.problems) == (("a", "b"), ())
    assert other_problems(CONTRACT, faults) == ["x: c", "d"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("30", 30.0), (" 30 ", 30.0), ("-.5e1", -5.0), ("5.", 5.0), ("old", "old"), ("nan", "nan"), ("inf", "inf"),
     ("1e999", "1e999"), ("1_0", "1_0"), ("٣", "٣"), ("1,5", "1,5"), ("true", "true")],
)  # fmt: skip
def test_only_what_reads_as_a_number_is_sent_as_one(text: str, value: float | str) -> None:
    assert row_of(CONTRACT, {"age": text}) == {"age": value}


def test_an_empty_input_sends_nothing() -> None:
    assert row_of(CONTRACT, {"age": "", "city": "Oslo"}) == {"city": "Oslo"}


def test_a_category_that_looks_like_a_number_stays_a_text() -> None:
    assert row_of(city("1", "2"), {"city": "1"}) == {"city": "1"}


@pytest.mark.parametrize("category", ["a\nb", "a\rb", "a\r\nb", " a ", "<b>"])
def test_a_category_comes_back_as_the_contract_has_it(category: str) -> None:
    contract = city("other", category)
    # As a browser sends it.
    text = category.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    assert row_of(contract, sent({"value.city": text}, contract)) == {"city": category}


@given(value=st.floats(-1e38, 1e38))
def test_a_number_that_the_page_shows_comes_back_the_same(value: float) -> None:
    contract = one(NumericFeature(name="x", low=-1e38, high=1e38))
    (field,) = fields_of(contract, texts_of({"x": value}))
    assert field.kind == "number"
    assert row_of(contract, {"x": field.text}) == {"x": value}


def test_what_the_page_did_not_ask_for_is_left_to_the_api_to_refuse() -> None:
    assert row_of(CONTRACT, sent({"value.x": "1", "age": "2"})) == {"x": "1"}


def test_a_form_of_another_type_or_of_too_many_inputs_is_refused() -> None:
    with pytest.raises(WrongMediaType):
        sent({"value.age": "1"}, content_type="multipart/form-data")
    with pytest.raises(MalformedRequest, match="more than 12 inputs"):
        sent({f"value.{number}": "" for number in range(20)})


def test_bytes_that_are_no_text_are_no_error() -> None:
    data = b"value.city=%ff\xff&key=%fe"
    with Flask(__name__).test_request_context("/try", method="POST", data=data, content_type=FORM):
        form = read_form(CONTRACT, max_bytes=10_000)
    assert (form.texts["city"], form.key) == ("\ufffd\ufffd", "\ufffd")


def test_a_key_is_not_shown_with_what_else_was_sent() -> None:
    assert "hunter2" not in repr(Sent(key="hunter2", texts={}))
