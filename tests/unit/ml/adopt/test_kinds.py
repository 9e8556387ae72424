"""What one column is, told by its own values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.contract import CategoricalFeature, DriftRole, NumericFeature
from ml.adopt.decisions import FeatureDecision, LeftOut
from ml.adopt.kinds import describe
from ml.adopt.profile import ColumnProfile
from tests.unit.ml.adopt.factories import classes_of_numbers, distinct_texts, numbers, texts, times


def _feature(column: ColumnProfile) -> FeatureDecision:
    decision = describe(column, is_kept=False)
    assert isinstance(decision, FeatureDecision), decision
    return decision


def _categories(column: ColumnProfile) -> tuple[str, ...]:
    feature = _feature(column).feature
    assert isinstance(feature, CategoricalFeature)
    return feature.categories


def test_numbers_are_numeric_with_a_margin() -> None:
    decision = _feature(numbers("age", 18, 90))
    assert decision.feature == NumericFeature(name="age", low=0, high=130)
    assert decision.reason == "Whole numbers from 18 to 90."


def test_what_is_missing_may_be_null_and_its_spelling_is_said() -> None:
    decision = _feature(numbers("age", 18, 90, missing=12, spellings={"-": 12}))
    assert decision.feature.nullable
    assert "12 of 1,000 rows (1.2 %) have none, some written as '-', so callers may send null." in decision.reason


@pytest.mark.parametrize(("unit", "high"), [("%", 100.0), ("$", 140.0)])
def test_a_unit_that_is_written_with_the_numbers_is_theirs(unit: str, high: float) -> None:
    feature = _feature(numbers("rate", 0, 90, unit=unit)).feature
    assert feature == NumericFeature(name="rate", unit=unit, low=0, high=high if unit == "%" else 140)


def test_a_few_texts_among_numbers_cost_their_rows_and_are_said() -> None:
    decision = _feature(numbers("age", 18, 90, strange=(("old", 4), ("young", 1))))
    assert isinstance(decision.feature, NumericFeature)
    assert decision.faulty == 5
    assert "5 of 1,000 rows (0.5 %) hold something else ('old', 'young')" in decision.reason


def test_many_texts_among_numbers_make_categories() -> None:
    top = (("ground", 300), ("1", 200), ("2", 5))
    column = numbers("floor", 1, 9, distinct=10, strange=(("ground", 300),), top=top)
    assert "ground" in _categories(column)


def test_codes_with_leading_zeros_stay_texts() -> None:
    counts = {f"0{code}": 100 for code in range(1, 11)}
    column = classes_of_numbers("plz", counts)
    assert column.numbers is not None
    padded = numbers("plz", 1, 10, distinct=10, padded=1000, top=column.top)
    assert _categories(padded) == tuple(sorted(counts, key=int))
    assert _feature(padded).reason.startswith("Codes of 10 values")


def test_an_outlier_is_pointed_out() -> None:
    (remark,) = _feature(numbers("age", 0, 99_999, high_tail=90)).remarks
    assert "'age' holds 99,999, far from all but one in a thousand values (0 to 90)" in remark


def test_all_of_few_texts_are_listed_in_order() -> None:
    decision = _feature(texts("plan", {"pro": 50, "basic": 949, "plus": 1}))
    assert decision.feature == CategoricalFeature(name="plan", categories=("basic", "plus", "pro"))
    assert decision.reason == "Texts of 3 values: 'basic' 95 %, 'pro' 5 %, 'plus' 0.1 %."


def test_of_many_texts_the_frequent_are_listed_and_the_share_of_the_rest_is_said() -> None:
    counts = {f"town {number:04}": max(1, 2000 // (number + 1)) for number in range(1000)}
    column = texts("town", counts, rows=sum(counts.values()))
    assert len(_categories(column)) == 100
    assert "Listed are the 100 with 20 rows or more" in _feature(column).reason
    assert "are scored as unseen" in _feature(column).reason


def test_at_most_two_hundred_texts_are_listed() -> None:
    counts = {f"town {number:04}": 30 for number in range(500)}
    decision = _feature(texts("town", counts, rows=15_000))
    assert len(_categories(texts("town", counts, rows=15_000))) == 200
    assert "too rare to be listed" in decision.remarks[0]


def test_texts_that_are_too_long_to_be_sent_are_not_listed() -> None:
    assert _categories(texts("x", {"a": 500, "b" * 201: 500})) == ("a",)


@pytest.mark.parametrize(
    ("column", "natural"),
    [
        (numbers("month", 1, 12, distinct=12), (1, 12)),
        (numbers("pickup_hour", 0, 23, distinct=24), (0, 24)),
        (numbers("dayOfWeek", 0, 6, distinct=7), (0, 7)),
        (numbers("day", 1, 31, distinct=31), (1, 31)),
    ],
)
def test_a_number_of_the_calendar_is_told_by_name_and_values(
    column: ColumnProfile, natural: tuple[float, float]
) -> None:
    feature = _feature(column).feature
    assert isinstance(feature, NumericFeature)
    assert feature.drift is DriftRole.CALENDAR
    assert (feature.low, feature.high) == natural


@pytest.mark.parametrize("column", [numbers("months", 0, 72), numbers("month", 0, 72), numbers("hourly rate", 1, 9)])
def test_a_name_alone_makes_no_calendar(column: ColumnProfile) -> None:
    assert _feature(column).feature.drift is DriftRole.TESTED


def test_values_that_differ_in_spaces_or_capitals_only_are_pointed_out() -> None:
    assert _feature(texts("plan", {"a b": 500, "a c": 500})).remarks == ()
    (remark,) = _feature(texts("plan", {"Basic": 400, "basic ": 300, "pro": 300})).remarks
    assert "taken for different ones: 'Basic', 'basic '. If they mean the same" in remark


def test_a_word_for_nothing_that_may_be_a_category_is_pointed_out() -> None:
    decision = _feature(texts("country", {"NO": 500, "US": 300}, nothings={"NA": 200}))
    assert "200 of 1,000 rows (20 %) have none, some written as 'NA', so callers may send null." in decision.reason
    (remark,) = decision.remarks
    assert remark.startswith("'country' is 'NA' in 200 of 1,000 rows (20 %), which is read as nothing")


def test_weekdays_are_a_calendar_in_their_own_order() -> None:
    column = texts("d", {"Sun": 100, "Fri": 400, "Mon": 500})
    assert _categories(column) == ("Mon", "Fri", "Sun")
    assert _feature(column).feature.drift is DriftRole.CALENDAR


def test_a_nearly_constant_column_is_kept_and_said() -> None:
    decision = _feature(texts("flag", {"no": 9_995, "yes": 5}, rows=10_000))
    assert decision.remarks[0].startswith("'flag' is 'no' in 9,995 of 10,000 rows (more than 99.9 %)")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (texts("x", {"a": 1000}), "It is 'a' in every row."),
        (texts("x", {"a": 995}), "in all rows but 5"),
        (texts("x", {}), "No row has a value."),
        (texts("x", {"a": 4, "b": 4}), "Only 8 of 1,000 rows (0.8 %) have a value"),
        (texts("x", {"[1]": 500, "[2]": 500}, dtype="other"), "It holds lists or tables"),
        (times("birthday"), "It holds dates or times, which are no features"),
        (distinct_texts("mail"), "It names the rows: there are 1,000 values in 1,000 rows."),
        (distinct_texts("note", mean_words=9.0), "It holds free text (9 words in the mean"),
        (numbers("n", 1, 1000, distinct=1000, rising=True), "It numbers the rows"),
        (numbers("customer_id", 10_000, 99_999, distinct=990), "It names things and measures nothing"),
        (numbers("ratio", 0, 1, count=900, dtype="number"), "It is infinite in 100 of 1,000 rows (10 %)"),
        (replace(texts("ratio", {"inf": 1000}), dtype="number"), "It is infinite in 1,000 of 1,000 rows"),
        (times("paid", count=980), "It holds dates or times, but for 20 of 1,000 rows (2 %): leave those cells empty"),
        (numbers(" age", 1, 90), "rename it"),
        (numbers("slipway x", 1, 90), "reserved: rename it"),
        (numbers("*", 1, 90), "Its name is a pattern for what reads tables: rename it."),
        (numbers("x", 1, 1e39), "beyond 1e+38"),
        (texts("x", {"0,5": 20, **{f"{number},5": 2 for number in range(1, 236)}}, rows=600), "If they are numbers"),
        (replace(numbers("day", 20_230_101, 20_241_231), times=times("day").times), "It holds dates or times"),
        (texts("x", {f"v{number}": 2 for number in range(400)}), "Its 400 values are in fewer than 3 rows each"),
    ],
)
def test_what_teaches_nothing_is_left_out_with_the_reason(column: ColumnProfile, words: str) -> None:
    decision = describe(column, is_kept=False)
    assert isinstance(decision, LeftOut)
    assert words in decision.reason


@pytest.mark.parametrize(
    "column",
    [
        numbers("population", 10_000, 99_999, distinct=1000),
        numbers("elapsed", 1, 9_000_000, distinct=1000, rising=True),
        numbers("customer_id", 1, 40, distinct=40),
        numbers("income", 0.5, 9000.5, distinct=990, strange=(("unsure", 3),)),
        numbers("income", 0.5, 9000.5, distinct=990, count=995, dtype="number"),
    ],
)
def test_numbers_that_only_look_like_identifiers_stay(column: ColumnProfile) -> None:
    assert isinstance(describe(column, is_kept=False), FeatureDecision)


@pytest.mark.parametrize(
    ("column", "is_possible"),
    [
        (numbers("id", 1, 1000, distinct=1000, rising=True), True),
        (texts("x", {"a": 1000}), True),
        (times("birthday"), False),
        (texts("x", {}), False),
    ],
)
def test_a_wish_to_keep_a_column_is_followed_where_it_can_be(column: ColumnProfile, is_possible: bool) -> None:
    assert isinstance(describe(column, is_kept=True), FeatureDecision) is is_possible
