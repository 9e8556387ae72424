"""Green's answers beside blue's: how far apart their scores are, and how much longer one takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Task
from core.effects import count_at_knots, ks_distance
from deploy.evidence import Evidence, Verdict
from deploy.judging.policy import Policy

Numbers = NDArray[np.float64]
# The asymptotic 99 % point of the Kolmogorov-Smirnov statistic.
_CHANCE: Final = 1.628
# Of n rows the distance may be larger by this, divided by the root of n: each of a few rows is a large step.
_FEW: Final = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """
    What one of the two answered, row by row.

    Attributes:
        scores: Shape (n, score columns), NaN where a row was not answered or a number was missing.
        labels: One a row; empty texts where there are none.
        was_answered: Shape (n,).
    """

    scores: Numbers
    labels: tuple[str, ...]
    was_answered: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.was_answered)

    def at(self, rows: NDArray[np.bool_]) -> Side:
        """The answers to some of the rows; shape (n,)."""
        labels = tuple(label for label, is_meant in zip(self.labels, rows, strict=True) if is_meant)
        return Side(scores=self.scores[rows], labels=labels, was_answered=self.was_answered[rows])


def judge_answers(green: Side, problem: str = "") -> Verdict:
    """
    Whether every row was answered, and by finite scores.

    Args:
        green: Its answers to rows that another one answered, or must be able to.
        problem: What it said of those that it did not answer.
    """
    missing = int((~green.was_answered).sum())
    odd = int((~np.isfinite(green.scores[green.was_answered])).any(axis=1).sum())
    said = f" ({problem})" if missing and problem else ""
    return Verdict(
        evidence=(
            Evidence(
                name="answers",
                found=f"{len(green) - missing} of {len(green)} rows answered{said}",
                allowed="all of them",
                is_breach=missing > 0,
            ),
            Evidence(
                name="finite scores",
                found=f"{odd} of {len(green) - missing} rows without",
                allowed="none",
                is_breach=odd > 0,
            ),
        )
    )


def judge_scores(green: Side, blue: Side, task: Task, policy: Policy) -> Verdict:
    """
    How far green's scores are from blue's on the same rows; of several columns the worst counts.

    Args:
        green: Its answers.
        blue: Its answers to the same rows.
        task: What the scores are.
        policy: What is too far.
    """
    finite = [np.isfinite(side.scores).all(axis=1) & side.was_answered for side in (green, blue)]
    both = finite[0] & finite[1]
    count = int(both.sum())
    if not count:
        return Verdict(
            evidence=(
                Evidence(name="score distribution", found="no row that both answered", allowed="", is_breach=False),
            )
        )
    new, old = green.scores[both], blue.scores[both]
    distance = max(
        distance_of(_moved(new[:, column], old[:, column], task, policy), old[:, column])
        for column in range(new.shape[1])
    )
    change = max(mean_change(new[:, column], old[:, column], task) for column in range(new.shape[1]))
    most = policy.distance + _FEW / count**0.5
    unit = " of blue's standard deviation" if task is Task.REGRESSION else ""
    found = (
        Evidence(
            name="score distribution",
            found=f"distance {distance:.3f} on the same {count} rows",
            allowed=f"at most {most:.3f}",
            is_breach=distance > most,
        ),
        Evidence(
            name="mean score",
            found=f"moved by {change:.3f}{unit} on the same {count} rows",
            allowed=f"at most {policy.mean_change:g}",
            is_breach=change > policy.mean_change,
        ),
    )
    if not any(blue.labels):
        return Verdict(evidence=found)
    return Verdict(evidence=(*found, _changed_labels(green.labels, blue.labels, both)))


def _changed_labels(green: Sequence[str], blue: Sequence[str], both: NDArray[np.bool_]) -> Evidence:
    kept = [(new, old) for new, old, is_there in zip(green, blue, both, strict=True) if is_there]
    share = sum(new != old for new, old in kept) / len(kept)
    return Evidence(name="labels", found=f"{share:.1%} of {len(kept)} changed", allowed="any share", is_breach=False)


def distance_of(green: Numbers, blue: Numbers) -> float:
    """
    The two-sample Kolmogorov-Smirnov distance, in [0, 1].

    Args:
        green: Finite, shape (n,), at least one.
        blue: Finite, shape (m,), at least one.
    """
    knots = np.unique(blue)
    return ks_distance(count_at_knots(blue, knots), count_at_knots(green, knots))


def distance_beyond_chance(green: Numbers, blue: Numbers) -> float:
    """The distance, less what it reaches in one of a hundred pairs of samples of one population; at least 0."""
    n, m = len(green), len(blue)
    return max(0.0, distance_of(green, blue) - _CHANCE * float(np.sqrt((n + m) / (n * m))))


def _moved(green: Numbers, blue: Numbers, task: Task, policy: Policy) -> Numbers:
    """Green's scores, or blue's where they hardly differ: of rows that are all alike the distance would be 1."""
    return np.where(np.abs(green - blue) <= policy.unmoved * _unit(blue, task), blue, green)


def _unit(blue: Numbers, task: Task) -> float:
    """What scores are measured by."""
    if task is not Task.REGRESSION:
        return 1.0
    return float(blue.std()) or abs(float(blue.mean())) or 1.0


def mean_change(green: Numbers, blue: Numbers, task: Task) -> float:
    """
    By how much the mean moved.

    Args:
        green: Finite, shape (n,), at least one.
        blue: Finite, shape (m,), at least one.
        task: Values of a regression are measured by blue's standard deviation, or by blue's mean where they are all
            equal; probabilities as they are.
    """
    return abs(float(green.mean() - blue.mean())) / _unit(blue, task)


def judge_latency(green_ms: Numbers, blue_ms: Numbers, *, factor: float, slack_ms: float) -> Verdict:
    """
    Green's median and 95th percentile beside blue's.

    Args:
        green_ms: Milliseconds of requests, shape (n,), at least one.
        blue_ms: The same of blue, shape (m,); without any green's are shown only.
        factor: So many times blue's are allowed.
        slack_ms: And so many milliseconds beyond that.
    """
    return Verdict(
        evidence=tuple(
            _latency(f"{name} latency", float(np.percentile(green_ms, share)), blue_ms, share, factor, slack_ms)
            for name, share in (("median", 50), ("p95", 95))
        )
    )


def _latency(name: str, green_ms: float, blue_ms: Numbers, share: int, factor: float, slack_ms: float) -> Evidence:
    if not len(blue_ms):
        return Evidence(name=name, found=f"{green_ms:.1f} ms, no blue beside it", allowed="any", is_breach=False)
    beside_ms = float(np.percentile(blue_ms, share))
    most_ms = factor * beside_ms + slack_ms
    return Evidence(
        name=name,
        found=f"{green_ms:.1f} ms, blue's {beside_ms:.1f} ms",
        allowed=f"at most {most_ms:.1f} ms",
        is_breach=green_ms > most_ms,
    )
