from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import CategoricalFeature, Contract, DriftRole, NumericFeature
from core.reference import CategoricalReference, Reference
from drift.simulation.choice import GRAMMAR, parse_fault, usual_faults
from drift.simulation.faults import Absent, Constant, Fault, Missing, NewCategory, Shift, Swap, Unit
from tests.factories import make_contract, make_reference

ROOT = Path(__file__).resolve().parents[4]
DOCUMENT = (ROOT / "docs/drift.md").read_text()
CONTRACT = make_contract()
DOCUMENTED = replace(
    CONTRACT,
    features=(
        *(NumericFeature(name=name, low=0, high=1000) for name in ("distance", "spend", "temperature", "seats")),
        CategoricalFeature(name="plan", categories=("basic", "plus", "pro")),
    ),
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).filter(bool)
SHARES = st.floats(0, 1, exclude_min=True)


def with_names(number: str, text: str, *categories: str) -> Contract:
    features = (
        NumericFeature(name=number, low=0, high=1),
        CategoricalFeature(name=text, categories=categories or ("a", "b")),
    )
    return replace(CONTRACT, features=features)


def counted(counts: dict[str, int]) -> Reference:
    cities = CategoricalReference(count=sum(counts.values()), missing=0, counts=counts)
    return msgspec.structs.replace(make_reference(), categorical={"city": cities})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("unit:age:0.45", Unit(column="age", factor=0.45)),
        ("unit:age:0.45:0.1", Unit(column="age", factor=0.45, share=0.1)),
        ("shift:age:-0.25", Shift(column="age", sds=-0.25)),
        ("missing:city:0.05", Missing(column="city", share=0.05)),
        ("new:city:1", NewCategory(column="city", share=1)),
        ("swap:city:Oslo:Rome", Swap(column="city", first="Oslo", second="Rome")),
        ("absent:age", Absent(column="age")),
        ("constant:city", Constant(column="city")),
    ],
)
def test_each_fault_has_a_text(text: str, fault: Fault) -> None:
    assert parse_fault(text, CONTRACT) == fault
    assert f"\n{fault.word}:COLUMN" in f"\n{GRAMMAR}"


@pytest.mark.parametrize("text", re.findall(r"^\| `(\w+:[^`]+)` \|", DOCUMENT, re.MULTILINE))
def test_the_faults_in_the_document_are_faults(text: str) -> None:
    assert parse_fault(text, DOCUMENTED).word == text.partition(":")[0]


def test_names_may_hold_spaces_and_in_quotes_colons() -> None:
    contract = with_names("time: local", 'monthly "spend"', "a:b", "c")

    assert parse_fault('unit:"time: local":2', contract) == Unit(column="time: local", factor=2)
    swap = parse_fault('swap:"monthly ""spend""":"a:b":c', contract)
    assert swap == Swap(column='monthly "spend"', first="a:b", second="c")


