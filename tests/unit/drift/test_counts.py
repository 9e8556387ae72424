"""A window is counted row by row, and the counts of two windows are those of both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift.columns import Columns
from drift.counts import MAX_UNSEEN, QUANTILES, CategoricalCounts, NumericCounts, WindowCounts, count_window, merged
from tests.unit.drift.factories import coded, columns_with, make_columns, make_profile, texts

PROFILE = make_profile(300)
# Knots, their neighbours and what lies beyond all of them.
NUMBERS = st.sampled_from([np.nan, -1e6, 0.0, *PROFILE.knots["distance"].values[::100].tolist(), 1e6]) | st.integers(
    -10, 6000
).map(float)
TEXTS = st.sampled_from([None, "basic", "plus", "pro", "ZZ", "new", ""])
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, TEXTS, TEXTS, st.floats(0, 1)), max_size=40)


def columns(rows: list[tuple[float, float, str | None, str | None, float]]) -> Columns:
    distance, age, plan, sky, score = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return columns_with(
        {
            "distance": np.array(distance, dtype=np.float64),
            "age": np.array(age, dtype=np.float64),
            "month": np.ones(len(rows)),
            "temp": np.full(len(rows), np.nan),
            "plan": coded(plan),
            "sky": coded(sky),
            "score": np.array(score, dtype=np.float64),
        },
        wrong={},
    )


def comparable(counts: WindowCounts) -> dict[str, Any]:
    """All that adds up; sums of floats depend on their order."""
    numbers = {**counts.numeric, **counts.scores}
    return {
        "rows": counts.rows,
        "about": (counts.absent, counts.redacted),
        **{name: _numbers(each) for name, each in numbers.items()},
        **{name: _texts(each) for name, each in counts.categorical.items()},
    }


def _numbers(each: NumericCounts) -> tuple[Any, ...]:
    knots = (each.knots.at.tolist(), each.knots.between.tolist())
    return (each.rows, each.missing, each.wrong, each.outside, pytest.approx(each.total, abs=1e-6), *knots)


def _texts(each: CategoricalCounts) -> tuple[Any, ...]:
    return (each.rows, each.missing, each.wrong, each.known.tolist(), dict(each.unseen), each.other)


def count_plans(*plans: str | None) -> CategoricalCounts:
    return count_window(make_columns(len(plans), plan=coded(plans)), PROFILE).categorical["plan"]


@given(ROWS, ROWS)
def test_the_counts_of_two_windows_are_those_of_both(
    first: list[tuple[float, float, str | None, str | None, float]],
    second: list[tuple[float, float, str | None, str | None, float]],
) -> None:
    together = count_window(columns(first + second), PROFILE)
    added = count_window(columns(first), PROFILE) + count_window(columns(second), PROFILE)
    assert comparable(added) == comparable(together)


@given(ROWS)
def test_every_row_is_counted_once(rows: list[tuple[float, float, str | None, str | None, float]]) -> None:
    counts = count_window(columns(rows), PROFILE)
    for numbers in (*counts.numeric.values(), *counts.scores.values()):
        assert numbers.knots.count + numbers.missing == numbers.rows == len(rows)
    for categories in counts.categorical.values():
        named = int(categories.known.sum()) + sum(categories.unseen.values())
        assert named + categories.other + categories.missing == categories.rows == len(rows)


def test_the_quantiles_of_two_windows_are_their_mean_by_present_rows() -> None:
    ones, nothing, fours = np.full(300, 1.0), np.full(50, np.nan), np.full(100, 4.0)
    first, empty, second = (
        count_window(make_columns(len(values), age=values), PROFILE).numeric["age"] for values in (ones, nothing, fours)
    )
    assert (first + second).quantiles == (1.75,) * len(QUANTILES)
    assert (first + empty).quantiles == (empty + first).quantiles == first.quantiles
    assert (empty + empty).quantiles == ()


def test_many_windows_are_merged_to_one() -> None:
    whole = make_columns(700)
    days = [
        replace(
            whole,
            at=whole.at[day::7],
            numeric={name: values[day::7] for name, values in whole.numeric.items()},
            categorical={name: coded(texts(column)[day::7]) for name, column in whole.categorical.items()},
            scores={name: values[day::7] for name, values in whole.scores.items()},
        )
        for day in range(7)
    ]
    found = merged(count_window(day, PROFILE) for day in days)
    assert comparable(found) == comparable(count_window(whole, PROFILE))


def test_values_beyond_all_knots_and_all_bounds_are_counted_at_the_ends() -> None:
    values = np.array([-1.0, 0.0, 5000.0, 5000.5, 1e300, np.nan])
    found = count_window(make_columns(6, distance=values), PROFILE).numeric["distance"]
    assert (found.outside, found.missing, found.present) == (3, 1, 5)
    assert (found.knots.between[0], found.knots.between[-1], found.knots.count) == (2, 3, 5)


def test_a_sum_is_finite_whatever_the_values() -> None:
    first, second = (
        count_window(make_columns(3, distance=np.full(3, sign * 1.7e308)), PROFILE).numeric["distance"]
        for sign in (1, -1)
    )
    assert np.isfinite([first.total, second.total]).all()
    assert (first + second).total == 0


def test_a_known_category_that_the_window_lacks_has_no_rows_and_one_it_only_names_is_not_unseen() -> None:
    column = replace(coded(["plus", None, "ZZ", "plus"]), categories=("plus", "ZZ", "basic", "YY"))
    found = count_window(make_columns(4, plan=column), PROFILE).categorical["plan"]
    assert dict(zip(PROFILE.places["plan"], found.known.tolist(), strict=True)) == {"basic": 0, "plus": 2, "pro": 0}
    assert (found.unseen, found.missing, found.present) == ({"ZZ": 1}, 1, 3)


def test_of_very_many_unseen_categories_the_most_frequent_keep_their_names() -> None:
    many = [f"c{number:04}" for number in range(MAX_UNSEEN + 200)]
    found = count_plans(*many, "c1100", "c1199", "basic")
    assert list(found.unseen)[:3] == ["c1100", "c1199", "c0000"]
    assert (len(found.unseen), found.other, int(found.known.sum())) == (MAX_UNSEEN, 200, 1)
    again = found + count_plans(*(f"d{number:04}" for number in range(600)))
    assert (len(again.unseen), sum(again.unseen.values()) + again.other) == (MAX_UNSEEN, 1202 + 600)


def test_a_column_that_is_absent_from_both_windows_is_absent_and_one_redacted_in_either_is_redacted() -> None:
    first = count_window(make_columns(20, absent=frozenset({"age", "temp"}), redacted=frozenset({"sky"})), PROFILE)
    second = count_window(make_columns(20, absent=frozenset({"age"}), redacted=frozenset({"plan"})), PROFILE)
    assert (first + second).absent == {"age"}
    assert (first + second).redacted == {"sky", "plan"}


def test_a_day_without_rows_makes_no_absent_column_present() -> None:
    empty, absent = count_window(make_columns(0), PROFILE), make_columns(20, absent=frozenset({"age"}))
    assert (empty + count_window(absent, PROFILE)).absent == {"age"}
    assert (count_window(absent, PROFILE) + empty).absent == {"age"}
    assert (empty + empty).absent == frozenset()


def test_wrong_values_are_missing_and_told_apart_and_a_score_that_was_not_given_is_missing() -> None:
    window = make_columns(10, age=np.full(10, np.nan), wrong={"age": 7, "plan": 2})
    counts = count_window(replace(window, scores={}), PROFILE)
    assert (counts.numeric["age"].missing, counts.numeric["age"].wrong) == (10, 7)
    assert counts.categorical["plan"].wrong == 2
    assert (counts.scores["score"].missing, counts.scores["score"].wrong) == (10, 0)


def test_rows_from_which_a_feature_is_dropped_are_not_missing_in_the_days_put_together() -> None:
    dropped = frozenset({"age", "plan"})
    whole = count_window(make_columns(500), PROFILE)
    later = count_window(replace(make_columns(500), absent=dropped, dropped=dropped), PROFILE)
    both = merged([whole, later])

    assert (later.numeric["age"].rows, later.categorical["plan"].rows, later.numeric["distance"].rows) == (0, 0, 500)
    assert both.rows == 1000
    assert not both.absent
    assert _numbers(both.numeric["age"]) == _numbers(whole.numeric["age"])
    assert _texts(both.categorical["plan"]) == _texts(whole.categorical["plan"])
