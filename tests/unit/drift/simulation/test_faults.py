from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from drift.columns import Coded, Columns
from drift.simulation.faults import NEW_CATEGORY, Absent, Constant, Fault, Missing, NewCategory, Shift, Swap, Unit

ALL: tuple[Fault, ...] = (
    Unit(column="age", factor=0.45),
    Unit(column="age", factor=0.45, share=0.1),
    Shift(column="age", sds=0.25),
    Missing(column="age", share=0.05),
    Missing(column="city", share=0.05),
    NewCategory(column="city", share=0.01),
    Swap(column="city", first="Oslo", second="Rome"),
    Absent(column="age"),
    Absent(column="city"),
    Constant(column="age"),
    Constant(column="city"),
)


def make_columns(ages: Sequence[float], cities: Sequence[int] = ()) -> Columns:
    """Ages (NaN where missing), and as many cities by code: Oslo 0, Rome 1, missing -1."""
    count = len(ages)
    return Columns(
        at=np.arange(count),
        numeric={"age": np.array(ages, dtype=np.float64)},
        categorical={
            "city": Coded(codes=np.resize(np.array(cities or [0], np.int32), count), categories=("Oslo", "Rome"))
        },
        scores={"score": np.linspace(0, 1, count)},
        wrong={"age": 1, "city": 0},
    )


def many(count: int = 20_000) -> Columns:
    """A fifth of the ages is missing, and a quarter of the cities."""
    ages = np.random.default_rng(1).normal(40, 10, count)
    ages[::5] = np.nan
    return make_columns(ages.tolist(), [0, 0, 1, -1])


def struck(fault: Fault, columns: Columns) -> Columns:
    return fault.apply(columns, np.random.default_rng(7))


def ages(columns: Columns) -> NDArray[np.float64]:
    return columns.numeric["age"]


def cities(columns: Columns) -> list[str | None]:
    coded = columns.categorical["city"]
    return [coded.categories[code] if code >= 0 else None for code in coded.codes]


def test_another_unit_multiplies_and_what_was_missing_stays_so() -> None:
    found = ages(struck(Unit(column="age", factor=0.5), make_columns([10, np.nan, 30])))

    np.testing.assert_array_equal(found, [5, np.nan, 15])


def test_another_unit_in_a_share_of_the_rows_leaves_the_others() -> None:
    before = many()
    changed = ages(struck(Unit(column="age", factor=0.45, share=0.1), before)) / ages(before)

    present = changed[~np.isnan(changed)]
    assert set(present.round(9)) == {0.45, 1.0}
    assert (present < 1).mean() == pytest.approx(0.1, abs=0.01)


def test_a_shift_is_in_standard_deviations_of_the_rows_own_values() -> None:
    np.testing.assert_allclose(
        ages(struck(Shift(column="age", sds=-0.5), make_columns([10, np.nan, 30]))), [5, np.nan, 25]
    )


def test_a_number_that_becomes_too_large_for_a_float_is_missing() -> None:
    huge = make_columns([1e308, -1e308, 1.0])

    np.testing.assert_array_equal(ages(struck(Unit(column="age", factor=100), huge)), [np.nan, np.nan, 100])
    assert not np.isinf(ages(struck(Shift(column="age", sds=3), huge))).any()


def test_missing_takes_away_a_share_of_all_rows_on_top_of_what_is_missing() -> None:
    for name, before in (("age", 0.2), ("city", 0.25)):
        after = struck(Missing(column=name, share=0.05), many())
        missing = np.isnan(ages(after)) if name == "age" else after.categorical["city"].codes < 0
        assert missing.mean() == pytest.approx(before + 0.05, abs=0.005)


def test_missing_takes_what_there_is_where_fewer_rows_have_a_value() -> None:
    found = ages(struck(Missing(column="age", share=0.9), make_columns([1, np.nan, np.nan, np.nan])))

    assert np.isnan(found).all()


