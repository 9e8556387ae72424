"""Distances: equal to scipy's, additive, and bounded where the reference is not exact."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats

from core.effects import (
    count_at_knots,
    counts_of,
    ks_distance,
    ks_distances_left_out,
    spread_of,
    total_variation,
    total_variations_left_out,
)
from core.reference import Knots

TIED = st.sampled_from([-1e300, -2.5, 0.0, 1e-300, 0.5, 1.0, 7.0, 1e300]) | st.floats(-100, 100, width=16)
VALUES = arrays(np.float64, st.integers(1, 60), elements=TIED)
COUNTS = arrays(np.int64, st.tuples(st.integers(2, 6), st.integers(1, 8)), elements=st.integers(0, 50)).map(
    lambda counts: counts + (np.arange(counts.shape[1]) == 0)
)


def scipys(reference: NDArray[np.float64], window: NDArray[np.float64]) -> float:
    # Of two single values it cannot tell a p-value, which nobody asked for.
    with np.errstate(divide="ignore"):
        return float(stats.ks_2samp(reference, window, method="asymp").statistic)


def distance(reference: NDArray[np.float64], window: NDArray[np.float64]) -> float:
    knots = Knots.of(reference)
    return ks_distance(counts_of(knots), count_at_knots(window, knots.values))


@given(reference=VALUES, window=VALUES)
def test_the_distance_from_an_exact_reference_is_scipys_to_the_last_bit(
    reference: NDArray[np.float64], window: NDArray[np.float64]
) -> None:
    assert distance(reference, window) == scipys(reference, window)


def test_so_it_is_for_large_samples_with_ties() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        reference = generator.integers(0, 900, 30_000).astype(float)
        window = generator.integers(-20, 950, 3_000) + generator.choice([0, 0.5], 3_000)
        assert distance(reference, window) == stats.ks_2samp(reference, window, method="asymp").statistic


def test_with_a_thousand_knots_it_is_too_small_by_no_more_than_the_largest_gap() -> None:
    generator = np.random.default_rng(1)
    reference = generator.lognormal(size=50_000)
    knots = Knots.of(reference)
    for shift in (0, 0.02, 0.1, 0.5):
        window = generator.lognormal(size=4_000) * (1 + shift)
        exact = stats.ks_2samp(reference, window, method="asymp").statistic
        found = ks_distance(counts_of(knots), count_at_knots(window, knots.values))
        assert exact - knots.largest_gap <= found <= exact


@given(reference=VALUES, first=VALUES, second=VALUES)
def test_the_counts_of_two_windows_add_up_to_those_of_both(
    reference: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> None:
    knots = Knots.of(reference).values
    both = count_at_knots(np.concatenate([first, second]), knots)
    added = count_at_knots(first, knots) + count_at_knots(second, knots)
    assert both.count == len(first) + len(second)
    np.testing.assert_array_equal(added.at, both.at)
    np.testing.assert_array_equal(added.between, both.between)


def test_the_total_variation_is_the_share_of_rows_that_would_have_to_change() -> None:
    assert total_variation(np.array([50, 50, 0]), np.array([30, 50, 20])) == 0.2
    assert total_variation(np.array([1, 0]), np.array([0, 1])) == 1.0


@given(counts=COUNTS)
def test_a_window_that_is_left_out_is_compared_with_all_others(counts: NDArray[np.int64]) -> None:
    places = np.arange(counts.shape[1], dtype=float)
    for number, (ks, tv) in enumerate(
        zip(ks_distances_left_out(counts), total_variations_left_out(counts), strict=True)
    ):
        rest = np.delete(counts, number, axis=0).sum(axis=0)
        expected = scipys(np.repeat(places, rest), np.repeat(places, counts[number]))
        assert abs(ks - expected) < 1e-12
        assert abs(tv - total_variation(rest, counts[number])) < 1e-12


def test_a_spread_is_that_of_a_sample() -> None:
    spread = spread_of(np.array([0.1, 0.2, 0.6]))
    assert (spread.windows, spread.mean, spread.sd, spread.highest) == (3, 0.3, 0.264575, 0.6)
