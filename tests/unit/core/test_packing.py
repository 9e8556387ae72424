"""Packed numbers come back as they were."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from core.packing import pack, unpack

NUMBERS = arrays(np.float64, st.integers(0, 30), elements=st.floats(allow_nan=False, allow_infinity=False))


@given(lists=st.lists(NUMBERS, min_size=1, max_size=4))
def test_what_is_packed_comes_back(lists: list[NDArray[np.float64]]) -> None:
    for before, after in zip(lists, unpack(pack(lists)), strict=True):
        np.testing.assert_array_equal(before, after)


def test_whole_numbers_and_floats_are_packed_alike() -> None:
    assert pack([np.array([1, 2, 3])]) == pack([np.array([1.0, 2.0, 3.0])])


@pytest.mark.parametrize("text", ["", "%", "aGVsbG8=", base64.b64encode(zlib.compress(b"1 two")).decode()])
def test_what_was_not_packed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"packed list|could not convert"):
        unpack(text)
