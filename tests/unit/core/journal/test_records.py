"""Ids sort by time and name their rows; records survive being written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.journal.records import Ids, Prediction, decode, encode, read_row_id, row_id, row_ids
from tests.journal import comparable, make_outcome, make_prediction

REQUEST = "0" * 31 + "a"


def test_ids_sort_in_the_order_they_were_made() -> None:
    ids = Ids()
    made = [ids.new() for _ in range(5000)]
    assert made == sorted(set(made))


def test_ids_of_many_threads_are_all_different() -> None:
    ids = Ids()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids.new(), range(5000)))
    assert len(set(made)) == 5000


def test_ids_grow_though_the_clock_is_set_back() -> None:
    ids = Ids()
    # An id of the year 2100.
    ids._last = f"{4_102_444_800_000:012x}7{'f' * 19}"
    made = [ids._last, ids.new(), ids.new()]
    assert made == sorted(set(made))
    assert all(read_row_id(each) for each in made)


@given(st.integers(0, 16**32 - 1), st.integers(0, 999_999), st.booleans())
def test_a_row_s_id_is_read_as_it_was_made(number: int, row: int, is_batch: bool) -> None:
    request = f"{number:032x}"
    assert read_row_id(row_id(request, row, is_batch=is_batch)) == (request, row if is_batch else 0)


def test_row_ids_sort_by_request_and_row() -> None:
    assert row_ids("f" * 32, 1_500) == [row_id("f" * 32, row, is_batch=True) for row in range(1_500)]
    made = [row_id(f"{number:032x}", row, is_batch=True) for number in (1, 2) for row in (0, 9, 10, 99_999)]
    assert made == sorted(made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        REQUEST[1:],
        REQUEST + "0",
        REQUEST.upper(),
        REQUEST + "-",
        REQUEST + "-1",
        REQUEST + "-00000a",
        f"{REQUEST}-000001\n",
        REQUEST[:-1] + "\u0661",
    ],
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert read_row_id(text) is None


def test_records_are_read_as_they_were_written() -> None:
    prediction, outcome = make_prediction(), make_outcome(REQUEST, 3.5)
    read = decode(encode(prediction))
    assert isinstance(read, Prediction)
    assert comparable(read) == comparable(prediction)
    assert decode(encode(outcome)) == outcome
