"""Predictions and what became of them: the rows whose outcome is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.contract import MAX_MAGNITUDE, Target, Task
from core.intervals import Band
from drift.columns import Coded, Columns

# The code of an outcome that is no class of the target: whatever was answered, it was wrong.
NO_CLASS = -1.0
_SHOWN = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """
    Rows of one tag whose outcome is known.

    Attributes:
        target: Of the tag's contract.
        scores: Finite, shape (n, score columns).
        outcomes: Class codes (the place in `target.classes`, or `NO_CLASS`) or values, shape (n,).
        threshold: Of a binary answer, in [0, 1]; None for other tasks.
        ends: Low and high of each value of a regression, shape (n, 2); None of a model without intervals.
        segments: Categorical features to look at one category at a time, of the same rows.
        predictions: How many rows were answered, those without an outcome included.
        notes: What was wrong with outcomes, in sentences.
    """

    target: Target
    scores: NDArray[np.float64]
    outcomes: NDArray[np.float64]
    threshold: float | None
    segments: Mapping[str, Coded]
    predictions: int
    ends: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.outcomes)


def labelled_of(
    columns: Columns,
    target: Target,
    *,
    threshold: float | None,
    band: Band | None = None,
    segments: Iterable[str] = (),
) -> Labelled:
    """
    The rows of a window that have a score and a usable outcome.

    An outcome that is no class counts as wrong, unless the target takes any other text for its negative class; what
    is no number is left out of a regression. Both are told in a note.

    Args:
        columns: Of the window, read with outcomes.
        target: Of the tag's contract.
        threshold: Of the tag's manifest.
        band: Of the tag's intervals, by which low and high follow from the values that were written down.
        segments: Categorical features; those whose values were not written down are passed over.
    """
    outcomes, strange = _coded(columns.outcomes, target)
    scores = _scores(columns, target)[: len(outcomes)]
    is_known, is_scored = ~np.isnan(outcomes), np.isfinite(scores).all(axis=1)
    rows = np.flatnonzero(is_known & is_scored)
    return Labelled(
        target=target,
        scores=scores[rows],
        outcomes=outcomes[rows],
        threshold=threshold,
        segments={
            name: Coded(codes=columns.categorical[name].codes[rows], categories=columns.categorical[name].categories)
            for name in segments
            if name in columns.categorical and name not in columns.redacted
        },
        predictions=len(columns),
        ends=band.around(scores[rows, 0]) if band else None,
        notes=_notes(target, strange, int((is_known & ~is_scored).sum())),
    )


def _scores(columns: Columns, target: Target) -> NDArray[np.float64]:
    """Shape (n, score columns), NaN where there is none."""
    nothing = np.full(len(columns), np.nan)
    return np.stack([columns.scores.get(name, nothing) for name in target.score_names], axis=1)


def _coded(outcomes: tuple[str | float | None, ...], target: Target) -> tuple[NDArray[np.float64], list[str | float]]:
    """Class codes or values, NaN where there is none, and the outcomes that are neither."""
    known = [None if value is None or _is_nan(value) else value for value in outcomes]
    if target.task is Task.REGRESSION:
        found = [math.nan if value is None else _number(value) for value in known]
        is_strange = (math.isnan(number) for number in found)
    else:
        codes = {name: float(place) for place, name in enumerate(target.classes)}
        other = codes[target.classes[0]] if target.catch_all else NO_CLASS
        found = [math.nan if value is None else codes.get(_text(value), other) for value in known]
        is_strange = (code == NO_CLASS for code in found)
    strange = [value for value, is_it in zip(known, is_strange, strict=True) if is_it and value is not None]
    return np.array(found, dtype=np.float64), strange


def _is_nan(value: str | float) -> bool:
    return not isinstance(value, str) and math.isnan(value)


def _number(value: str | float) -> float:
    """A value of a regression, NaN if it is none that could have been reported."""
    return float(value) if not isinstance(value, str) and abs(value) <= MAX_MAGNITUDE else math.nan


def _text(value: str | float) -> str:
    """A class as the contract writes it; a file's 1.0 is the class 1."""
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else str(value)


def _notes(target: Target, strange: list[str | float], unscored: int) -> tuple[str, ...]:
    found = []
    if strange:
        fault = "none of its classes and counted as wrong"
        if target.task is Task.REGRESSION:
            fault = "no number that may be reported, and left out"
        count = f"1 outcome of {target.name!r} is"
        if len(strange) > 1:
            count = f"{len(strange):,} outcomes of {target.name!r} are"
        found.append(f"{count} {fault}, such as {_shown(strange[0])}.")
    if unscored:
        found.append(f"{unscored:,} with an outcome but without a score were left out.")
    return tuple(found)


def _shown(value: str | float) -> str:
    return repr(value[:_SHOWN]) if isinstance(value, str) else f"{value:g}"


def joined(parts: Sequence[Labelled]) -> Labelled:
    """
    The rows of several parts as those of one.

    Args:
        parts: Of one model, at least one; a segment that is not in all of them is left out.
    """
    first = parts[0]
    return replace(
        first,
        scores=np.concatenate([part.scores for part in parts]),
        outcomes=np.concatenate([part.outcomes for part in parts]),
        ends=None if first.ends is None else np.concatenate([part.ends for part in parts if part.ends is not None]),
        segments={
            name: _joined([part.segments[name] for part in parts])
            for name in first.segments
            if all(name in part.segments for part in parts)
        },
        predictions=sum(part.predictions for part in parts),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _joined(columns: Sequence[Coded]) -> Coded:
    places: dict[str, int] = {}
    codes = []
    for column in columns:
        # The place of a missing value, -1, is the last one.
        own = [places.setdefault(category, len(places)) for category in column.categories]
        codes.append(np.array([*own, -1], dtype=np.int32)[column.codes])
    return Coded(codes=np.concatenate(codes), categories=tuple(places))
