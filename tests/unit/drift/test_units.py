"""A change of unit is named, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drift.units import unit_hint

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MILES = (200.0, 500.0, 900.0, 1400.0, 2500.0)
FAHRENHEIT = (20.0, 35.0, 50.0, 65.0, 80.0)


def _quantiles(values: NDArray[np.float64]) -> list[float]:
    found: list[float] = np.quantile(values, LEVELS).tolist()
    return found


def _column(kind: str, random: np.random.Generator, rows: int) -> NDArray[np.float64]:
    """Columns as they come: skewed, around zero, of few values, mostly nothing, far from zero."""
    draws = {
        "distance": random.gamma(2.0, 500.0, rows) + 80,
        "delay": np.round(random.standard_t(3, rows) * 12 + 1),
        "seats": random.choice([20.0, 55.0, 149.0, 199.0, 330.0], rows),
        "rain": np.where(random.random(rows) < 0.9, 0.0, random.exponential(0.1, rows)),
        "pressure": random.normal(1017, 7, rows),
        "temperature": random.normal(50, 18, rows),
    }
    return draws[kind]


@pytest.mark.parametrize(
    ("unit", "factor", "sentence"),
    [
        ("mi", 1.609344, "looks like kilometres where the model was given miles (x 1.609)"),
        ("km", 1 / 1.609344, "looks like miles where the model was given kilometres (x 0.6214)"),
        ("min", 60.0, "looks like seconds where the model was given minutes (x 60)"),
        ("min", 1 / 60, "looks like hours where the model was given minutes (x 0.01667)"),
        ("h", 1 / 24, "looks like days where the model was given hours (x 0.04167)"),
        ("s", 1000.0, "looks like milliseconds where the model was given seconds (x 1,000)"),
        ("lb", 0.45359237, "looks like kilograms where the model was given pounds (x 0.4536)"),
        ("kg", 2.2046, "looks like pounds where the model was given kilograms (x 2.205)"),
        ("ft", 0.3048, "looks like metres where the model was given feet (x 0.3048)"),
        ("in", 25.4, "looks like millimetres where the model was given inches (x 25.4)"),
        ("in", 2.54, "looks like centimetres where the model was given inches (x 2.54)"),
        ("kn", 0.5144, "looks like metres a second where the model was given knots (x 0.5144)"),
        ("mph", 1.609344, "looks like kilometres an hour where the model was given miles an hour (x 1.609)"),
        ("EUR", 100.0, "looks like another unit where the model was given EUR (x 100)"),
        ("mi", 0.45, "looks like another unit where the model was given miles (x 0.4536)"),
        ("", 1 / 1e6, "looks like another unit than the model was given (x 1e-06)"),
        ("", 3600.0, "looks like another unit than the model was given (x 3,600)"),
    ],
)
def test_a_change_of_unit_is_named(unit: str, factor: float, sentence: str) -> None:
    assert unit_hint(MILES, [value * factor for value in MILES], unit) == sentence


@pytest.mark.parametrize(
    ("unit", "slope", "intercept", "sentence"),
    [
        ("degF", 5 / 9, -160 / 9, "looks like degrees Celsius where the model was given degrees Fahrenheit"),
        ("degC", 9 / 5, 32.0, "looks like degrees Fahrenheit where the model was given degrees Celsius"),
        ("degC", 1.0, 273.15, "looks like kelvins where the model was given degrees Celsius"),
    ],
)
def test_a_change_of_degrees_is_named(unit: str, slope: float, intercept: float, sentence: str) -> None:
    assert unit_hint(FAHRENHEIT, [slope * value + intercept for value in FAHRENHEIT], unit) == sentence


@pytest.mark.parametrize(
    ("unit", "factor"), [("ft", 0.3048), ("lb", 0.4536), ("km", 0.6214), ("mi", 1.609), ("min", 60)]
)
@pytest.mark.parametrize("kind", ["distance", "seats", "pressure"])
def test_a_change_of_unit_is_found_in_other_rows_of_the_same_column(kind: str, unit: str, factor: float) -> None:
    random = np.random.default_rng(1)
    reference, window = _column(kind, random, 20_000), _column(kind, random, 2000) * factor
    assert unit_hint(_quantiles(reference), _quantiles(window), unit)


@pytest.mark.parametrize("factor", [0.5, 2.0, 3.0, 10.0])
def test_a_round_factor_that_no_units_differ_by_is_no_change_of_unit(factor: float) -> None:
    assert unit_hint(MILES, [value * factor for value in MILES], "mi") is None


def test_other_degrees_are_found_in_other_rows_of_the_same_column() -> None:
    random = np.random.default_rng(2)
    reference, window = _column("temperature", random, 20_000), _column("temperature", random, 2000)
    assert unit_hint(_quantiles(reference), _quantiles((window - 32) / 1.8), "degF")


@pytest.mark.parametrize("unit", ["mi", "min", "degF", "degC", "lb", "hPa", "EUR", ""])
@pytest.mark.parametrize("kind", ["distance", "delay", "seats", "rain", "pressure", "temperature"])
def test_unchanged_columns_never_hint(kind: str, unit: str) -> None:
    random = np.random.default_rng(3)
    reference = _quantiles(_column(kind, random, 20_000))
    hints = {unit_hint(reference, _quantiles(_column(kind, random, 200)), unit) for _ in range(60)}
    assert hints == {None}


@pytest.mark.parametrize("change", [0.9, 1.1])
@pytest.mark.parametrize("unit", ["mi", "degF", "mph", "hPa", ""])
@given(quantiles=st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=5, max_size=5).map(sorted))
def test_a_shift_of_ten_per_cent_never_hints(change: float, unit: str, quantiles: list[float]) -> None:
    assert unit_hint(quantiles, [value * change for value in quantiles], unit) is None


@pytest.mark.parametrize("shift", [-30.0, -17.8, -10.0, 10.0, 30.0])
def test_other_weather_is_no_change_of_degrees(shift: float) -> None:
    assert unit_hint(FAHRENHEIT, [value + shift for value in FAHRENHEIT], "degF") is None


def test_a_unit_that_only_some_rows_have_is_none_of_the_whole_column() -> None:
    assert unit_hint(MILES, [value * (1.609344 if place > 1 else 1) for place, value in enumerate(MILES)], "mi") is None


@pytest.mark.parametrize(
    ("reference", "window"),
    [
        ([0.0] * 5, [0.0] * 5),
        ([0.0] * 5, [1.0] * 5),
        ([5.0] * 5, [0.0] * 5),
        ([0.0, 0.0, 0.0, 0.0, 0.1], [0.0, 0.0, 0.0, 0.0, 2.54]),
        ([], []),
        ([1.0, 2.0], [60.0, 120.0]),
        ([float("nan")] * 5, [1.0] * 5),
        ([1.0] * 5, [float("inf")] * 5),
    ],
)
@pytest.mark.parametrize("unit", ["in", "degF", "degC", ""])
def test_what_tells_nothing_gives_no_hint(reference: list[float], window: list[float], unit: str) -> None:
    assert unit_hint(reference, window, unit) is None