@given(
    names=st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True),
    categories=st.lists(st.text(), min_size=2, max_size=2, unique=True),
    number=NUMBERS,
    share=SHARES,
)
def test_names_may_hold_anything(names: list[str], categories: list[str], number: float, share: float) -> None:
    faults: dict[tuple[str, ...], Fault] = {
        ("unit", names[0], repr(number), repr(share)): Unit(column=names[0], factor=number, share=share),
        ("shift", names[0], repr(number)): Shift(column=names[0], sds=number),
        ("missing", names[1], repr(share)): Missing(column=names[1], share=share),
        ("new", names[1], repr(share)): NewCategory(column=names[1], share=share),
        ("swap", names[1], *categories): Swap(column=names[1], first=categories[0], second=categories[1]),
        ("absent", names[0]): Absent(column=names[0]),
        ("constant", names[1]): Constant(column=names[1]),
    }
    contract = with_names(names[0], names[1], *categories)
    for fields, fault in faults.items():
        written = io.StringIO()
        csv.writer(written, delimiter=":").writerow(fields)
        assert parse_fault(written.getvalue().removesuffix("\r\n"), contract) == fault


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "takes fields parted by colons, such as unit:distance:0.45"),
        ('"unit', "takes fields parted by colons"),
        ("a\nb", "takes fields parted by colons"),
        ("units:age:2", "begins with one of unit, shift, missing, new, swap, absent, constant, found 'units'"),
        ("unit:age", "takes the form unit:COLUMN:FACTOR or COLUMN:FACTOR:SHARE; what holds a colon is put in quotes"),
        ("unit:age:2:0.1:3", "takes the form unit:COLUMN:FACTOR"),
        ("absent", "takes the form absent:COLUMN;"),
        ("absent:time: local", "takes the form absent:COLUMN; what holds a colon is put in quotes"),
        ("absent:aeg", "there is no column 'aeg'; it can befall: age, city"),
        ("unit:city:2", "'city' is categorical; it can befall: age"),
        ("new:age:0.1", "'age' is numeric; it can befall: city"),
        ("unit:age:0", "the factor takes a finite number other than 0, such as 0.45, found '0'"),
        ("unit:age:nan", "the factor takes a finite number other than 0, such as 0.45, found 'nan'"),
        ("unit:age:0,45", "the factor takes a finite number other than 0, such as 0.45, found '0,45'"),
        ("unit:age:2:1.5", "the share takes a number above 0 and up to 1, such as 0.05 for 5 %, found '1.5'"),
        ("shift:age:inf", "the standard deviations take a finite number, such as 0.25 or -0.25, found 'inf'"),
        ("missing:age:0", "the share takes a number above 0 and up to 1, such as 0.05 for 5 %, found '0'"),
        ("new:city:5%", "the share takes a number above 0 and up to 1, such as 0.05 for 5 %, found '5%'"),
        ("swap:city:Oslo:Olso", "'city' has no category 'Olso'; it has: Oslo, Rome"),
        ("swap:city:Oslo:Oslo", "the two categories must differ, found 'Oslo' twice"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_would_be_right(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^fault ") as caught:
        parse_fault(text, CONTRACT)
    assert sentence in str(caught.value)


def test_columns_are_listed_as_they_have_to_be_written() -> None:
    with pytest.raises(ValueError, match=r'it can befall: "time: local", city$'):
        parse_fault("absent:time", with_names("time: local", "city"))


def test_a_contract_without_such_a_column_says_so() -> None:
    contract = replace(CONTRACT, features=CONTRACT.features[:1])
    with pytest.raises(ValueError, match=r"it can befall: no column of this contract$"):
        parse_fault("new:age:0.1", contract)


def test_the_usual_faults_are_of_every_column() -> None:
    texts = [
        "unit:age:0.45",
        "shift:age:0.25",
        "missing:age:0.05",
        "new:city:0.01",
        "new:city:0.05",
        "swap:city:Oslo:Rome",
        "missing:city:0.05",
    ]
    assert usual_faults(CONTRACT, make_reference()) == [parse_fault(text, CONTRACT) for text in texts]


def test_the_usual_swap_is_of_the_two_most_frequent_categories_of_the_contract() -> None:
    contract = with_names("age", "city", "Bern", "Kyiv", "Oslo", "Rome")
    counts = {"Kyiv": 5, "Oslo": 7, "Rome": 5, "elsewhere": 9}
    reference = counted(counts)

    swaps = [fault for fault in usual_faults(contract, reference) if isinstance(fault, Swap)]
    assert swaps == [Swap(column="city", first="Oslo", second="Kyiv")]
    assert not [fault for fault in usual_faults(contract, counted({"Oslo": 7})) if isinstance(fault, Swap)]


def test_a_calendars_columns_have_no_usual_faults() -> None:
    age, city = CONTRACT.features
    features = (replace(age, drift=DriftRole.CALENDAR), replace(city, drift=DriftRole.SEASONAL))
    faults = usual_faults(replace(CONTRACT, features=features), make_reference())

    assert {fault.column for fault in faults} == {"city"}
