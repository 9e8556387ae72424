"""Values of a stream, counted in bounded memory."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.adopt.tallies import KEPT, RowSample, Tally


def _counts(values: list[str]) -> pl.DataFrame:
    counts = Counter(values)
    return pl.DataFrame(
        {"value": list(counts), "count": list(counts.values())}, schema={"value": pl.String, "count": int}
    )


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=20), max_size=5))
def test_few_values_are_counted_exactly(batches: list[list[str]]) -> None:
    tally, expected = Tally(100), Counter[str]()
    for batch in batches:
        tally.add(_counts(batch))
        expected.update(batch)
    assert tally.is_exact
    assert tally.distinct == len(expected)
    assert tally.top(3) == sorted(expected.items(), key=lambda each: (-each[1], each[0]))[:3]


@pytest.mark.parametrize("limit", [100, 30_000])
def test_many_values_are_estimated_and_the_frequent_ones_kept(limit: int) -> None:
    tally = Tally(limit)
    for batch in range(10):
        rare = [f"{batch}-{number}" for number in range(KEPT)]
        tally.add(_counts([*rare, *["often"] * 50, *["sometimes"] * 10]))
    assert not tally.is_exact
    assert tally.distinct == pytest.approx(10 * KEPT + 2, rel=0.04)
    assert tally.top(2) == [("often", 500), ("sometimes", 100)]


def test_an_estimate_of_few_values_beyond_the_limit_is_near() -> None:
    tally = Tally(10)
    tally.add(_counts([str(number) for number in range(50)]))
    assert not tally.is_exact
    assert tally.distinct == 50


@given(sizes=st.lists(st.integers(0, 300), min_size=1, max_size=8), limit=st.integers(1, 200))
def test_a_sample_has_as_many_rows_as_it_may_in_their_order(sizes: list[int], limit: int) -> None:
    sample, row = RowSample(limit), 0
    for size in sizes:
        sample.add(pl.DataFrame({"row": range(row, row + size)}, schema={"row": pl.Int64}))
        row += size
    rows = sample.frame()["row"]
    assert len(rows) == min(limit, row)
    assert rows.is_sorted()
    assert rows.n_unique() == len(rows)


def test_a_sample_does_not_depend_on_how_the_rows_are_cut() -> None:
    frame = pl.DataFrame({"row": range(1_000)})
    whole, cut = RowSample(50), RowSample(50)
    whole.add(frame)
    for batch in frame.iter_slices(7):
        cut.add(batch)
    assert whole.frame().equals(cut.frame())
