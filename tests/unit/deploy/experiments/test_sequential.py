"""Differences of arms, and bounds that hold however often one looks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deploy.experiments.sequential import Effect, bounds_of, effect_of
from deploy.experiments.units import Units


def units(*entries: tuple[int, int, bool, float, float]) -> Units:
    """Entries of phase, subject, whether the challenger's, rows and loss."""
    phase, subject, is_challenger, rows, loss = zip(*entries, strict=True)
    return Units(
        phase=np.array(phase),
        subject=np.array(subject),
        is_challenger=np.array(is_challenger),
        rows=np.array(rows, dtype=np.float64),
        loss=np.array(loss, dtype=np.float64),
    )


def test_the_effect_is_the_difference_of_means_over_rows() -> None:
    found = effect_of(units((0, 0, False, 3, 1.5), (0, 1, False, 1, 1.0), (0, 2, True, 2, 0.4), (0, 3, True, 2, 0.8)))
    assert found is not None
    assert found.value == pytest.approx(2.5 / 4 - 1.2 / 4)
    by_hand = [(1.5 - 0.625 * 3) / 4, (1.0 - 0.625) / 4, (0.4 - 0.3 * 2) / 4, (0.8 - 0.3 * 2) / 4]
    assert found.variance == pytest.approx(sum(each**2 for each in by_hand))


def test_the_variance_is_that_of_many_repetitions() -> None:
    """Rows of a subject hang together: as if they were independent, the variance would be a third."""
    random = np.random.default_rng(0)
    values, claimed = [], []
    for _ in range(2_000):
        count = 200
        rows = 1 + random.poisson(random.gamma(1, 3, count))
        own = random.normal(1, 0.5, count)
        found = effect_of(
            Units(
                phase=np.zeros(count, dtype=np.int64),
                subject=np.arange(count),
                is_challenger=random.random(count) < 0.5,
                rows=rows.astype(float),
                loss=rows * own + np.sqrt(rows) * random.normal(0, 0.3, count),
            )
        )
        assert found is not None
        values.append(found.value)
        claimed.append(found.variance)
    assert np.mean(claimed) == pytest.approx(np.var(values), rel=0.1)


def test_arms_are_compared_within_a_phase_only() -> None:
    """Over both the challenger seems worse, because its share grew when rows became harder."""
    found = effect_of(
        units(
            *((0, number, False, 10, 1.0 + 0.01 * number) for number in range(9)),
            (0, 9, True, 10, 0.9),
            (0, 10, True, 10, 0.8),
            (1, 11, False, 10, 5.0),
            (1, 12, False, 10, 5.1),
            *((1, number, True, 10, 4.9 + 0.001 * number) for number in range(13, 22)),
        )
    )
    assert found is not None
    assert found.value > 0


def test_a_subject_of_two_phases_counts_once() -> None:
    twice, once = (
        effect_of(units(*((phase, number, number % 2 == 1, 1, number / 10) for phase in phases for number in range(8))))
        for phases in ((0, 1), (0,))
    )
    assert twice is not None
    assert once is not None
    assert twice.value == pytest.approx(once.value)
    assert twice.variance == pytest.approx(once.variance)


@pytest.mark.parametrize(
    "entries",
    [
        [(0, 0, False, 1, 0.5)],
        [(0, 0, False, 1, 0.5), (0, 1, False, 1, 0.3)],
        [(0, 0, False, 1, 0.5), (1, 1, True, 1, 0.3)],
        [(0, 0, False, 0, 0.0), (0, 1, True, 1, 0.3)],
        # Nothing tells how much subjects differ.
        [(0, 0, False, 1, 0.5), (0, 1, True, 1, 0.3)],
    ],
    ids=["one arm", "two of one arm", "other phases", "no rows", "one each"],
)
def test_without_both_arms_there_is_no_effect(entries: list[tuple[int, int, bool, float, float]]) -> None:
    assert effect_of(units(*entries)) is None


def test_bounds_are_those_of_the_mixture() -> None:
    """Where the likelihood ratio against the bound's value is one in the allowed misses."""
    effect, scale, miss = Effect(value=0.3, variance=0.01), 0.2, 0.1
    low = bounds_of(effect, scale, 0.95).low
    spread = effect.variance + scale**2
    ratio = math.sqrt(effect.variance / spread) * math.exp(
        scale**2 * (effect.value - low) ** 2 / (2 * effect.variance * spread)
    )
    assert ratio == pytest.approx(1 / miss)


def test_bounds_narrow_with_more_data_and_widen_with_more_confidence() -> None:
    widths = [
        bounds.high - bounds.low
        for bounds in (
            bounds_of(Effect(value=0.0, variance=variance), 0.1, confidence)
            for variance, confidence in ((0.01, 0.95), (0.001, 0.95), (0.001, 0.99))
        )
    ]
    assert widths[0] > widths[2] > widths[1]


def test_bounds_hold_at_all_looks_at_once() -> None:
    """Of random walks looked at from the hundredth to the ten thousandth step at most one in twenty leaves a bound."""
    random = np.random.default_rng(0)
    steps = np.unique(np.geomspace(100, 10_000, 60).astype(int))
    above = below = 0
    for _ in range(1_000):
        means = random.normal(size=10_000).cumsum()[steps - 1] / steps
        found = [
            bounds_of(Effect(value=mean, variance=1 / step), 0.1, 0.95) for mean, step in zip(means, steps, strict=True)
        ]
        above += any(bounds.low > 0 for bounds in found)
        below += any(bounds.high < 0 for bounds in found)
    # Within three standard errors.
    assert above < 50 + 3 * 47.5**0.5
    assert below < 50 + 3 * 47.5**0.5
    assert above + below > 0
