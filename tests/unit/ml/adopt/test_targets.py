"""What is predicted, and which columns cannot be."""

from __future__ import annotations

import pytest

from core.contract import Task
from core.errors import DatasetError
from ml.adopt.decisions import TargetDecision, Wishes
from ml.adopt.profile import ColumnProfile
from ml.adopt.targets import decide_target
from tests.unit.ml.adopt.factories import YES_NO, classes_of_numbers, distinct_texts, numbers, texts, times


def _decide(column: ColumnProfile, task: Task | None = None, positive: str | None = None) -> TargetDecision:
    return decide_target(column, Wishes(target=column.name, task=task, positive=positive), "a.csv")


def test_two_texts_are_binary_and_yes_is_positive() -> None:
    decision = _decide(YES_NO)
    assert decision.target.task is Task.BINARY
    assert decision.target.classes == ("no", "yes")
    assert not decision.target.catch_all
    assert decision.classes == (("no", 700), ("yes", 300))
    assert "'yes' is read as the positive one" in decision.reason


@pytest.mark.parametrize(
    ("counts", "positive"),
    [
        ({"0": 300, "1": 700}, "1"),
        ({"false": 300, "true": 700}, "true"),
        ({"N": 300, "Y": 700}, "Y"),
        ({"sunk": 600, "saved": 400}, "saved"),
        ({"a": 500, "b": 500}, "a"),
        ({"-1": 600, "1": 400}, "1"),
    ],
)
def test_the_positive_class_is_spelled_so_or_else_the_rarer(counts: dict[str, int], positive: str) -> None:
    assert _decide(texts("y", counts)).target.classes[1] == positive


def test_that_the_rarer_was_taken_for_positive_is_said() -> None:
    assert "'saved' is the rarer one" in _decide(texts("y", {"sunk": 600, "saved": 400})).reason


def test_a_wished_positive_value_is_taken_and_the_rest_is_its_opposite() -> None:
    assert _decide(YES_NO, positive="no").target.classes == ("yes", "no")
    decision = _decide(texts("y", {"a": 500, "b": 300, "c": 200}), positive="b")
    assert decision.target.classes == ("not b", "b")
    assert decision.target.catch_all
    assert decision.classes == (("not b", 700), ("b", 300))


@pytest.mark.parametrize(
    ("column", "task"),
    [
        (numbers("y", 0, 100, distinct=80), Task.REGRESSION),
        (numbers("y", 0.5, 4.5, distinct=3, whole=False), Task.REGRESSION),
        (numbers("y", 0, 11, distinct=12), Task.REGRESSION),
        (classes_of_numbers("y", {"1": 500, "2": 300, "3": 200}), Task.MULTICLASS),
        (classes_of_numbers("y", {"0.5": 500, "1.5": 500}), Task.BINARY),
        (texts("y", {f"class {code}": 50 for code in range(20)}), Task.MULTICLASS),
    ],
)
def test_the_task_follows_from_the_values(column: ColumnProfile, task: Task) -> None:
    assert _decide(column).target.task is task


def test_few_whole_numbers_are_classes_in_their_order_and_the_other_reading_is_named() -> None:
    decision = _decide(classes_of_numbers("y", {"10": 300, "9": 300, "2": 400}))
    assert decision.target.classes == ("2", "9", "10")
    assert "--task regression" in decision.reason


def test_a_wished_task_is_taken() -> None:
    decision = _decide(classes_of_numbers("y", {"1": 500, "2": 300, "3": 200}), Task.REGRESSION)
    assert decision.target.task is Task.REGRESSION
    assert decision.span == (1, 3)


def test_tiny_classes_are_left_out_and_said() -> None:
    decision = _decide(texts("y", {"a": 500, "b": 400, "c": 91, "d": 9}))
    assert decision.target.classes == ("a", "b", "c")
    assert decision.left_out == (("d", 9),)
    assert decision.rows == 991
    assert any("'d' (9)" in remark for remark in decision.remarks)


def test_classes_that_differ_in_capitals_only_are_pointed_out() -> None:
    decision = _decide(texts("y", {"yes": 300, "no": 400, "Yes": 300}))
    assert decision.target.task is Task.MULTICLASS
    assert "taken for different ones: 'Yes', 'yes'." in decision.remarks[0]


def test_two_classes_beside_tiny_ones_are_binary() -> None:
    decision = _decide(texts("y", {"no": 600, "yes": 395, "perhaps": 5}))
    assert decision.target.task is Task.BINARY
    assert decision.left_out == (("perhaps", 5),)


def test_rows_without_an_outcome_and_a_rare_class_are_said() -> None:
    remarks = _decide(texts("y", {"no": 900, "yes": 20})).remarks
    assert remarks[0] == "80 of 1,000 rows (8 %) have no outcome (empty, or a word such as NA) and are not trained on."
    assert remarks[1].startswith("'yes' is rare: 2.2 % of the rows.")


def test_outliers_and_texts_of_a_number_to_predict_are_said() -> None:
    column = numbers("price", 1, 1_000_000, high_tail=500, unit="$", strange=(("call us", 4),))
    decision = _decide(column)
    assert decision.target.unit == "$"
    assert decision.rows == 996
    assert "4 of 1,000 rows (0.4 %) hold no number as the target ('call us')" in decision.remarks[0]
    assert "from 1 to 1,000,000, but 99.8 % of it lie from 1 to 500" in decision.remarks[1]


@pytest.mark.parametrize(
    ("column", "task", "positive", "words"),
    [
        (texts("y", {"a": 1000}), None, None, "is 'a' in every row; a model needs at least two outcomes"),
        (texts("y", {"a": 400}), None, None, "is 'a' in every row but 600 without an outcome (empty, or a word for"),
        (texts("y", {"a": 30, "b": 30}), None, None, "has a value in 60 rows; training takes at least 100"),
        (distinct_texts("y"), None, None, "texts of 1,000 different values"),
        (texts("y", {"a": 998, "b": 2}), None, None, "has 1 value with 10 rows or more"),
        (texts(" y", {"a": 500, "b": 500}), None, None, "cannot be predicted. Its name cannot be a field of a request"),
        (times("y"), None, None, "holds dates or times; add the number of days"),
        (texts("y", {"a": 500, "b": 500}, dtype="other"), None, None, "holds lists or tables"),
        (YES_NO, Task.REGRESSION, None, "--task regression takes numbers, and the column holds 'no', 'yes'"),
        (texts("y", {"a": 400, "b": 400, "c": 200}), Task.BINARY, None, "--task binary takes two values"),
        (YES_NO, None, "oui", "never is 'oui' (--positive); it is 'no' (700), 'yes' (300)"),
        (YES_NO, Task.REGRESSION, "yes", "--positive belongs to --task binary"),
        (texts("y", {"a": 995, "b": 5}), None, "b", "is 'b' in 5 of 1000 rows"),
    ],
)
def test_what_cannot_be_predicted_is_refused_with_a_sentence(
    column: ColumnProfile, task: Task | None, positive: str | None, words: str
) -> None:
    with pytest.raises(DatasetError) as refused:
        _decide(column, task, positive)
    assert str(refused.value).startswith(f"a.csv: target '{column.name}'")
    assert words in str(refused.value)
