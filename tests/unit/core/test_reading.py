"""Reading a parsed document: one pass names every place that is wrong."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelFileError
from core.reading import Table, read_model_file

# The value at the key, the type that is asked for, what is said about it.
WRONG = [
    (7, str, "takes text, found 7"),
    ("yes", bool, "takes true or false, found 'yes'"),
    (1, bool, "takes true or false, found 1"),
    (True, int, "takes a whole number, found True"),
    (1.5, int, "takes a whole number, found 1.5"),
    (True, float, "takes a number, found True"),
    ("1.5", float, "takes a number, found '1.5'"),
    (math.nan, float, "takes a number, found nan"),
    (-math.inf, float, "takes a number, found -inf"),
    (10**400, float, "takes a number, found inf"),
    ("a", list, "takes a list, found 'a'"),
    ([], dict, "takes a table, found []"),
    ("x" * 100, int, f"takes a whole number, found '{'x' * 56}..."),
]

RIGHT = [("a", str), (False, bool), (3, int), (1.5, float), ([1], list), ({"a": 1}, dict)]


def faults(table: Table) -> list[str]:
    return [str(fault) for fault in table.faults]


@pytest.mark.parametrize(("value", "kind"), RIGHT)
def test_a_value_of_the_right_type_is_given_as_it_is(value: Any, kind: type[Any]) -> None:
    table = Table({"key": value})
    assert table.get("key", kind) == value
    assert table.faults == []


@pytest.mark.parametrize(("value", "kind", "problem"), WRONG)
def test_a_value_of_the_wrong_type_is_a_fault_and_reads_as_nothing(value: Any, kind: type[Any], problem: str) -> None:
    table = Table({"key": value})
    assert table.get("key", kind) == kind()
    assert faults(table) == [f"key: {problem}"]


def test_a_whole_number_is_taken_where_a_number_is_wanted() -> None:
    value = Table({"low": 3}).get("low", float)
    assert (value, type(value)) == (3.0, float)


def test_an_absent_key_gives_the_default() -> None:
    table = Table({})
    assert table.get("seed", int, 5) == 5
    assert table.faults == []


def test_an_absent_key_without_default_is_a_fault() -> None:
    table = Table({})
    assert table.get("seed", int) == 0
    assert faults(table) == ["seed: missing; it takes a whole number"]


def test_a_misspelt_key_is_named_with_those_that_are_known() -> None:
    table = Table({"nullabel": True, "name": "age"})
    table.reject_unknown({"name", "nullable"})
    assert faults(table) == ["nullabel: unknown key; known here: name, nullable"]


def test_a_choice_gives_the_chosen_word() -> None:
    assert Table({"rule": "f1"}).choice("rule", ["cost", "f1"]) == "f1"


def test_an_absent_choice_gives_its_default() -> None:
    assert Table({}).choice("rule", ["cost", "f1"], "f1") == "f1"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"rule": "mean"}, "rule: takes one of cost, f1, found 'mean'"),
        ({"rule": 1}, "rule: takes text, found 1"),
        ({"rule": ""}, "rule: takes one of cost, f1, found ''"),
        ({}, "rule: missing; it takes text"),
    ],
)
def test_a_wrong_choice_is_one_fault_and_reads_as_the_first(values: dict[str, Any], problem: str) -> None:
    table = Table(values)
    assert table.choice("rule", ["cost", "f1"]) == "cost"
    assert faults(table) == [problem]


def test_texts_keep_their_order() -> None:
    assert Table({"classes": ["b", "a"]}).texts("classes") == ("b", "a")


def test_every_item_that_is_no_text_is_named_by_its_number() -> None:
    table = Table({"classes": ["a", 1, "b", None]})
    assert table.texts("classes") == ("a", "b")
    assert faults(table) == ["classes[1]: takes text, found 1", "classes[3]: takes text, found None"]


def test_faults_of_a_sub_table_are_placed_below_it() -> None:
    table = Table({"split": {"holdout": 20}})
    table.table("split").get("holdout", str)
    assert faults(table) == ["split.holdout: takes text, found 20"]


def test_an_absent_sub_table_is_a_fault_unless_it_is_optional() -> None:
    table = Table({})
    assert table.table("training", optional=True).values == {}
    assert table.table("target").values == {}
    assert faults(table) == ["target: missing; it takes a table"]


def test_tables_of_a_list_are_placed_by_their_number() -> None:
    table = Table({"features": [{"name": "a"}, {"name": 1}]}, "contract")
    names = [each.get("name", str) for each in table.tables("features")]
    assert names == ["a", ""]
    assert faults(table) == ["contract.features[1].name: takes text, found 1"]


def test_an_item_that_is_no_table_is_left_out_and_named() -> None:
    table = Table({"features": ["age", {"name": "a"}]})
    assert len(table.tables("features")) == 1
    assert faults(table) == ["features[0]: takes a table, found 'age'"]


def test_the_place_of_a_whole_table_has_no_dot_at_its_end() -> None:
    assert Table({}, "dataset").at("") == "dataset"


@pytest.mark.parametrize("value", [0, 0.25, 1])
def test_a_number_within_its_bounds_is_given(value: float) -> None:
    assert Table({"share": value}).number("share", 0.5, 0, 1) == value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-0.1, "takes a number from 0 to 1, found -0.1"),
        (2, "takes a number from 0 to 1, found 2"),
        (math.nan, "takes a number, found nan"),
        (False, "takes a number, found False"),
    ],
)
def test_a_number_outside_its_bounds_is_one_fault_and_reads_as_the_default(value: float, problem: str) -> None:
    table = Table({"share": value})
    assert table.number("share", 0.5, 0, 1) == 0.5
    assert faults(table) == [f"share: {problem}"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (0, "takes a whole number from 1 to 1000000, found 0"),
        (10**400, f"takes a whole number from 1 to 1000000, found 1{'0' * 56}..."),
        (2.0, "takes a whole number, found 2.0"),
        (False, "takes a whole number, found False"),
    ],
)
def test_a_whole_number_outside_its_bounds_is_one_fault(value: float, problem: str) -> None:
    table = Table({"trials": value})
    assert table.whole_number("trials", 10, 1, 1_000_000) == 10
    assert faults(table) == [f"trials: {problem}"]


def test_absent_numbers_read_as_their_defaults() -> None:
    table = Table({})
    assert (table.number("share", 0.5, 0, 1), table.whole_number("trials", 10, 1, 20)) == (0.5, 10)
    assert table.faults == []


@pytest.mark.parametrize(
    ("values", "chosen", "problems"),
    [
        ({}, ("b",), []),
        ({"days": ["c", "a"]}, ("a", "c"), []),
        ({"days": ["a", "d"]}, ("a",), ["days[1]: takes one of a, b, c, found 'd'"]),
        ({"days": ["a", "a"]}, ("a",), ["days: takes at least one of a, b, c, each once"]),
        ({"days": []}, (), ["days: takes at least one of a, b, c, each once"]),
        ({"days": ["a", 1]}, ("b",), ["days[1]: takes text, found 1"]),
        ({"days": "a"}, ("b",), ["days: takes a list, found 'a'"]),
    ],
)
def test_choices_come_in_the_order_of_what_may_be_chosen(
    values: dict[str, Any], chosen: tuple[str, ...], problems: list[str]
) -> None:
    table = Table(values)
    assert table.choices("days", "abc", ("b",)) == chosen
    assert faults(table) == problems


@pytest.mark.parametrize("text", ["a = ", "a = " + "9" * 5000, "a = " + "[" * 5000, "\x00"])
def test_what_the_parser_cannot_take_is_said_not_to_be_toml(text: str, tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text(text)
    with pytest.raises(ModelFileError, match="file: is not TOML"):
        read_model_file(tmp_path / "model.toml")


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"file: cannot be read \(Is a directory\)"):
        read_model_file(tmp_path)
