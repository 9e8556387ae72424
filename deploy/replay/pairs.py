"""Rows that both models answered, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Target, Task
from core.intervals import Band
from deploy.experiments.losses import LossOf
from deploy.judging.asking import Answer, scores_of
from deploy.judging.comparison import Numbers
from deploy.judging.journal import REDACTED, Line

MISSING: Final = "missing"
# With fewer an interval would be a guess.
LEAST_GROUPS: Final = 10
# As close counts as the same where the champion has no intervals.
_CLOSE: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Groups:
    """
    Rows that hang together.

    Attributes:
        name: What each is, such as a subject or a day; empty where there are too few of everything.
        number: Of each row's group; shape (n,).
    """

    name: str
    number: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """
    Rows that both answered by finite scores; the champion then, the challenger now.

    Attributes:
        champion: Its scores, shape (n, score columns).
        challenger: The same of the challenger.
        is_alike: Whether both gave one label; of values, whether the challenger's lies within the champion's interval,
            or within 5 % where it has none; shape (n,).
        champion_loss: What it lost; NaN where no outcome is known, shape (n,).
        challenger_loss: The same of the challenger.
        groups: Of rows that hang together.
        categories: By feature the category of each row, shape (n,); empty where it is not known.
    """

    champion: Numbers
    challenger: Numbers
    is_alike: NDArray[np.bool_]
    champion_loss: Numbers
    challenger_loss: Numbers
    groups: Groups
    categories: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.champion)

    def chosen(self, mask: NDArray[np.bool_]) -> Pairs:
        """The rows where the mask, of shape (n,), is true."""
        return Pairs(
            champion=self.champion[mask],
            challenger=self.challenger[mask],
            is_alike=self.is_alike[mask],
            champion_loss=self.champion_loss[mask],
            challenger_loss=self.challenger_loss[mask],
            groups=Groups(name=self.groups.name, number=self.groups.number[mask]),
            categories={feature: each[mask] for feature, each in self.categories.items()},
        )


def pair(
    lines: Sequence[Line],
    answers: Sequence[Answer],
    *,
    target: Target,
    band: Band | None,
    loss: LossOf,
    segments: Sequence[str],
    is_judged: Callable[[Line], bool],
) -> Pairs:
    """
    Put what was answered beside what would have been.

    Args:
        lines: What the champion answered; rows without finite scores of both are left out.
        answers: The challenger's to the same rows.
        target: Of both.
        band: The champion's intervals; None if it has none.
        loss: What an answer costs.
        segments: Features by whose categories rows are told apart.
        is_judged: Whether a row's outcome, if there is one, says which of the two is better.
    """
    old, new = scores_of(lines, target), scores_of(answers, target)
    finite = np.isfinite(old).all(axis=1) & np.isfinite(new).all(axis=1)
    kept = [(lines[row], answers[row]) for row in np.flatnonzero(finite).tolist()]
    old, new = old[finite], new[finite]
    losses = np.array([_losses(line, answer, loss, is_judged) for line, answer in kept]).reshape(len(kept), 2)
    is_known = np.isfinite(losses).all(axis=1)
    return Pairs(
        champion=old,
        challenger=new,
        is_alike=_alike(kept, old, new, target, band),
        champion_loss=losses[:, 0],
        challenger_loss=losses[:, 1],
        groups=group([line for line, _ in kept], is_known),
        categories={name: np.array([_category(line.inputs.get(name, "")) for line, _ in kept]) for name in segments},
    )


def group(lines: Sequence[Line], is_known: NDArray[np.bool_]) -> Groups:
    """
    Group rows by subject where each with an outcome has one, else by the longest time that leaves enough groups.

    Args:
        lines: The rows.
        is_known: Whose outcome is; shape (n,).
    """
    choices: dict[str, list[Any]] = {
        "subject": [line.subject for line in lines],
        "day": [line.at.date() for line in lines],
        "hour": [line.at.replace(minute=0, second=0, microsecond=0) for line in lines],
    }
    for name, keys in choices.items():
        known = {key for key, is_there in zip(keys, is_known, strict=True) if is_there}
        if len(known) >= LEAST_GROUPS and None not in known:
            numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
            return Groups(name=name, number=np.array([numbers[key] for key in keys], dtype=np.int64))
    return Groups(name="", number=np.zeros(len(lines), dtype=np.int64))


def _losses(line: Line, answer: Answer, loss: LossOf, is_judged: Callable[[Line], bool]) -> tuple[float, float]:
    if line.outcome is None or not is_judged(line):
        return np.nan, np.nan
    old, new = (loss(each, line.outcome) for each in (line, answer))
    return (np.nan, np.nan) if old is None or new is None else (old, new)


def _alike(
    kept: Sequence[tuple[Line, Answer]], old: Numbers, new: Numbers, target: Target, band: Band | None
) -> NDArray[np.bool_]:
    if target.task is not Task.REGRESSION:
        return np.array([line.label == answer.label for line, answer in kept], dtype=np.bool_)
    before, now = old[:, 0], new[:, 0]
    half = _CLOSE * np.abs(before)
    ends = band.around(before) if band else np.stack([before - half, before + half], axis=1)
    within: NDArray[np.bool_] = (now >= ends[:, 0]) & (now <= ends[:, 1])
    return within


def _category(value: Any) -> str:
    """A row's category in words; empty where the journal does not have it."""
    if value is None:
        return MISSING
    return value if isinstance(value, str) and value != REDACTED else ""
