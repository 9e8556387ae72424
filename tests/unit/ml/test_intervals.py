"""Intervals hold what they promise, follow the size of the errors, and lean with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.intervals import Band, held
from core.manifest import Intervals
from ml.intervals import MOST_BINS, fit_intervals

Rows = tuple[NDArray[np.float64], NDArray[np.float64]]
DRAWS, NEW_ROWS = 300, 50


def _even(random: np.random.Generator, rows: int) -> Rows:
    values = random.uniform(1, 10, rows)
    return values, values + random.normal(size=rows)


def _growing(random: np.random.Generator, rows: int) -> Rows:
    values = random.uniform(1, 10, rows)
    return values, values + values * random.normal(size=rows)


def _skewed(random: np.random.Generator, rows: int) -> Rows:
    values = random.uniform(1, 10, rows)
    return values, values + values * (random.lognormal(size=rows) - 1)


def _tied(random: np.random.Generator, rows: int) -> Rows:
    values = random.choice([1.0, 2.0, 5.0], rows)
    return values, values + values * random.integers(-3, 4, rows)


def _fit(rows: Rows, level: float = 0.9) -> Intervals:
    found = fit_intervals(*rows, level)
    assert found is not None
    return found


def _share_held(seed: int, make: object, rows: int, level: float) -> float:
    """Of new rows of the same kind, over many sets of validation rows."""
    assert callable(make)
    shares = []
    for draw in range(DRAWS):
        random = np.random.default_rng([seed, draw])
        band = Band.of(_fit(make(random, rows), level))
        values, outcomes = make(random, NEW_ROWS)
        shares.append(held(outcomes, band.around(values)).mean())
    return float(np.mean(shares))


@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    make=st.sampled_from([_even, _growing, _skewed, _tied]),
    rows=st.sampled_from([19, 50, 99, 260, 800]),
    level=st.sampled_from([0.5, 0.8, 0.9]),
)
def test_intervals_hold_what_they_promise_of_rows_of_the_same_kind(
    seed: int, make: object, rows: int, level: float
) -> None:
    # Each draw's share has the spread of its new rows, and that of the validation rows of which the ends are two.
    spread = np.sqrt(level * (1 - level) * (1 / NEW_ROWS + 1 / min(rows, 100)) / DRAWS)
    assert _share_held(seed, make, rows, level) > level - 4 * spread


@pytest.mark.parametrize("rows", [39, 400, 2000])
def test_intervals_of_even_errors_are_no_wider_than_they_need_be(rows: int) -> None:
    assert _share_held(1, _even, rows, 0.9) == pytest.approx(0.9, abs=0.02)


def test_larger_errors_get_wider_intervals() -> None:
    band = Band.of(_fit(_growing(np.random.default_rng(0), 3000)))
    small, large = (high - low for low, high in band.around(np.array([1.5, 9.5])))
    assert large > 4 * small


def test_skewed_errors_get_skewed_intervals_whose_ends_are_missed_alike() -> None:
    random = np.random.default_rng(0)
    band = Band.of(_fit(_skewed(random, 20_000)))
    values, outcomes = _skewed(random, 20_000)
    low, high = band.around(values).T
    assert ((high - values) > 2 * (values - low)).mean() > 0.9
    assert (outcomes < low).mean() == pytest.approx(0.05, abs=0.015)
    assert (outcomes > high).mean() == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(("level", "fewest"), [(0.5, 3), (0.9, 19), (0.95, 39), (0.99, 199)])
def test_too_few_rows_for_a_level_give_no_intervals(level: float, fewest: int) -> None:
    values, outcomes = _even(np.random.default_rng(0), fewest)
    assert fit_intervals(values, outcomes, level) is not None
    assert fit_intervals(values[1:], outcomes[1:], level) is None


@pytest.mark.parametrize(
    ("rows", "level", "bins"), [(19, 0.9, 1), (199, 0.9, 1), (200, 0.9, 2), (5000, 0.9, MOST_BINS), (1999, 0.99, 1)]
)
def test_every_bin_has_rows_enough_for_the_level(rows: int, level: float, bins: int) -> None:
    assert len(_fit(_even(np.random.default_rng(0), rows), level).values) == bins


def test_rows_of_one_value_share_a_bin() -> None:
    values = np.repeat([1.0, 2.0], [950, 50])
    found = _fit((values, values + np.random.default_rng(0).normal(size=1000)))
    assert len(found.values) == 1
    assert len(_fit(_tied(np.random.default_rng(0), 3000)).values) == 3


def test_a_model_that_is_always_too_low_still_answers_a_value_within_its_interval() -> None:
    values = np.arange(100.0)
    found = _fit((values, values + 5 + np.random.default_rng(0).random(100)))
    assert found.lower == (0.0,)
    assert 5 < found.upper[0] < 6


def test_the_order_of_the_rows_does_not_matter() -> None:
    values, outcomes = _growing(np.random.default_rng(0), 1000)
    order = np.random.default_rng(1).permutation(1000)
    assert _fit((values, outcomes)) == _fit((values[order], outcomes[order]))
