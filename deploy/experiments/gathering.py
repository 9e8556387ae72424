"""From the lines of a journal to what an experiment is judged by."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

import numpy as np

from core.contract import Target
from core.experiment import Arm, Experiment
from deploy.experiments.losses import LossOf, loss_of
from deploy.experiments.mismatch import Split
from deploy.experiments.readout import Evidence, Latency
from deploy.experiments.units import Units
from deploy.judging import journal

# So long after a share was set some processes may still go by the one before.
SETTLING: Final = timedelta(seconds=60)
# Of the rows, that may be of other tags than the experiment's, as when a deployment overlaps its beginning.
_ASTRAY_SHARE: Final = 0.001
_MAX_CATEGORIES: Final = 50


class Line(journal.Line, kw_only=True):
    """A row of the journal, and whose it was."""

    arm: str
    fallback: str | None = None


@dataclass(slots=True)
class _Sum:
    """Of one subject's rows in one phase."""

    arms: set[bool] = field(default_factory=set)
    rows: int = 0
    loss: float = 0.0


class Gatherer:
    """Takes in rows in the order in which they were answered, and says what they come to."""

    def __init__(self, experiment: Experiment, target: Target) -> None:
        """
        Args:
            experiment: Whose rows come.
            target: Of both of its tags.
        """
        self._experiment = experiment
        self._loss: LossOf = loss_of(experiment.policy.loss, target)
        self._begins = [phase.since for phase in experiment.phases]
        self._numbers: dict[str, int] = {}
        self._first_phase: dict[int, int] = {}
        self._sums: dict[tuple[int, int], _Sum] = {}
        self._segments: dict[tuple[str, str], dict[tuple[int, int], _Sum]] = {}
        self._latency = (array("d"), array("d"))
        self._challenged = self._nameless = self._taken = 0
        self._fallbacks: Counter[str] = Counter()
        self._strangers: Counter[str] = Counter()

    def add(self, lines: Iterable[Line]) -> None:
        """Take in rows; those of one request follow on each other."""
        for _, request in groupby(lines, attrgetter("cursor")):
            rows = list(request)
            for line in rows:
                self._add(line, is_alone=len(rows) == 1)

    def _add(self, line: Line, *, is_alone: bool) -> None:
        phase = bisect_right(self._begins, line.at) - 1
        if phase < 0 or (self._experiment.ended and line.at >= self._experiment.ended):
            return
        if line.subject is None:
            self._nameless += 1
            return
        number = self._numbers.setdefault(line.subject, len(self._numbers))
        is_settling = line.at < self._begins[phase] + SETTLING
        # Whoever came while it was not settled is not new later.
        self._first_phase.setdefault(number, -1 if is_settling else phase)
        if is_settling:
            return
        self._taken += 1
        is_challenger = line.arm == Arm.CHALLENGER
        if not self._is_expected(line, is_challenger=is_challenger):
            self._strangers[line.tag] += 1
            return
        if is_challenger:
            self._challenged += 1
            if line.fallback:
                self._fallbacks[line.fallback] += 1
        if is_alone:
            self._latency[is_challenger].append(line.latency_ms)
        self._sum(self._sums, line, (phase, number), is_challenger=is_challenger)
        for feature in self._experiment.policy.segments:
            if isinstance(category := line.inputs.get(feature), str) and self._is_kept(feature, category):
                sums = self._segments.setdefault((feature, category), {})
                self._sum(sums, line, (phase, number), is_challenger=is_challenger)

    def _is_expected(self, line: Line, *, is_challenger: bool) -> bool:
        """Whether the tag is the one that answers in this arm."""
        by_challenger = is_challenger and line.fallback is None
        return line.tag == str(self._experiment.challenger if by_challenger else self._experiment.champion)

    def _is_kept(self, feature: str, category: str) -> bool:
        return (feature, category) in self._segments or (
            sum(name == feature for name, _ in self._segments) < _MAX_CATEGORIES
        )

    def _sum(
        self, sums: dict[tuple[int, int], _Sum], line: Line, place: tuple[int, int], *, is_challenger: bool
    ) -> None:
        found = sums.setdefault(place, _Sum())
        found.arms.add(is_challenger)
        loss = None if line.outcome is None else self._loss(line, line.outcome)
        if loss is not None:
            found.rows += 1
            found.loss += loss

    @property
    def nameless(self) -> int:
        """Rows without a subject, which belong to no experiment."""
        return self._nameless

    def evidence(self, now: datetime) -> Evidence:
        """What all rows until now come to."""
        return Evidence(
            days=(now - self._experiment.began) / timedelta(days=1),
            units=_units(self._sums),
            splits=tuple(self._splits()),
            segments={place: _units(sums) for place, sums in self._segments.items()},
            latency=self._latencies(),
            challenged=self._challenged,
            fallbacks=dict(self._fallbacks),
            astray=tuple(self._astray()),
        )

    def _splits(self) -> Iterator[Split]:
        counts: Counter[tuple[int, bool]] = Counter()
        for (phase, number), found in self._sums.items():
            if self._first_phase[number] == phase:
                counts[phase, next(iter(found.arms))] += 1
        for phase, each in enumerate(self._experiment.phases):
            if 0 < each.share < 1:
                yield Split(share=each.share, champion=counts[phase, False], challenger=counts[phase, True])

    def _latencies(self) -> tuple[Latency, Latency]:
        champion, challenger = (
            Latency(rows=len(times), p99_ms=float(np.percentile(times, 99)) if len(times) else 0.0)
            for times in self._latency
        )
        return champion, challenger

    def _astray(self) -> Iterator[str]:
        if self._strangers.total() > _ASTRAY_SHARE * self._taken:
            tag, count = self._strangers.most_common(1)[0]
            yield (
                f"{self._strangers.total():,} of {self._taken:,} rows were answered by another tag than the "
                f"experiment's, {count:,} of them by {tag}: something else was deployed meanwhile."
            )
        both = sum(len(found.arms) > 1 for found in self._sums.values())
        if both > _ASTRAY_SHARE * len(self._sums):
            yield (
                f"{both:,} of {len(self._sums):,} subjects were answered by both arms while the share stayed the same: "
                "do all processes have the same SUBJECT_KEY?"
            )


def _units(sums: Mapping[tuple[int, int], _Sum]) -> Units:
    """Those of subjects with one arm."""
    found = [(place, each) for place, each in sums.items() if len(each.arms) == 1]
    return Units(
        phase=np.array([phase for (phase, _), _ in found], dtype=np.int64),
        subject=np.array([number for (_, number), _ in found], dtype=np.int64),
        is_challenger=np.array([next(iter(each.arms)) for _, each in found], dtype=bool),
        rows=np.array([each.rows for _, each in found], dtype=np.float64),
        loss=np.array([each.loss for _, each in found], dtype=np.float64),
    )
