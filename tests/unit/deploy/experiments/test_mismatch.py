"""Arms that have not got the subjects they were to get."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deploy.experiments.mismatch import Split, p_value


def test_counts_as_expected_are_no_mismatch() -> None:
    assert p_value([]) == 1
    assert p_value([Split(share=0.1, champion=900, challenger=100)]) == 1
    assert p_value([Split(share=0.5, champion=0, challenger=0)]) == 1


def test_the_p_value_is_the_inverse_bayes_factor() -> None:
    """With one subject: what the shares say of it, by what the prior says, which has the same mean."""
    assert p_value([Split(share=0.3, champion=0, challenger=1)]) == pytest.approx(1)
    # With two of one arm, by the prior's own Pólya urn.
    prior = 400 * 0.3
    factor = (prior / 400) * ((prior + 1) / 401) / 0.3**2
    assert p_value([Split(share=0.3, champion=0, challenger=2)]) == pytest.approx(1 / factor)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_subjects_that_are_lost_show(share: float) -> None:
    found = Split(share=share, champion=int(10_000 * (1 - share)), challenger=int(10_000 * share * 0.8))
    assert p_value([found]) < 0.001


def test_faults_of_several_phases_add_up() -> None:
    phase = Split(share=0.5, champion=1100, challenger=960)
    assert 0.001 < p_value([phase]) < 0.2
    assert p_value([phase] * 3) < 0.001
    assert p_value([phase] * 3) == pytest.approx(p_value([phase]) ** 3)


def test_phases_of_other_shares_are_judged_by_their_own() -> None:
    splits = [Split(share=0.1, champion=9_000, challenger=1_000), Split(share=0.5, champion=500, challenger=500)]
    assert p_value(splits) == 1


def test_fair_shares_looked_at_a_hundred_times_are_hardly_ever_called_unfair() -> None:
    random = np.random.default_rng(0)
    called = 0
    for _ in range(2_000):
        challengers = random.binomial(50, 0.2, 100).cumsum()
        called += any(
            p_value([Split(share=0.2, champion=50 * day - count, challenger=count)]) < 0.05
            for day, count in enumerate(challengers.tolist(), start=1)
        )
    assert called < 100 + 3 * math.sqrt(95)
