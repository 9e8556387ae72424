"""Rows as they were written down, as the typed columns of a contract."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, NumericFeature, Target, Task
from core.reference import DISAGREEMENT
from drift.conversions import REDACTED, Numbers, Texts
from drift.rows import Batch


@dataclass(frozen=True, kw_only=True, slots=True)
class Coded:
    """
    A column of texts.

    Attributes:
        codes: The place of each row's text in `categories`, -1 where it is missing; int32, shape (n,).
        categories: Each text once.
    """

    codes: NDArray[np.int32]
    categories: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """
    Rows of one tag, by the contract of that tag.

    Attributes:
        at: When each row was answered, in microseconds since 1970, UTC; int64, shape (n,).
        numeric: By numeric feature; float64, shape (n,); NaN where missing or no finite number.
        categorical: By categorical feature.
        scores: By score column: `score`, or `score CLASS` for each class, or `value`; and `disagreement`, where any row
            has it; float64, shape (n,).
        absent: Features that no row has, and those that are dropped.
        dropped: Features that some rows, or all, are without on purpose.
        redacted: Features of which only is known whether they were missing; they are in `numeric` or `categorical` too.
        wrong: By feature, how many values were of another type or no finite number; they are missing in the column.
        outcomes: What turned out to be true; None where that is not known; empty where it was not asked for.
    """

    at: NDArray[np.int64]
    numeric: Mapping[str, NDArray[np.float64]]
    categorical: Mapping[str, Coded]
    scores: Mapping[str, NDArray[np.float64]]
    absent: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    redacted: frozenset[str] = frozenset()
    wrong: Mapping[str, int]
    outcomes: tuple[str | float | None, ...] = ()

    def __len__(self) -> int:
        return len(self.at)


def columns_of(batches: Iterable[Batch], contract: Contract, *, drops_columns: bool = False) -> Columns:
    """
    The rows of some batches of one tag, in the order in which they come.

    Nothing raises: what is not of its column's type counts as wrong, and so does a score that is missing where others
    are given. Of a redacted feature only is known whether a value is missing: in `numeric` it is NaN then and 0
    otherwise, in `categorical` its one category is "*".

    Args:
        batches: Of one tag.
        contract: Of that tag.
        drops_columns: Whether features are dropped or redacted on purpose, which may have begun between two rows.
    """
    numeric = {feature.name: Numbers() for feature in contract.features if isinstance(feature, NumericFeature)}
    categorical = {feature.name: Texts() for feature in contract.features if feature.name not in numeric}
    scores = {name: Numbers(takes_missing=False) for name in _score_names(contract)}
    times, outcomes, is_asked = [np.empty(0, dtype=np.int64)], list[str | float | None](), False
    for batch in batches:
        rows, answers = len(batch), _scores_of(batch.answers)
        for name, numbers in numeric.items():
            numbers.add(batch.inputs.get(name), rows, are_texts=batch.are_texts)
        for name, texts in categorical.items():
            texts.add(batch.inputs.get(name), rows)
        for name, numbers in scores.items():
            numbers.add(answers.get(name), rows, are_texts=batch.are_texts)
        times.append(batch.at)
        outcomes += _outcomes_of(batch, contract.target)
        is_asked = is_asked or batch.outcomes is not None
    at = np.concatenate(times)
    starred = _with_star(contract)
    measured = {name: column.finish(may_begin=drops_columns) for name, column in numeric.items()}
    coded = {
        name: column.finish(may_begin=drops_columns and name not in starred) for name, column in categorical.items()
    }
    answered = {
        name: column.finish()[0] for name, column in scores.items() if name != DISAGREEMENT or not column.is_absent
    }
    features: dict[str, Numbers | Texts] = {**numeric, **categorical}
    dropped = frozenset(name for name, column in features.items() if drops_columns and column.is_partial)
    return Columns(
        at=at,
        numeric={name: values for name, (values, _) in measured.items()},
        categorical={name: Coded(codes=codes, categories=known) for name, (codes, known, _) in coded.items()},
        scores=answered,
        absent=frozenset(name for name, column in features.items() if column.is_absent and len(at)) | dropped,
        dropped=dropped,
        redacted=frozenset(name for name, (*_, is_redacted) in [*measured.items(), *coded.items()] if is_redacted)
        - starred,
        wrong={name: each.wrong for name, each in {**features, **scores}.items() if each.wrong and name not in dropped},
        outcomes=tuple(outcomes) if is_asked else (),
    )


def _score_names(contract: Contract) -> tuple[str, ...]:
    """What rows were answered with; a feature that is called as the disagreement is has no reference beside it."""
    names = contract.target.score_names
    return names if DISAGREEMENT in contract.names else (*names, DISAGREEMENT)


def _with_star(contract: Contract) -> set[str]:
    """Features of which "*" is a category, and no sign of a redaction."""
    return {
        feature.name
        for feature in contract.features
        if isinstance(feature, CategoricalFeature) and REDACTED in feature.categories
    }


def _scores_of(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an answer by name of score column."""
    by_class = answers.get("scores")
    return {
        **answers,
        **({f"score {label}": values for label, values in by_class.items()} if isinstance(by_class, Mapping) else {}),
    }


def _outcomes_of(batch: Batch, target: Target) -> list[str | float | None]:
    if batch.outcomes is None:
        return [None] * len(batch)
    if target.task is not Task.REGRESSION:
        return [value if value is None else str(value) for value in batch.outcomes]
    numbers = Numbers()
    numbers.add(batch.outcomes, len(batch), are_texts=batch.are_texts)
    return [None if math.isnan(value) else value for value in numbers.finish()[0].tolist()]
