"""A threshold follows from the reference's windows where there are enough of them, and never falls below its floor."""

from __future__ import annotations

import pytest

from core.reference import Spread
from drift.thresholds import Thresholds

THRESHOLDS = Thresholds()


def spread(mean: float, sd: float, windows: int = 8) -> Spread:
    return Spread(windows=windows, mean=mean, sd=sd, highest=mean + sd)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, (0.10, False)),
        (spread(0.05, 0.02, windows=7), (0.10, False)),
        (spread(0.05, 0.02, windows=8), (0.11, True)),
        (spread(0.05, 0.0, windows=52), (0.05, True)),
        (spread(0.01, 0.001), (0.03, True)),
        (spread(0.0, 0.0), (0.03, True)),
    ],
)
def test_a_distance_is_large_beyond_the_mean_and_three_standard_deviations(
    known: Spread | None, expected: tuple[float, bool]
) -> None:
    assert THRESHOLDS.of(known) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("known", "expected"),
    [(None, 0.005), (spread(0.5, 0.1, windows=7), 0.005), (spread(0.01, 0.01), 0.04), (spread(0.001, 0.001), 0.005)],
)
def test_a_rule_has_its_floor_alone_where_too_few_windows_are_known(known: Spread | None, expected: float) -> None:
    assert THRESHOLDS.usual(known, floor=0.005) == pytest.approx(expected)


def test_the_settings_are_all_heard() -> None:
    strict = Thresholds(sds=1.0, floor=0.01, min_windows=2, uncalibrated=0.5)
    assert strict.of(spread(0.02, 0.01, windows=2)) == pytest.approx((0.03, True))
    assert strict.of(spread(0.0, 0.0, windows=2)) == (0.01, True)
    assert strict.of(spread(0.02, 0.01, windows=1)) == (0.5, False)
