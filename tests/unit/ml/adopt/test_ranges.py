"""Ranges that callers may send: generous, round, and never narrower than what was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.adopt.ranges import friendly_range, year_range
from tests.unit.ml.adopt.factories import numbers


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (18, 90, (0, 130)),
        (-5, 35, (-25, 55)),
        (0.13, 0.87, (0, 1.3)),
        (0, 1, (0, 1)),
        (990, 1030, (970, 1050)),
        (-40, -3, (-60, 0)),
        (7, 7, (3.5, 10.5)),
        (0, 0, (0, 1)),
    ],
)
def test_a_range_is_half_as_wide_again_on_each_side_and_round(
    low: float, high: float, expected: tuple[float, float]
) -> None:
    found = numbers("x", low, high).numbers
    assert found is not None
    assert friendly_range(found) == pytest.approx(expected)


@pytest.mark.parametrize(("high", "expected"), [(97.5, (0, 100)), (140, (0, 220))])
def test_percentages_stay_within_a_hundred_if_they_fit(high: float, expected: tuple[float, float]) -> None:
    found = numbers("x", 2, high, unit="%").numbers
    assert found is not None
    assert friendly_range(found) == pytest.approx(expected)


def test_an_outlier_is_within_the_range_but_does_not_widen_it() -> None:
    found = numbers("x", 0, 99_999, high_tail=120).numbers
    assert found is not None
    assert friendly_range(found) == (0, 100_000)


def test_years_get_decades() -> None:
    found = numbers("year", 2008, 2010).numbers
    assert found is not None
    assert year_range(found) == (1990, 2020)


@given(
    st.floats(-1e30, 1e30, allow_nan=False),
    st.floats(-1e30, 1e30, allow_nan=False),
    st.sampled_from(["", "%"]),
)
def test_a_range_holds_what_was_seen_and_is_never_empty(one: float, other: float, unit: str) -> None:
    low, high = sorted((one, other))
    found = numbers("x", 0, 1).numbers
    assert found is not None
    wide_low, wide_high = friendly_range(replace(found, low=low, high=high, low_tail=low, high_tail=high, unit=unit))
    assert wide_low <= low <= high <= wide_high
    assert wide_low < wide_high
    assert wide_low >= 0 or low < 0
