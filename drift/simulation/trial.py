"""Puts faults into windows of real rows, to say which would be caught and how soon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from core.contract import DriftRole
from core.drift import Severity, worst
from core.reference import WEEK
from drift.columns import Columns
from drift.counts import Profile
from drift.evidence import Difference, Evidence
from drift.simulation.faults import Fault, Missing, NewCategory
from drift.simulation.watch import Watch
from drift.thresholds import Thresholds
from drift.verdict import Judgement

# A fault that is no alert after so many windows counts as never caught.
MOST_WINDOWS: Final = 3
# These are seen whatever a column's values may do.
_BY_COUNTS: Final = (Missing.word, NewCategory.word)


class Obstacle(StrEnum):
    """
    Why a fault is not caught.

    Attributes:
        ALARMING: The column is an alert without it.
        ABSENT: No row has the column, which may be on purpose.
        BRIEF: It is a warning, and an alert only if it is one again.
        FEW_ROWS: A window has too few rows to tell it from chance.
        REDACTED: Of the column only is known where it is missing.
        CALENDAR, SEASONAL: The values of such a column are no alert.
        NO_REFERENCE: Training had no values to compare with.
        UNCALIBRATED: It is below the default, as training has too few windows to say what is usual.
        VARIES: It is not larger than what is usual of the column.
    """

    ALARMING = "alarming"
    ABSENT = "absent"
    BRIEF = "brief"
    FEW_ROWS = "few_rows"
    REDACTED = "redacted"
    CALENDAR = "calendar"
    SEASONAL = "seasonal"
    NO_REFERENCE = "no_reference"
    UNCALIBRATED = "uncalibrated"
    VARIES = "varies"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caught:
    """
    What would become of a fault that begins in a window and lasts.

    Attributes:
        fault: What goes wrong.
        cases: Starts that were tried; those left out in which the column is an alert without the fault.
        found: In how many of them the column is an alert within 1, 2, 3 windows, or as many as there are; rising.
        obstacle: Why not, in most of the cases in which it is none; None where it always is one.
    """

    fault: Fault
    cases: int
    found: tuple[int, ...]
    obstacle: Obstacle | None

    @property
    def within(self) -> tuple[float, ...]:
        """The shares of the cases, in [0, 1]; empty without a case."""
        return tuple(count / self.cases for count in self.found) if self.cases else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulation:
    """
    What would be caught, beside what is called a change where nobody put a fault.

    Attributes:
        windows: How many there are.
        warnings: Of them, whose worst column is a warning as they are.
        alerts: Of them, in which a column is an alert as they are.
        noted: By column, in how many windows it is a warning or worse as they are; the most first.
        caught: Of each fault.
    """

    windows: int
    warnings: int
    alerts: int
    noted: Mapping[str, int]
    caught: Sequence[Caught]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What came of a fault in one case: the number of the first window with an alert, from 1, or why there is none."""

    window: int | None
    obstacle: Obstacle | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """
    Consecutive windows, at least one, through which a fault lasts.

    Attributes:
        watch: Of the reference that they are compared with; what it has seen is left out.
        windows: The rows.
        evidence: Of each window as it is.
        untried: Columns that no fault is put into.
    """

    watch: Watch
    windows: Sequence[Columns]
    evidence: Sequence[Sequence[Evidence]]
    untried: frozenset[str] = frozenset()

    @classmethod
    def of(cls, watch: Watch, windows: Sequence[Columns]) -> Case:
        """A case with its evidence."""
        return cls(watch=watch, windows=windows, evidence=[watch.gather(columns) for columns in windows])

    def where_calm(self) -> Case:
        """The same without the columns that are an alert as they are, of which a fault would say nothing."""
        watch = self.watch.afresh()
        judged = [each for evidence in self.evidence for each in watch.weigh(evidence)]
        alarming = frozenset(each.evidence.column for each in judged if each.severity.is_alarming)
        return replace(self, untried=alarming)

    def attempt(self, fault: Fault, generator: np.random.Generator) -> Attempt:
        """
        Put a fault into every window.

        Raises:
            ValueError: if the contract has no such column.
        """
        watch, narrow = self.watch.afresh(), self.watch.of_feature(fault.column)
        place = watch.profile.contract.names.index(fault.column)
        obstacle = None
        for number, columns in enumerate(self.windows):
            evidence = list(self.evidence[number])
            [evidence[place]] = narrow.gather(fault.apply(columns, generator))
            judged = watch.weigh(evidence)[place]
            if judged.severity.is_alarming:
                return Attempt(window=number + 1, obstacle=None)
            obstacle = _obstacle(judged, fault, watch.thresholds)
        return Attempt(window=None, obstacle=obstacle)


