"""Golden rows: how far scores are from those of training."""

from __future__ import annotations

import numpy as np
import pytest

from core.contract import Task
from core.documents import from_json, to_json
from core.golden import TOLERANCE, GoldenRow, GoldenRows, score_gap

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
    ([[0.5], [0.9]], [[0.5], [0.5]], 0.4),
    ([[0.5, 0.5]], [[0.5, 0.25]], 0.25),
]
VALUE_GAPS = [
    ([[150.0]], [[100.0]], 0.5),
    ([[-150.0]], [[-100.0]], 0.5),
    ([[1.5e-6]], [[1e-6]], 0.5),
    # Small beside the mean size of all, 50.
    ([[100.0], [5.0]], [[100.0], [0.0]], 0.1),
    ([[0.0]], [[0.0]], 0.0),
]


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
@pytest.mark.parametrize(("scores", "expected", "gap"), GAPS)
def test_probabilities_are_compared_absolutely(
    scores: list[list[float]], expected: list[list[float]], gap: float, task: Task
) -> None:
    assert score_gap(np.array(scores), np.array(expected), task) == pytest.approx(gap)


@pytest.mark.parametrize(("scores", "expected", "gap"), VALUE_GAPS)
def test_values_are_compared_by_their_size(scores: list[list[float]], expected: list[list[float]], gap: float) -> None:
    assert score_gap(np.array(scores), np.array(expected), Task.REGRESSION) == pytest.approx(gap)


def test_one_enormous_value_does_not_hide_the_gap_of_another() -> None:
    expected = np.array([[1e9], *[[1e3]] * 99_999])
    scores = expected.copy()
    scores[1] += 1
    assert score_gap(scores, expected, Task.REGRESSION) > TOLERANCE


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("task", Task)
def test_a_score_that_is_no_finite_number_is_infinitely_far(score: float, task: Task) -> None:
    assert score_gap(np.array([[0.5], [score]]), np.array([[0.5], [0.5]]), task) == np.inf


@pytest.mark.parametrize("task", Task)
def test_no_rows_have_no_gap(task: Task) -> None:
    assert score_gap(np.empty((0, 1)), np.empty((0, 1)), task) == 0.0


def test_scores_that_are_equal_to_the_golden_ones_have_no_gap() -> None:
    assert GOLDEN.largest_gap(np.array([[0.25, 0.75], [0.5, 0.5]]), Task.BINARY) == 0.0


def test_the_largest_gap_is_that_of_the_worst_row_and_column() -> None:
    assert GOLDEN.largest_gap(np.array([[0.25, 0.75], [0.5, 0.625]]), Task.BINARY) == 0.125


def test_rows_are_compared_in_their_order() -> None:
    assert GOLDEN.largest_gap(np.array([[0.5, 0.5], [0.25, 0.75]]), Task.BINARY) == 0.25


def test_float32_rounding_is_within_the_tolerance() -> None:
    expected = np.random.default_rng(0).uniform(-1e6, 1e6, (1000, 1))
    assert score_gap(expected.astype(np.float32).astype(np.float64), expected, Task.REGRESSION) < TOLERANCE


def test_written_golden_rows_are_read_back() -> None:
    assert from_json(to_json(GOLDEN), GoldenRows, source="golden.json") == GOLDEN