def test_a_new_category_comes_in_a_share_of_the_present_values() -> None:
    before, after = cities(many()), cities(struck(NewCategory(column="city", share=0.05), many()))

    assert {new for old, new in zip(before, after, strict=True) if old is None} == {None}
    assert {new for old, new in zip(before, after, strict=True) if old == "Rome"} == {"Rome", NEW_CATEGORY}
    assert after.count(NEW_CATEGORY) / 15_000 == pytest.approx(0.05, abs=0.005)


def test_a_second_new_category_is_the_first_one_in_more_rows() -> None:
    once = struck(NewCategory(column="city", share=0.5), many())
    twice = NewCategory(column="city", share=0.5).apply(once, np.random.default_rng(8))

    assert twice.categorical["city"].categories == ("Oslo", "Rome", NEW_CATEGORY)
    assert cities(twice).count(NEW_CATEGORY) / 15_000 == pytest.approx(0.75, abs=0.02)
    assert cities(twice).count(None) == 5_000


def test_a_swap_exchanges_two_categories() -> None:
    fault = Swap(column="city", first="Rome", second="Oslo")

    assert cities(struck(fault, make_columns([1, 2, 3], [0, 1, -1]))) == ["Rome", "Oslo", None]


def test_a_swap_with_a_category_that_no_row_has_renames_the_other() -> None:
    fault = Swap(column="city", first="Rome", second="Bern")

    assert cities(struck(fault, make_columns([1, 2, 3], [0, 1, -1]))) == ["Oslo", "Bern", None]


def test_an_absent_column_has_no_value_and_none_that_was_wrong() -> None:
    found = struck(Absent(column="age"), make_columns([1, 2]))

    assert found.absent == {"age"}
    assert np.isnan(ages(found)).all()
    assert found.wrong == {"age": 0, "city": 0}


def test_a_stuck_column_repeats_its_first_value_where_there_is_one() -> None:
    columns = make_columns([np.nan, 3, 4], [-1, 1, 0])

    np.testing.assert_array_equal(ages(struck(Constant(column="age"), columns)), [np.nan, 3, 3])
    assert cities(struck(Constant(column="city"), columns)) == [None, "Rome", "Rome"]


@pytest.mark.parametrize("fault", ALL, ids=str)
def test_the_given_rows_stay_as_they_are_and_equal_seeds_strike_equally(fault: Fault) -> None:
    before, other = many(500), many(500)
    first, second = struck(fault, before), struck(fault, before)

    np.testing.assert_array_equal(ages(before), ages(other))
    np.testing.assert_array_equal(before.categorical["city"].codes, other.categorical["city"].codes)
    assert before.categorical["city"].categories == ("Oslo", "Rome")
    np.testing.assert_array_equal(ages(first), ages(second))
    assert cities(first) == cities(second)
    assert first.categorical["city"].codes.dtype == np.int32


@pytest.mark.parametrize("fault", ALL, ids=str)
def test_rows_without_values_or_without_the_column_are_no_error(fault: Fault) -> None:
    nothing, unknown = make_columns([]), Columns(at=np.arange(3), numeric={}, categorical={}, scores={}, wrong={})
    empty = make_columns([np.nan, np.nan], [-1, -1])

    assert len(struck(fault, nothing)) == 0
    assert np.isnan(ages(struck(fault, empty))).all()
    assert cities(struck(fault, empty)) == [None, None]
    after = struck(fault, unknown)
    assert (after.numeric, after.categorical) == ({}, {})


def test_a_fault_says_in_words_what_it_does() -> None:
    assert [str(fault) for fault in ALL] == [
        "age in another unit (x 0.45)",
        "age in another unit (x 0.45) in 10 % of rows",
        "age higher by 0.25 standard deviations",
        "age missing in a further 5 % of rows",
        "city missing in a further 5 % of rows",
        "city with a new category in 1 % of rows",
        "city with Oslo and Rome exchanged",
        "age absent",
        "city absent",
        "age stuck at one value",
        "city stuck at one value",
    ]
