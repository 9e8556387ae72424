"""Figures of single classes: how many rows of each there are, and how well they are found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.documents import Document

_MOST_CONFUSIONS = 3


class ClassFigures(Document, frozen=True, kw_only=True):
    """
    How well a class is told.

    `precision` is the share of the rows that were answered with it and are of it, `recall` the share of its rows that
    were answered with it, `f1` their harmonic mean; None where there are no such rows.
    """

    name: str
    rows: int
    precision: float | None
    recall: float | None
    f1: float | None


class Confusion(Document, frozen=True, kw_only=True):
    """How many rows of one class were answered with another."""

    actual: str
    answered: str
    rows: int


def count_classes(
    answered: NDArray[np.int64], actual: NDArray[np.int64], blocks: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """
    Rows found, answered and actual, of each class in each block.

    Args:
        answered: Class codes, shape (n,).
        actual: The same.
        blocks: Numbers from 0 without gaps, shape (n,).
        classes: How many there are.

    Returns:
        Shape (3, blocks, classes).
    """
    size = int(blocks.max()) + 1
    is_hit = answered == actual

    def count(codes: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.float64]:
        found = np.bincount(places * classes + codes, minlength=size * classes)
        return found.reshape(size, classes).astype(np.float64)

    return np.stack([count(answered[is_hit], blocks[is_hit]), count(answered, blocks), count(actual, blocks)])


def macro_f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    The plain mean of the classes' F1: a rare class counts as much as a frequent one.

    Args:
        counts: Rows found, answered and actual, shape (3, ..., classes).

    Returns:
        Shape (...); a class without a row, answered or actual, is left out of the mean.
    """
    found, answered, actual = counts
    total = answered + actual
    is_there = total > 0
    f1 = np.where(is_there, 2 * found / np.where(is_there, total, 1.0), 0.0)
    mean: NDArray[np.float64] = f1.sum(axis=-1) / is_there.sum(axis=-1)
    return mean


def figures_by_class(
    scores: NDArray[np.float64], target: NDArray[np.float64], classes: Sequence[str]
) -> tuple[ClassFigures, ...]:
    """
    Figures of each class, in the contract's order.

    Args:
        scores: Shape (n, classes).
        target: Class codes, shape (n,).
        classes: Their names.
    """
    nowhere = np.zeros(len(target), dtype=np.int64)
    counts = count_classes(scores.argmax(axis=1), target.astype(np.int64), nowhere, len(classes))[:, 0]
    return tuple(
        ClassFigures(
            name=name,
            rows=int(actual),
            precision=_share(found, answered),
            recall=_share(found, actual),
            f1=_share(2 * found, answered + actual),
        )
        for name, (found, answered, actual) in zip(classes, counts.T.tolist(), strict=True)
    )


def largest_confusions(
    scores: NDArray[np.float64], target: NDArray[np.float64], classes: Sequence[str]
) -> tuple[Confusion, ...]:
    """The three commonest ways to be wrong, the commonest first; arguments as of `figures_by_class`."""
    pairs = target.astype(np.int64) * len(classes) + scores.argmax(axis=1)
    counts = np.bincount(pairs, minlength=len(classes) ** 2).reshape(len(classes), -1)
    np.fill_diagonal(counts, 0)
    commonest = np.argsort(-counts, axis=None, kind="stable")[:_MOST_CONFUSIONS]
    return tuple(
        Confusion(actual=classes[actual], answered=classes[answered], rows=int(counts[actual, answered]))
        for actual, answered in (divmod(int(place), len(classes)) for place in commonest)
        if counts[actual, answered]
    )


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None
