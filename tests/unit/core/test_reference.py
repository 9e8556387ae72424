"""The reference: counts that are exact at every knot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec.structs import replace
from numpy.typing import NDArray

from core.documents import from_json, to_json
from core.packing import pack
from core.reference import MAX_CATEGORIES, MAX_KNOTS, Knots, Reference, categorical_reference, numeric_reference
from tests.factories import make_reference

# Few different values, so that ties are common, among them values that are far apart.
TIED = st.sampled_from([-1e38, -2.5, -1.0, 0.0, 1e-300, 0.5, 1.0, 7.0, 1e38])
COLUMNS = arrays(np.float64, st.integers(0, 60), elements=TIED | st.just(np.nan) | st.floats(-1e6, 1e6, width=32))


@given(values=COLUMNS)
def test_counts_at_every_knot_are_those_of_the_values(values: NDArray[np.float64]) -> None:
    knots, distinct = numeric_reference(values).knots(), np.unique(values[~np.isnan(values)])
    assert knots.values.tolist() == distinct.tolist()
    assert knots.below.tolist() == [(values < knot).sum() for knot in distinct]
    assert knots.at_or_below.tolist() == [(values <= knot).sum() for knot in distinct]
    assert knots.is_exact
    assert knots.largest_gap == 0


@given(values=COLUMNS)
def test_present_and_missing_values_add_up(values: NDArray[np.float64]) -> None:
    reference = numeric_reference(values)
    assert reference.count == len(values)
    assert reference.missing == np.isnan(values).sum()
    assert reference.knots().count == reference.count - reference.missing


@given(values=COLUMNS, seed=st.integers(0, 100))
def test_the_order_of_the_rows_does_not_matter(values: NDArray[np.float64], seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(values)
    assert numeric_reference(shuffled) == numeric_reference(values)


@pytest.mark.parametrize("values", [[], [np.nan], [np.nan] * 5])
def test_a_column_without_values_has_no_knots_and_no_bounds(values: list[float]) -> None:
    reference = numeric_reference(np.array(values, dtype=np.float64))
    assert len(reference.knots().values) == 0
    assert (reference.count, reference.missing) == (len(values), len(values))
    assert (reference.low, reference.high) == (None, None)


def test_the_bounds_are_the_smallest_and_the_largest_value() -> None:
    reference = numeric_reference(np.array([3.0, np.nan, -1.0, 2.0]))
    assert (reference.low, reference.high) == (-1.0, 3.0)


def test_a_thousand_distinct_values_are_all_kept() -> None:
    reference = numeric_reference(np.repeat(np.arange(MAX_KNOTS, dtype=np.float64), 3))
    assert len(reference.knots().values) == MAX_KNOTS
    assert reference.knots().is_exact


@pytest.mark.parametrize("count", [MAX_KNOTS + 1, 1999, 2000, 4321, 50_000])
@pytest.mark.parametrize("shape", ["even", "skewed", "one heavy value"])
def test_of_more_values_knots_are_kept_that_no_large_share_lies_between(count: int, shape: str) -> None:
    values = np.random.default_rng(count).permutation(np.arange(count, dtype=np.float64))
    if shape == "skewed":
        values = np.exp(values / count * 20)
    if shape == "one heavy value":
        values[: count // 3] = values.max()
    reference = numeric_reference(values)
    knots = reference.knots()
    assert len(knots.values) <= MAX_KNOTS
    assert knots.is_exact == (len(np.unique(values)) <= MAX_KNOTS)
    assert (reference.low, reference.high) == (values.min(), values.max())
    assert knots.largest_gap <= 1 / (MAX_KNOTS - 1)


@pytest.mark.parametrize("count", [1500, 5000])
def test_counts_stay_exact_at_the_knots_that_are_kept(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    knots = numeric_reference(values).knots()
    for knot, below, at_or_below in zip(knots.values, knots.below, knots.at_or_below, strict=True):
        assert (below, at_or_below) == ((values < knot).sum(), (values <= knot).sum())


def test_categories_are_counted_and_sorted() -> None:
    reference = categorical_reference(["Rome", "Oslo", None, "Rome", "Bern", ""])
    assert list(reference.counts.items()) == [("", 1), ("Bern", 1), ("Oslo", 1), ("Rome", 2)]
    assert (reference.count, reference.missing) == (6, 1)


def test_an_empty_column_has_no_categories() -> None:
    reference = categorical_reference([])
    assert (reference.count, reference.missing, reference.counts) == (0, 0, {})


@given(values=st.lists(st.none() | st.sampled_from(["Oslo", "Rome", "Bern"])))
def test_every_row_is_counted_once(values: list[str | None]) -> None:
    reference = categorical_reference(values)
    assert sum(reference.counts.values()) + reference.missing == reference.count == len(values)


def test_a_written_reference_is_read_back() -> None:
    reference = make_reference()
    assert from_json(to_json(reference), Reference, source="reference.json") == reference


@given(values=COLUMNS, levels=st.lists(st.floats(0.01, 1), min_size=1))
def test_quantiles_are_the_smallest_values_with_such_a_share_at_or_below(
    values: NDArray[np.float64], levels: list[float]
) -> None:
    present = values[~np.isnan(values)]
    found = Knots.of(present).quantiles(tuple(levels))
    expected = np.quantile(present, levels, method="inverted_cdf").tolist() if len(present) else []
    assert list(found) == expected


@given(values=COLUMNS, value=st.floats(-100, 100), most=st.integers(2, 1000))
def test_the_share_below_is_that_of_the_values_and_never_too_large(
    values: NDArray[np.float64], value: float, most: int
) -> None:
    present = values[~np.isnan(values)]
    knots, exact = Knots.of(present, most), float((present < value).mean()) if len(present) else 0.0
    assert knots.share_below(value) <= exact
    assert not knots.is_exact or knots.share_below(value) == exact


def test_of_more_categories_than_are_kept_the_rarest_are_counted_together() -> None:
    values = [f"c{number:04}" for number in range(MAX_CATEGORIES + 5)]
    reference = categorical_reference([*values, values[-1]])
    assert len(reference.counts) == MAX_CATEGORIES
    assert reference.counts[values[-1]] == 2
    assert (reference.other, reference.singletons) == (5, MAX_CATEGORIES + 4)


@pytest.mark.parametrize(
    "packed",
    ["", "no base 64", pack([np.array([1.0])] * 2), pack([np.array([1.0]), np.array([1, 2]), np.array([0, 0])]),
     pack([np.array([2.0, 1.0]), np.array([1, 1]), np.array([0, 0])]),
     pack([np.array([1.0, 2.0]), np.array([1, 2]), np.array([0, 0])])],
)  # fmt: skip
def test_damaged_knots_are_refused(packed: str) -> None:
    with pytest.raises(ValueError, match="is n"):
        Knots.unpack(packed, 2)


def test_a_category_was_trained_unless_it_is_known_that_it_was_not() -> None:
    few = replace(categorical_reference(["Oslo", "Rome"]), untrained=("Rome",))
    many = categorical_reference(f"c{number:04}" for number in range(MAX_CATEGORIES + 5))
    assert [few.was_trained(name) for name in ("Oslo", "Rome", "Bern")] == [True, False, False]
    assert many.was_trained(f"c{MAX_CATEGORIES + 4:04}")
