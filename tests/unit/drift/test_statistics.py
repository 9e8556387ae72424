"""P-values equal scipy's, keep their promise under no change, and see changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from drift.statistics import ChiSquared, benjamini_hochberg, chi_squared, ks_p_value, two_proportions, unseen_p_value

_SIZES = st.integers(0, 100_000)
_SHARES = st.floats(0, 1)
_COUNTS = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=12)


def _counts(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


def _split(pairs: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


# Kolmogorov-Smirnov


@pytest.mark.parametrize("sizes", [(1, 2), (1, 500), (37, 11), (500, 500), (1500, 700), (77_911, 1000)])
def test_small_samples_get_scipys_p_value(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(sum(sizes))
    for shift in (0.0, 0.05, 0.3):
        reference, window = random.normal(size=sizes[0]), random.normal(shift, size=sizes[1])
        expected = stats.ks_2samp(reference, window, method="asymp")
        assert ks_p_value(float(expected.statistic), *sizes) == expected.pvalue


@pytest.mark.parametrize("effective", [2_000, 10_000, 30_000, 200_000])
@pytest.mark.parametrize("scaled", [0.4, 0.6, 0.8, 1.0, 1.2, 1.36, 1.63, 1.9])
def test_large_samples_get_scipys_p_value_within_one_per_cent(effective: int, scaled: float) -> None:
    distance = scaled / effective**0.5
    expected = stats.distributions.kstwo.sf(distance, effective)
    assert expected >= 0.001
    assert ks_p_value(distance, 2 * effective, 2 * effective) == pytest.approx(expected, rel=0.01)


def test_the_p_values_of_equal_samples_are_uniform() -> None:
    random = np.random.default_rng(5)
    found = [
        ks_p_value(float(stats.ks_2samp(a, b, method="asymp").statistic), 4000, 2500)
        for a, b in ((random.normal(size=4000), random.normal(size=2500)) for _ in range(400))
    ]
    for level in (0.01, 0.05, 0.25, 0.5):
        assert np.mean(np.array(found) <= level) == pytest.approx(level, abs=3.3 * (level * (1 - level) / 400) ** 0.5)


def test_a_quarter_of_a_standard_deviation_is_seen_in_five_hundred_rows() -> None:
    random = np.random.default_rng(6)
    reference = random.normal(size=20_000)
    distances = [float(stats.ks_2samp(reference, random.normal(0.25, size=500)).statistic) for _ in range(40)]
    assert np.mean([ks_p_value(distance, 20_000, 500) <= 0.01 for distance in distances]) >= 0.95


@given(_SHARES, _SIZES, _SIZES)
def test_a_ks_p_value_is_a_probability_and_symmetric(distance: float, a: int, b: int) -> None:
    found = ks_p_value(distance, a, b)
    assert 0 <= found <= 1
    assert found == ks_p_value(distance, b, a)


@given(_SHARES, _SHARES, _SIZES, _SIZES)
def test_a_larger_distance_is_no_more_likely(one: float, other: float, a: int, b: int) -> None:
    near, far = sorted((one, other))
    assert ks_p_value(far, a, b) <= ks_p_value(near, a, b) + 1e-12


@pytest.mark.parametrize("distance", [-0.1, 1.1, float("nan")])
def test_a_distance_that_is_none_is_refused(distance: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        ks_p_value(distance, 10, 10)


# Chi-squared


@pytest.mark.parametrize("seed", range(8))
def test_tables_without_rare_cells_get_scipys_figures(seed: int) -> None:
    random = np.random.default_rng(seed)
    reference = random.integers(200, 5000, size=2 + seed)
    window = random.integers(50, 700, size=2 + seed)
    expected = stats.chi2_contingency(np.stack([reference, window]), correction=False)
    found = chi_squared(reference, window)
    assert (found.dof, found.pooled) == (expected.dof, 0)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-12)


def test_rare_categories_are_compared_together() -> None:
    found = chi_squared(_counts(500, 400, 3, 2, 4), _counts(480, 420, 4, 1, 3))
    expected = stats.chi2_contingency([[500, 400, 9], [480, 420, 8]], correction=False)
    assert found.pooled == 3
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)


def test_rare_categories_that_are_too_few_together_take_the_next_rarest_with_them() -> None:
    found = chi_squared(_counts(500, 400, 100, 2), _counts(480, 420, 90, 0))
    expected = stats.chi2_contingency([[500, 400, 102], [480, 420, 90]], correction=False)
    assert (found.pooled, found.dof) == (2, 2)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)


def test_a_category_that_the_reference_lacks_is_compared_with_all_others() -> None:
    found = chi_squared(_counts(900, 700, 0), _counts(450, 350, 60))
    assert found.pooled == 0
    assert found.p_value < 1e-9


@pytest.mark.parametrize(
    ("reference", "window", "pooled"),
    [
        ((), (), 0),
        ((5, 6), (0, 0), 0),
        ((0, 0), (5, 6), 0),
        ((900,), (30,), 0),
        ((1, 2, 1), (1, 1, 2), 3),
        ((1000, 1), (1000, 1), 2),
    ],
)
def test_what_leaves_fewer_than_two_cells_cannot_differ(
    reference: tuple[int, ...], window: tuple[int, ...], pooled: int
) -> None:
    found = chi_squared(_counts(*reference), _counts(*window))
    assert found == ChiSquared(statistic=0.0, dof=0, p_value=1.0, pooled=pooled)


def test_counts_of_other_categories_are_refused() -> None:
    with pytest.raises(ValueError, match="found 2 and 3"):
        chi_squared(_counts(1, 2), _counts(1, 2, 3))


@given(_COUNTS)
def test_chi_squared_gives_a_probability_and_is_symmetric(pairs: list[tuple[int, int]]) -> None:
    reference, window = _split(pairs)
    found, mirrored = chi_squared(reference, window), chi_squared(window, reference)
    assert 0 <= found.p_value <= 1
    assert found.statistic >= 0
    assert (found.dof, found.pooled) == (mirrored.dof, mirrored.pooled)
    assert found.p_value == pytest.approx(mirrored.p_value, rel=1e-9, abs=1e-12)


@given(_COUNTS)
def test_no_cell_that_is_compared_is_rare(pairs: list[tuple[int, int]]) -> None:
    reference, window = _split(pairs)
    found = chi_squared(reference, window)
    total = reference + window
    if found.dof:
        kept = np.sort(total[total > 0])[found.pooled :]
        cells = np.append(kept, total.sum() - kept.sum()) if found.pooled else kept
        smaller = min(reference.sum(), window.sum())
        assert (cells * smaller >= 5 * total.sum() * (1 - 1e-12)).all()


@pytest.mark.parametrize("rows", [500, 5000])
def test_chi_squared_alarms_as_often_as_it_promises(rows: int) -> None:
    random = np.random.default_rng(rows)
    shares = random.dirichlet(np.full(60, 0.3))
    found = np.array(
        [chi_squared(random.multinomial(8000, shares), random.multinomial(rows, shares)).p_value for _ in range(1500)]
    )
    assert np.mean(found <= 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(found <= 0.5) == pytest.approx(0.5, abs=0.05)


# Two shares


def test_frequent_properties_get_the_test_without_correction() -> None:
    expected = stats.chi2_contingency([[300, 9700], [45, 955]], correction=False).pvalue
    assert two_proportions(300, 10_000, 45, 1000) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("counts", [(0, 10_000, 3, 500), (3, 77_911, 4, 10_000), (9_999, 10_000, 495, 500)])
def test_rare_properties_get_fishers_test(counts: tuple[int, int, int, int]) -> None:
    a, n, b, m = counts
    assert two_proportions(*counts) == pytest.approx(stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue, rel=1e-9)


@pytest.mark.parametrize(
    "counts",
    [(0, 0, 0, 0), (0, 0, 3, 5), (3, 5, 0, 0), (0, 9, 0, 5), (9, 9, 5, 5), (1, 2, 500, 1000), (10, 100, 1, 10)],
)
def test_equal_shares_and_empty_samples_differ_in_nothing(counts: tuple[int, int, int, int]) -> None:
    assert two_proportions(*counts) == 1.0


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_two_proportions_give_a_probability_and_are_symmetric(k: int, n: int, j: int, m: int) -> None:
    (k, n), (j, m) = sorted((k, n)), sorted((j, m))
    found = two_proportions(k, n, j, m)
    assert 0 <= found <= 1
    assert found == pytest.approx(two_proportions(j, m, k, n), rel=1e-6, abs=1e-12)
    assert found == pytest.approx(two_proportions(n - k, n, m - j, m), rel=1e-6, abs=1e-12)


@given(st.integers(50, 2000), st.integers(50, 2000))
def test_a_wider_gap_of_shares_is_no_more_likely(n: int, m: int) -> None:
    found = [two_proportions(n // 2, n, k, m) for k in range(m // 2 + 1, m + 1, max(m // 20, 1))]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(found))


@pytest.mark.parametrize("rate", [0.001, 0.05])
def test_two_proportions_alarm_no_more_often_than_they_promise(rate: float) -> None:
    random = np.random.default_rng(8)
    found = [two_proportions(*random_pair(random, rate, rate)) for _ in range(1500)]
    assert np.mean(np.array(found) <= 0.05) <= 0.065


def test_five_points_more_missing_are_seen() -> None:
    random = np.random.default_rng(9)
    assert np.mean([two_proportions(*random_pair(random, 0.02, 0.07)) <= 0.001 for _ in range(100)]) >= 0.95


def random_pair(random: np.random.Generator, reference: float, window: float) -> tuple[int, int, int, int]:
    return int(random.binomial(20_000, reference)), 20_000, int(random.binomial(1000, window)), 1000


# What the reference lacks


@pytest.mark.parametrize(("count", "singletons"), [(1, 0), (5, 0), (5, 3), (40, 10)])
def test_unseen_rows_get_the_binomial_tail(count: int, singletons: int) -> None:
    rate = (singletons + 1) / 10_001
    assert unseen_p_value(count, 2000, singletons, 10_000) == pytest.approx(
        stats.binom.sf(count - 1, 2000, rate), rel=1e-9
    )


@pytest.mark.parametrize(("arguments", "expected"), [((0, 0, 0, 0), 1.0), ((3, 10, 0, 0), 1.0), ((0, 9, 1, 5), 1.0)])
def test_nothing_unseen_and_nothing_known_are_no_surprise(
    arguments: tuple[int, int, int, int], expected: float
) -> None:
    assert unseen_p_value(*arguments) == expected


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 500), st.integers(0, 100_000))
def test_an_unseen_p_value_is_a_probability_and_falls_with_the_rows(
    count: int, window: int, singletons: int, reference: int
) -> None:
    found = unseen_p_value(count, window, singletons, reference)
    assert 0 <= unseen_p_value(count + 1, window, singletons, reference) <= found <= 1


def test_rows_of_a_long_tail_are_no_surprise() -> None:
    random = np.random.default_rng(10)
    shares = 1 / np.arange(1, 3001)
    found = []
    for _ in range(300):
        reference = random.multinomial(5000, shares / shares.sum())
        window = random.multinomial(1000, shares / shares.sum())
        unseen = int(window[reference == 0].sum())
        found.append(unseen_p_value(unseen, 1000, int((reference == 1).sum()), 5000))
    assert np.mean(np.array(found) <= 0.001) <= 0.01


# Many tests


def test_what_stands_is_decided_by_adjusted_p_values_up_to_q() -> None:
    assert benjamini_hochberg([0.04, 0.001, 0.02, 0.9], 0.04) == [False, True, True, False]
    assert benjamini_hochberg([0.01], 0.01) == [True]


def test_no_test_at_all_stands_for_nothing() -> None:
    assert benjamini_hochberg([], 0.01) == []


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_what_is_no_p_value_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        benjamini_hochberg([0.5, value], 0.01)


@given(st.lists(_SHARES, max_size=30), st.floats(0.001, 0.5))
def test_a_smaller_p_value_stands_where_a_larger_one_does(p_values: list[float], q: float) -> None:
    stands = benjamini_hochberg(p_values, q)
    standing = [value for value, does in zip(p_values, stands, strict=True) if does]
    assert all(does == (value <= max(standing, default=-1)) for value, does in zip(p_values, stands, strict=True))
    assert all(value <= q for value in standing)


def test_fifteen_unchanged_columns_alarm_in_at_most_q_of_the_runs() -> None:
    random = np.random.default_rng(11)
    runs = [any(benjamini_hochberg(random.random(30).tolist(), 0.05)) for _ in range(600)]
    assert np.mean(runs) <= 0.075
