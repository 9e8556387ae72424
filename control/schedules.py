"""The workflows that run by the clock, how long each may go without a success, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.github.actions import Workflow, WorkflowState

WATCHDOG: Final = "watchdog.yml"
# What somebody has disabled on purpose is not enabled behind their back.
_KEPT_ALIVE: Final = frozenset({WorkflowState.ACTIVE, WorkflowState.DISABLED_INACTIVITY})


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """
    A workflow that runs by the clock.

    Attributes:
        file: Of the workflow.
        longest: It may go so long without a success: more than its period, as GitHub starts late, or not at all.
        means: What it means when it does not run.
    """

    file: str
    longest: timedelta
    means: str


SCHEDULES: Final = (
    Schedule(
        file="train.yml",
        longest=timedelta(days=15),
        means="no model learns from newer data; the one that serves grows old",
    ),
    Schedule(
        file="drift.yml",
        longest=timedelta(days=3),
        means="nobody notices when what is asked is no longer what the model was trained on",
    ),
    Schedule(
        file="experiment.yml",
        longest=timedelta(days=3),
        means="nobody sees how an experiment stands, nor when it is decided",
    ),
    Schedule(
        file="watch.yml",
        longest=timedelta(days=2),
        means="nobody notices that the service is down, nor that alerts of Prometheus have stopped",
    ),
    Schedule(
        file=WATCHDOG,
        longest=timedelta(days=15),
        means="GitHub disables the schedules of a quiet repository after 60 days, and nobody is told",
    ),
)


def schedules_among(files: Collection[str]) -> tuple[Schedule, ...]:
    """The schedules whose workflow files are there."""
    return tuple(schedule for schedule in SCHEDULES if schedule.file in files)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """
    A schedule, as GitHub shows it.

    Attributes:
        schedule: Which.
        workflow: None if GitHub does not know it.
        last_success: When the newest run that succeeded began, whatever started it; None if there is none.
    """

    schedule: Schedule
    workflow: Workflow | None
    last_success: datetime | None = None

    @property
    def state(self) -> WorkflowState:
        """Whether it runs when its time has come."""
        return WorkflowState.MISSING if self.workflow is None else self.workflow.state

    @property
    def due(self) -> datetime | None:
        """When it is overdue, counted from its last success, or from its beginning; None if it is missing."""
        since = self.last_success or (self.workflow and self.workflow.created_at)
        return since + self.schedule.longest if since else None


class Trouble(StrEnum):
    """What is wrong with a schedule."""

    OVERDUE = "overdue"
    DISABLED = "disabled"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Troubled:
    """A schedule with which something is wrong."""

    observed: Observed
    trouble: Trouble


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """
    What to do about the schedules.

    Attributes:
        troubled: Those that a person should look at.
        to_enable: Those that GitHub has disabled or would disable one day, unless they are enabled (again).
    """

    troubled: tuple[Troubled, ...]
    to_enable: tuple[Observed, ...]


def judge(observed: Sequence[Observed], now: datetime) -> Verdict:
    """
    Decide what to do.

    Args:
        observed: Every schedule of the repository.
        now: With a time zone.
    """
    troubles = ((each, trouble_of(each, now)) for each in observed)
    return Verdict(
        troubled=tuple(Troubled(observed=each, trouble=trouble) for each, trouble in troubles if trouble is not None),
        to_enable=tuple(each for each in observed if each.state in _KEPT_ALIVE),
    )


def trouble_of(observed: Observed, now: datetime) -> Trouble | None:
    """What is wrong with a schedule, if anything that enabling it would not mend."""
    if observed.due is None or observed.state is WorkflowState.MISSING:
        return Trouble.MISSING
    if observed.state not in _KEPT_ALIVE:
        return Trouble.DISABLED
    return Trouble.OVERDUE if now > observed.due else None
