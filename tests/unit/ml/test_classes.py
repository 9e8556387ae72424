"""Figures of single classes equal scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

from ml.classes import Confusion, count_classes, figures_by_class, largest_confusions, macro_f1

NAMES = ("a", "b", "c", "d")


def _rows(seed: int, rows: int = 200) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    return random.dirichlet([4, 3, 2, 1], rows), random.choice(4, rows, p=[0.5, 0.3, 0.19, 0.01]).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_figures_by_class_are_scikit_learns(seed: int) -> None:
    scores, target = _rows(seed)
    precision, recall, f1, rows = sk.precision_recall_fscore_support(
        target, scores.argmax(axis=1), labels=range(4), zero_division=np.nan
    )
    found = figures_by_class(scores, target, NAMES)
    assert [each.name for each in found] == list(NAMES)
    assert [each.rows for each in found] == rows.tolist()
    for key, expected in (("precision", precision), ("recall", recall), ("f1", f1)):
        values = [np.nan if getattr(each, key) is None else getattr(each, key) for each in found]
        np.testing.assert_allclose(values, expected, atol=1e-6)


def test_a_class_without_rows_has_no_figures() -> None:
    absent = figures_by_class(np.array([[0.9, 0.1, 0.0]] * 3), np.zeros(3), ("a", "b", "c"))[2]
    assert (absent.rows, absent.precision, absent.recall, absent.f1) == (0, None, None, None)


@pytest.mark.parametrize("seed", range(5))
def test_the_macro_f1_of_blocks_adds_up_to_that_of_all_rows(seed: int) -> None:
    scores, target = _rows(seed)
    counts = count_classes(scores.argmax(axis=1), target.astype(np.int64), np.arange(200) % 7, 4)
    assert counts.shape == (3, 7, 4)
    expected = sk.f1_score(target, scores.argmax(axis=1), average="macro")
    assert float(macro_f1(counts.sum(axis=1))) == pytest.approx(expected)


def test_the_commonest_confusions_come_first_and_hits_are_none() -> None:
    target = np.array([0, 0, 0, 1, 1, 2, 2, 2], dtype=float)
    answered = np.array([1, 1, 0, 0, 1, 2, 2, 2])
    found = largest_confusions(np.eye(3)[answered], target, ("a", "b", "c"))
    assert found == (Confusion(actual="a", answered="b", rows=2), Confusion(actual="b", answered="a", rows=1))
