from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.drift import Bar
from core.effects import count_at_knots
from core.reference import Knots
from drift.bars import MOST_BARS, bars_of_categories, bars_of_numbers
from drift.counts import CategoricalCounts

NUMBERS = {
    "one value": [3.0] * 50,
    "two values": [0.0, 1.0] * 50,
    "24 values": list(range(24)),
    "25 values": list(range(25)),
    "ties at the lowest": [0.0] * 5000 + list(range(1, 26)),
    "ties at the highest": [500.0] * 5000 + list(range(25)),
    "ties in the middle": [0.0] * 9000 + list(range(-30, 30)),
    "negative": list(range(-2000, -1000)),
    "huge": [10.0**exponent for exponent in range(-38, 38)],
    "seconds since 1970": [1_700_000_000.0 + minute * 60 for minute in range(3000)],
    "close together": [1.0 + step * 1e-9 for step in range(24)],
    "more than knots": np.random.default_rng(1).normal(0, 5, 5000).tolist(),
}


def bars(reference: Sequence[float], window: Sequence[float]) -> tuple[Bar, ...]:
    knots = Knots.of(np.array(reference, dtype=np.float64))
    return bars_of_numbers(knots, count_at_knots(np.array(window, dtype=np.float64), knots.values))


def make_texts(known: Sequence[int], unseen: dict[str, int] | None = None, *, other: int = 0) -> CategoricalCounts:
    new = unseen or {}
    return CategoricalCounts(
        rows=sum(known) + sum(new.values()) + other, missing=0, wrong=0, known=np.array(known), unseen=new, other=other
    )


def assert_sound(found: Sequence[Bar]) -> None:
    assert sum(bar.reference for bar in found) == pytest.approx(1, abs=1e-4)
    assert sum(bar.window for bar in found) == pytest.approx(1, abs=1e-4)
    assert all(0 <= share <= 1 for bar in found for share in (bar.reference, bar.window))
    assert len({bar.label for bar in found}) == len(found)


@pytest.mark.parametrize("name", NUMBERS)
def test_of_numbers_nothing_is_left_out(name: str) -> None:
    reference = NUMBERS[name]
    found = bars(reference, [*reference, min(reference) - 1, max(reference) * 2 + 1])

    assert_sound(found)
    assert len(found) <= 24
    assert all(len(bar.label) < 16 for bar in found)


@settings(max_examples=50)
@given(st.lists(st.floats(-1e38, 1e38), min_size=1, max_size=60), st.lists(st.floats(-1e38, 1e38), min_size=1))
def test_whatever_the_numbers_are(reference: list[float], window: list[float]) -> None:
    found = bars(reference, window)
    assert_sound(found)
    assert all(len(bar.label) < 16 for bar in found)


def test_few_values_are_a_bar_each() -> None:
    assert bars([0, 0, 0, 1], [0, 1]) == (
        Bar(label="0", reference=0.75, window=0.5),
        Bar(label="1", reference=0.25, window=0.5),
    )


def test_a_value_between_two_counts_with_the_upper_one_and_one_beyond_with_the_outer() -> None:
    assert [bar.window for bar in bars([0, 1], [-5, 0.5, 7, 9])] == [0.25, 0.75]


def test_many_values_are_intervals_that_say_where_they_end() -> None:
    found = bars(list(range(241)), [-100.0, 500.0])

    assert (found[0].label, found[-1].label) == ("≤ 10", "> 229")
    assert (found[0].window, found[-1].window) == (0.5, 0.5)
    assert found[0].reference == pytest.approx(11 / 241, abs=1e-6)


def test_where_nearly_all_values_are_one_it_has_an_interval_of_its_own() -> None:
    found = bars([0.0] * 9000 + list(range(-15, 16)), [0.0, -3.0, 4.0, 5.0])

    assert [bar.label for bar in found] == ["≤ -1", "≤ 0", "> 0"]
    assert [bar.window for bar in found] == [0.25, 0.25, 0.5]


def test_few_categories_are_a_bar_each_with_the_new_ones() -> None:
    found = bars_of_categories(("basic", "plus"), np.array([30, 10]), make_texts([10, 5], {"ZZ": 5}))

    assert_sound(found)
    assert {bar.label: (bar.reference, bar.window) for bar in found} == {
        "basic": (0.75, 0.5),
        "plus": (0.25, 0.25),
        "ZZ": (0.0, 0.25),
    }


def test_of_many_categories_the_rest_is_one_bar() -> None:
    names = tuple(f"c{number}" for number in range(300))
    found = bars_of_categories(names, np.arange(1, 301), make_texts([1] * 300, {"new": 100}, other=50))

    assert_sound(found)
    assert len(found) == MOST_BARS + 1
    assert found[-1].label == "all others"
    assert "new" in {bar.label for bar in found}


def test_what_the_reference_does_not_name_is_with_the_others_and_not_new() -> None:
    found = bars_of_categories(("basic",), np.array([60]), make_texts([50], {"rare": 50}), other=40)

    assert found == (Bar(label="basic", reference=0.6, window=0.5), Bar(label="all others", reference=0.4, window=0.5))


def test_a_category_that_is_called_all_others_is_not_taken_for_the_rest() -> None:
    names = ("all others", *(f"c{number}" for number in range(20)))
    assert_sound(bars_of_categories(names, np.array([100] + [1] * 20), make_texts([100] + [1] * 20)))


def test_a_change_is_shown_rather_than_what_is_frequent() -> None:
    names = tuple(f"c{number}" for number in range(40))
    before, now = [50] * 40, [50] * 39 + [0]
    assert "c39" in {bar.label for bar in bars_of_categories(names, np.array(before), make_texts(now))}
