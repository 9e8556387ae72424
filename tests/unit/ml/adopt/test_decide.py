"""A whole table, decided."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from core.contract import Task
from core.errors import DatasetError
from ml.adopt.decide import decide, without_late_classes
from ml.adopt.decisions import Decisions, Wishes
from ml.adopt.profile import ColumnProfile
from tests.unit.ml.adopt.factories import YES_NO, distinct_texts, numbers, table, texts, times

AGE = numbers("age", 18, 90)
PLAN = texts("plan", {"basic": 600, "pro": 400})


def _decide(*columns: ColumnProfile, sample: pl.DataFrame | None = None, **wishes: Any) -> Decisions:
    return decide(table(*columns, sample=sample), Wishes(target="left", **wishes))


def _left_out(decisions: Decisions) -> dict[str, str]:
    return {each.name: each.reason for each in decisions.left_out}


def test_features_and_what_is_left_out_come_in_the_order_of_the_table() -> None:
    decisions = _decide(distinct_texts("mail"), AGE, YES_NO, texts("x", {"a": 1000}), PLAN)
    assert decisions.contract.names == ("age", "plan")
    assert list(_left_out(decisions)) == ["mail", "x"]
    assert decisions.contract.target.task is Task.BINARY


def test_the_time_column_is_no_feature_and_its_form_goes_into_the_tables() -> None:
    decisions = _decide(times("at", form="%d.%m.%Y"), AGE, YES_NO)
    assert decisions.time.name == "at"
    assert decisions.form.time_format == "%d.%m.%Y"
    assert decisions.contract.names == ("age",)


def test_other_dates_are_left_out_with_advice() -> None:
    decisions = _decide(times("at", rising=True), times("birth_date"), AGE, YES_NO)
    assert "add the number of days" in _left_out(decisions)["birth_date"]


def test_what_is_to_be_dropped_is_left_out_and_what_is_to_be_kept_stays() -> None:
    decisions = _decide(AGE, PLAN, distinct_texts("mail", rows=1000), YES_NO, drop=("plan",), keep=())
    assert _left_out(decisions)["plan"] == "It was named by --drop."
    number = numbers("id", 1, 1000, distinct=1000, rising=True)
    assert "id" in _decide(AGE, number, YES_NO, keep=("id",)).contract.names


def test_names_of_rows_are_left_out_unless_they_are_to_be_kept() -> None:
    rows = texts("(unnamed)", {"here": 500, "there": 500})
    decisions = _decide(rows, AGE, YES_NO)
    assert decisions.contract.names == ("age",)
    assert "The first column has no name in the head" in _left_out(decisions)["(unnamed)"]
    assert _decide(rows, AGE, YES_NO, keep=("(unnamed)",)).contract.names == ("(unnamed)", "age")


def test_days_of_rows_under_no_name_are_their_times() -> None:
    decisions = _decide(times("(unnamed)"), AGE, YES_NO)
    assert decisions.time.name == "(unnamed)"
    assert decisions.left_out == ()


def test_a_column_that_equals_an_earlier_one_is_left_out() -> None:
    sample = pl.DataFrame({"age": ["1", None, "3"], "years": ["1", None, "3"], "other": ["1", "2", "3"]})
    columns = (AGE, numbers("years", 18, 90), numbers("other", 18, 90), YES_NO)
    assert _left_out(_decide(*columns, sample=sample)) == {"years": "It equals 'age' in every row."}
    assert _left_out(_decide(*columns, sample=sample, keep=("years",))) == {}


def test_faulty_values_raise_the_share_of_rows_that_may_be_faulty() -> None:
    assert _decide(AGE, YES_NO).max_faulty_share == 0.01
    assert _decide(numbers("age", 18, 90, strange=(("old", 5),)), YES_NO).max_faulty_share == 0.01
    decisions = _decide(numbers("age", 18, 90, strange=(("old", 9),)), YES_NO)
    assert decisions.max_faulty_share == 0.02
    assert "Up to 9 of 1,000 rows" in decisions.remarks[-1]


def test_faulty_values_are_a_share_of_the_rows_with_an_outcome() -> None:
    few = texts("left", {"yes": 50, "no": 50})
    assert _decide(numbers("age", 18, 90, strange=(("old", 2),)), few).max_faulty_share == 0.04


def test_texts_among_the_numbers_to_predict_count_as_faulty() -> None:
    price = numbers("left", 1, 900, strange=(("dear", 9),))
    assert _decide(AGE, price).max_faulty_share == 0.02


def test_only_words_of_columns_that_are_kept_stand_for_nothing() -> None:
    x, dash = (numbers(name, 18, 90, missing=9, spellings={word: 9}) for name, word in (("age", "x"), ("size", "-")))
    assert _decide(x, dash, YES_NO).form.missing == ("-", "x")
    assert _decide(x, dash, YES_NO, drop=("age",)).form.missing == ("-",)


def test_an_opposite_that_stands_for_nothing_elsewhere_is_said_to_be_lost() -> None:
    outcome = texts("left", {"yes": 500, "no": 400, "x": 100})
    target = _decide(numbers("age", 18, 90, missing=9, spellings={"x": 9}), outcome, positive="yes").target
    assert (target.rows, target.classes) == (900, (("not yes", 400), ("yes", 500)))
    assert "Rows whose outcome is 'x' are not trained on" in target.remarks[-1]
    assert _decide(AGE, outcome, positive="yes").target.rows == 1000


def test_columns_that_would_cost_too_many_rows_together_are_left_out() -> None:
    columns = [numbers(f"n{number}", 18, 90, strange=(("old", 10),)) for number in range(9)]
    assert len(_left_out(_decide(*columns, YES_NO))) == 4


def test_the_gate_judges_by_few_large_groups() -> None:
    big = {"left": 70_000, "right": 30_000}
    columns = [texts(name, big, rows=100_000) for name in ("a", "b", "c")]
    rare = texts("rare", {"x": 99_000, "y": 1_000}, rows=100_000)
    weekday = texts("weekday", {"Mon": 50_000, "Tue": 50_000}, rows=100_000)
    outcome = texts("left", big, rows=100_000)
    assert _decide(rare, weekday, *columns, outcome).segments == ("a", "b")
    assert _decide(AGE, PLAN, YES_NO).segments == ()


@pytest.mark.parametrize(("rows", "shares"), [(120, (25, 25)), (180, (20, 20)), (1000, (20, 15))])
def test_a_small_table_gives_more_of_its_rows_to_be_judged_by(rows: int, shares: tuple[int, int]) -> None:
    outcome = texts("left", {"no": rows // 2, "yes": rows // 2}, rows=rows)
    assert _decide(numbers("age", 18, 90, rows=rows), outcome).shares == shares


def test_a_huge_table_gets_fewer_trials() -> None:
    huge = [numbers("age", 1, 9, rows=2_000_000), texts("left", {"yes": 900_000, "no": 1_100_000}, rows=2_000_000)]
    assert _decide(*huge).trials == 4
    assert _decide(AGE, YES_NO).trials == 10


def test_duplicates_and_an_open_choice_of_times_are_remarks() -> None:
    profile = table(times("paid"), times("ordered"), AGE, YES_NO, duplicates=40, remarks=("Read as decimal.",))
    remarks = decide(profile, Wishes(target="left")).remarks
    assert remarks[0] == "Read as decimal."
    assert "--time-column" in remarks[1]
    assert remarks[2].startswith("40 of 1,000 rows (4 %) equal an earlier row")
    assert decide(table(AGE, YES_NO, duplicates=9), Wishes(target="left")).remarks == ()


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"drop": ("agee",)}, "has no column 'agee' (--drop); did you mean 'age'?"),
        ({"time_column": "xyz"}, "has no column 'xyz' (--time-column); its columns are 'age', 'plan', 'left'"),
        ({"drop": ("left",)}, "column 'left' is named by more than one of"),
        ({"drop": ("age",), "keep": ("age",)}, "column 'age' is named by more than one of"),
        ({"drop": ("age", "plan")}, "no column is left to predict 'left' from"),
    ],
)
def test_a_wish_that_cannot_be_followed_is_refused(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(DatasetError) as refused:
        _decide(AGE, PLAN, YES_NO, **wishes)
    assert words in str(refused.value)


def test_a_column_that_cannot_be_kept_is_refused_with_the_reason() -> None:
    with pytest.raises(DatasetError, match="'birth_date' cannot be kept: It holds dates or times"):
        _decide(times("birth_date"), AGE, YES_NO, keep=("birth_date",))


def test_classes_that_begin_after_training_ends_are_left_out() -> None:
    kinds = texts("left", {"a": 500, "b": 400, "c": 100})
    decisions = without_late_classes(_decide(times("at"), AGE, kinds), {"a": 300, "b": 300})
    assert decisions.target.target.classes == ("a", "b")
    assert decisions.target.left_out == (("c", 100),)
    assert decisions.target.rows == 900
    assert "'c' are not trained on: nearly all of them are among the newest rows" in decisions.remarks[0]
    assert without_late_classes(decisions, {"a": 300, "b": 300}) == decisions


def test_one_of_two_classes_that_begins_after_training_ends_is_said() -> None:
    before = _decide(times("at"), AGE, YES_NO)
    decisions = without_late_classes(before, {"no": 650})
    assert decisions.target == before.target
    assert "outcome is 'yes' are among the newest, on which nothing is fitted" in decisions.remarks[0]
    assert "leave 'at' out with --drop" in decisions.remarks[0]
