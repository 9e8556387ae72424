"""How far apart two models' answers to the same rows are, and which of the two was right more often."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from core.contract import Task
from deploy.judging.comparison import Numbers, distance_of
from deploy.replay.pairs import LEAST_GROUPS, Pairs

LEVEL: Final = 0.95
# So many categories of a feature are shown, the largest first.
MOST_CATEGORIES: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """
    How scores moved; of several classes each figure is that of the class where it is largest.

    Attributes:
        mean: By how much a score is higher on average.
        largest: The largest difference of a row, at least 0.
        distance: Kolmogorov's between the two distributions, in [0, 1].
    """

    mean: float
    largest: float
    distance: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """
    What both lost on the rows whose outcome is known.

    Attributes:
        rows: How many.
        champion: Its mean loss.
        challenger: Its mean loss.
        low: Of the champion's less the challenger's; None where there are too few groups of rows for an interval.
        high: The other end.
        groups: How many groups of rows that hang together.
    """

    rows: int
    champion: float
    challenger: float
    low: float | None
    high: float | None
    groups: int

    @property
    def gain(self) -> float:
        """What the challenger loses less a row; above zero it is better."""
        return self.champion - self.challenger


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """
    Both models on some rows.

    Attributes:
        rows: How many, at least one.
        alike: The share of them that both answer alike, as `Pairs` says.
        correlation: Of values, from -1 to 1; None for classes, and where all values of one are equal.
        shift: Of the scores.
        quality: None where no outcome is known.
    """

    rows: int
    alike: float
    correlation: float | None
    shift: Shift
    quality: Quality | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """All rows, and those of each category."""

    whole: Figures
    segments: Mapping[tuple[str, str], Figures]


def compare(pairs: Pairs, task: Task) -> Comparison:
    """
    Compare two models on all rows, and on those of each category of the largest.

    Args:
        pairs: At least one row.
        task: Of both models.
    """
    return Comparison(whole=figures(pairs, task), segments=dict(_segments(pairs, task)))


def _segments(pairs: Pairs, task: Task) -> Iterator[tuple[tuple[str, str], Figures]]:
    for feature, categories in pairs.categories.items():
        counts = Counter(each for each in categories.tolist() if each)
        for category, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_CATEGORIES]:
            yield (feature, category), figures(pairs.chosen(categories == category), task)


def figures(pairs: Pairs, task: Task) -> Figures:
    """Both models on these rows, at least one."""
    is_value = task is Task.REGRESSION
    return Figures(
        rows=len(pairs),
        alike=float(pairs.is_alike.mean()),
        correlation=correlation(pairs.champion[:, 0], pairs.challenger[:, 0]) if is_value else None,
        shift=shift(pairs.champion, pairs.challenger),
        quality=quality(pairs),
    )


def shift(champion: Numbers, challenger: Numbers) -> Shift:
    """
    How far the challenger's scores are from the champion's.

    Args:
        champion: Finite, shape (n, score columns), at least one row.
        challenger: To the same rows, of the same shape.
    """
    moved = challenger - champion
    means = moved.mean(axis=0)
    return Shift(
        mean=float(means[np.abs(means).argmax()]),
        largest=float(np.abs(moved).max()),
        distance=max(distance_of(challenger[:, each], champion[:, each]) for each in range(champion.shape[1])),
    )


def correlation(champion: Numbers, challenger: Numbers) -> float | None:
    """Pearson's, of values of the same rows, each of shape (n,); None where all of one are equal."""
    ours, theirs = champion - champion.mean(), challenger - challenger.mean()
    spread = math.sqrt(float((ours**2).sum()) * float((theirs**2).sum()))
    return float((ours * theirs).sum()) / spread if spread > 0 else None


def quality(pairs: Pairs) -> Quality | None:
    """What both lost on the rows whose outcome is known; None where there are none."""
    known = pairs.chosen(np.isfinite(pairs.champion_loss))
    if not len(known):
        return None
    numbers = np.unique(known.groups.number, return_inverse=True)[1]
    groups = int(numbers.max()) + 1
    gain = known.champion_loss - known.challenger_loss
    is_told = bool(known.groups.name) and groups >= LEAST_GROUPS
    half = half_width(gain, numbers) if is_told else math.nan
    mean = float(gain.mean())
    return Quality(
        rows=len(known),
        champion=float(known.champion_loss.mean()),
        challenger=float(known.challenger_loss.mean()),
        low=mean - half if is_told else None,
        high=mean + half if is_told else None,
        groups=groups,
    )


def half_width(values: Numbers, numbers: np.ndarray) -> float:
    """
    Half of the 95 % interval around a mean over rows of groups, in which rows may hang together as they like.

    Args:
        values: Shape (n,).
        numbers: Of each row's group, from 0 on without a gap, at least two; shape (n,).

    Source:
        Cameron and Miller, "A practitioner's guide to cluster-robust inference" (Journal of Human Resources 2015), with
        their correction for few groups and the t distribution of one degree of freedom less than groups.
    """
    sums = np.bincount(numbers, weights=values - values.mean())
    count = len(sums)
    variance = count / (count - 1) * float((sums**2).sum()) / len(values) ** 2
    return t_point(count - 1) * math.sqrt(variance)


def t_point(degrees: int) -> float:
    """
    The point below which Student's t lies in 97.5 of 100 cases; to 0.001 from 9 degrees of freedom on.

    Source:
        Abramowitz and Stegun, "Handbook of mathematical functions" (1964), 26.7.5.
    """
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3