def simulate(
    profile: Profile,
    windows: Sequence[Columns],
    faults: Sequence[Fault],
    generator: np.random.Generator,
    *,
    thresholds: Thresholds | None = None,
    drops_columns: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Simulation:
    """
    Say which faults would be caught in consecutive weeks, from each week on that has two more behind it.

    Args:
        profile: The reference of the tag that answered the rows.
        windows: A week each, the oldest first; at least one. With fewer than three a fault lasts as long as they do.
        faults: What is tried.
        generator: Chooses the rows that are struck.
        thresholds: What counts as a change; None for the defaults.
        drops_columns: Whether a column may be absent on purpose.
        progress: Told after each start how many are done, of how many.

    Raises:
        ValueError: if there is no window, or a fault is of a column that the contract does not have.
    """
    if not windows:
        raise ValueError("takes at least one window")
    watch = Watch(profile=profile, length=WEEK, thresholds=thresholds or Thresholds(), drops_columns=drops_columns)
    whole = Case.of(watch, windows)
    judged = [watch.weigh(evidence) for evidence in whole.evidence]
    severities = [worst(each.severity for each in window) for window in judged]
    alerts = sum(severity.is_alarming for severity in severities)
    noted = Counter(each.evidence.column for window in judged for each in window if _is_noted(each.severity))
    return Simulation(
        windows=len(windows),
        warnings=sum(map(_is_noted, severities)) - alerts,
        alerts=alerts,
        noted=dict(noted.most_common()),
        caught=strike(_starts(whole, progress), faults, generator),
    )


def strike(cases: Iterable[Case], faults: Sequence[Fault], generator: np.random.Generator) -> list[Caught]:
    """
    Try each fault in each case, at least one, that does not leave its column out.

    Raises:
        ValueError: if a fault is of a column that the contract does not have.
    """
    attempts: list[list[Attempt]] = [[] for _ in faults]
    reach = 0
    for case in cases:
        reach = max(reach, len(case.windows))
        for fault, tried in zip(faults, attempts, strict=True):
            if fault.column not in case.untried:
                tried.append(case.attempt(fault, generator))
    return [_caught(fault, tried, reach) for fault, tried in zip(faults, attempts, strict=True)]


def _starts(whole: Case, progress: Callable[[int, int], None]) -> Iterator[Case]:
    length = min(MOST_WINDOWS, len(whole.windows))
    count = len(whole.windows) - length + 1
    for start in range(count):
        part = slice(start, start + length)
        yield Case(watch=whole.watch, windows=whole.windows[part], evidence=whole.evidence[part]).where_calm()
        progress(start + 1, count)


def _caught(fault: Fault, attempts: Sequence[Attempt], reach: int) -> Caught:
    windows = [attempt.window for attempt in attempts if attempt.window is not None]
    obstacles = Counter(attempt.obstacle for attempt in attempts if attempt.obstacle is not None)
    usual = obstacles.most_common(1)
    return Caught(
        fault=fault,
        cases=len(attempts),
        found=tuple(sum(window <= most for window in windows) for most in range(1, reach + 1)),
        obstacle=usual[0][0] if usual else None if attempts else Obstacle.ALARMING,
    )


def _is_noted(severity: Severity) -> bool:
    return severity.rank >= Severity.WARNING.rank


def _obstacle(judged: Judgement, fault: Fault, thresholds: Thresholds) -> Obstacle:
    """Why a struck column is no alert, by what its last window says."""
    evidence = judged.evidence
    rows = evidence.rows if fault.word == Missing.word else evidence.present
    if evidence.is_absent:
        return Obstacle.ABSENT
    if fault.word != Missing.word and evidence.is_redacted:
        return Obstacle.REDACTED
    if fault.word not in _BY_COUNTS and evidence.role is not DriftRole.TESTED:
        return Obstacle(evidence.role.value)
    if evidence.reference_missing == 1:
        return Obstacle.NO_REFERENCE
    if rows < thresholds.min_rows:
        return Obstacle.FEW_ROWS
    return Obstacle.BRIEF if judged.severity is Severity.WARNING else _shortfall(_test(evidence, fault))


def _test(evidence: Evidence, fault: Fault) -> Difference | None:
    """The difference by which a fault is to be seen."""
    if fault.word == Missing.word:
        return evidence.gap
    return evidence.unseen if fault.word == NewCategory.word else evidence.values


def _shortfall(test: Difference | None) -> Obstacle:
    if test is None or test.effect >= test.threshold:
        # Large, but it may be chance.
        return Obstacle.FEW_ROWS
    return Obstacle.VARIES if test.is_calibrated else Obstacle.UNCALIBRATED
