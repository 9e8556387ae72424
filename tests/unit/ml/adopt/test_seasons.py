"""Columns that follow the season."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.adopt.seasons import seasonal_share

_RANDOM = np.random.default_rng(1)


def _months(years: float, a_month: int = 100) -> NDArray[np.int64]:
    return np.repeat(np.arange(24_000, 24_000 + round(12 * years)), a_month)


def _wave(months: NDArray[np.int64]) -> NDArray[np.float64]:
    return 10 * np.sin(months % 12 / 12 * 2 * np.pi) + _RANDOM.normal(0, 4, len(months))


@pytest.mark.parametrize("years", [1, 1.5, 3])
def test_a_yearly_wave_is_a_season(years: float) -> None:
    months = _months(years)
    assert seasonal_share(_wave(months), months) > 0.5


@pytest.mark.parametrize("years", [1, 3])
def test_noise_is_none(years: float) -> None:
    months = _months(years)
    assert seasonal_share(_RANDOM.normal(size=len(months)), months) < 0.02


@pytest.mark.parametrize("years", [1, 3])
def test_a_trend_is_none(years: float) -> None:
    months = _months(years)
    assert seasonal_share(months + _RANDOM.normal(size=len(months)), months) == 0


def test_missing_values_are_passed_over_and_a_constant_has_no_season() -> None:
    months = _months(2)
    assert seasonal_share(np.where(_RANDOM.random(len(months)) < 0.3, np.nan, _wave(months)), months) > 0.5
    assert seasonal_share(np.ones(len(months)), months) == 0
