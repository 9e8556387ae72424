"""Low and high around a value, out of a manifest's knots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.intervals import Band, held
from tests.factories import INTERVALS

BAND = Band.of(INTERVALS)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(0.0, -0.5, 1.0), (1.0, 0.0, 3.0), (0.5, -0.25, 2.0), (-7.0, -7.5, -6.0), (100.0, 99.0, 102.0)],
    ids=["first knot", "last knot", "between", "below", "above"],
)
def test_offsets_are_linear_between_the_knots_and_constant_outside(value: float, low: float, high: float) -> None:
    assert BAND.around(np.array([value])).tolist() == [[low, high]]


@given(st.lists(st.floats(-1e38, 1e38), min_size=1, max_size=20))
def test_a_value_has_the_same_ends_alone_and_among_others_and_lies_between_them(values: list[float]) -> None:
    together = BAND.around(np.array(values))
    for value, ends in zip(values, together, strict=True):
        assert BAND.around(np.array([value]))[0].tolist() == ends.tolist()
        assert ends[0] <= value <= ends[1]


def test_an_outcome_at_an_end_is_held() -> None:
    ends = np.array([[1.0, 2.0]] * 4)
    assert held(np.array([0.999, 1.0, 2.0, 2.001]), ends).tolist() == [False, True, True, False]
