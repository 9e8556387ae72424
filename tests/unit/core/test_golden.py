"""Golden rows: how far scores are from those of training."""

from __future__ import annotations

import numpy as np
import pytest

from core.documents import from_json, to_json
from core.golden import TOLERANCE, GoldenRow, GoldenRows, relative_gap

GOLDEN = GoldenRows(
    rows=(
        GoldenRow(row={"age": 30.0, "city": "Oslo"}, score=(0.25, 0.75)),
        GoldenRow(row={"age": None, "city": "Rome"}, score=(0.5, 0.5)),
    )
)

# Scores, expected scores, the gap between them.
GAPS = [
    ([[0.5]], [[0.5]], 0.0),
    ([[0.5]], [[0.25]], 0.25),
    ([[0.25]], [[0.5]], 0.25),
    ([[-0.5]], [[0.5]], 1.0),
    ([[0.5], [0.9]], [[0.5], [0.5]], 0.4),
    ([[0.5, 0.5]], [[0.5, 0.25]], 0.25),
    # Above magnitude 1 the difference is taken relative to what is expected.
    ([[150.0]], [[100.0]], 0.5),
    ([[-150.0]], [[-100.0]], 0.5),
    ([[1.5]], [[1.0]], 0.5),
]


@pytest.mark.parametrize(("scores", "expected", "gap"), GAPS)
def test_the_gap_is_absolute_up_to_one_and_relative_above(
    scores: list[list[float]], expected: list[list[float]], gap: float
) -> None:
    assert relative_gap(np.array(scores), np.array(expected)) == pytest.approx(gap)


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_finite_number_is_infinitely_far(score: float) -> None:
    assert relative_gap(np.array([[0.5], [score]]), np.array([[0.5], [0.5]])) == np.inf


def test_no_rows_have_no_gap() -> None:
    assert relative_gap(np.empty((0, 1)), np.empty((0, 1))) == 0.0


def test_scores_that_are_equal_to_the_golden_ones_have_no_gap() -> None:
    assert GOLDEN.largest_gap(np.array([[0.25, 0.75], [0.5, 0.5]])) == 0.0


def test_the_largest_gap_is_that_of_the_worst_row_and_column() -> None:
    assert GOLDEN.largest_gap(np.array([[0.25, 0.75], [0.5, 0.625]])) == 0.125


def test_rows_are_compared_in_their_order() -> None:
    assert GOLDEN.largest_gap(np.array([[0.5, 0.5], [0.25, 0.75]])) == 0.25


def test_float32_rounding_is_within_the_tolerance() -> None:
    expected = np.random.default_rng(0).uniform(-1e6, 1e6, (1000, 1))
    assert relative_gap(expected.astype(np.float32).astype(np.float64), expected) < TOLERANCE


def test_written_golden_rows_are_read_back() -> None:
    assert from_json(to_json(GOLDEN), GoldenRows, source="golden.json") == GOLDEN
