"""Minutes of GitHub's runners that schedules take in a month."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from core.errors import ScheduleUnclear
from deploy.costs.measured import INSTALL_S, RUNNER_S, WORK_S
from deploy.costs.traffic import DAYS_A_MONTH

_HOURS, _MINUTES, _WEEKDAYS = 24, 60, 7
_MINUTE_S: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheduled:
    """
    A workflow that runs by the clock.

    Attributes:
        file: Of the workflow.
        crons: Each of its schedules, as five fields.
        jobs: What each of its jobs installs, level by level.
    """

    file: str
    crons: tuple[str, ...]
    jobs: tuple[tuple[str, ...], ...]

    @property
    def runs(self) -> float:
        """In a month."""
        return sum(runs_a_month(cron) for cron in self.crons)

    @property
    def seconds(self) -> tuple[float, ...]:
        """Of each job."""
        return tuple(RUNNER_S + sum(INSTALL_S[level] + WORK_S for level in levels) for levels in self.jobs)

    def minutes(self, *, slower: float = 1) -> float:
        """
        That are counted in a month; GitHub rounds those of each job up.

        Args:
            slower: So many times the seconds that were measured.
        """
        return self.runs * sum(math.ceil(slower * seconds / _MINUTE_S) for seconds in self.seconds)


def runs_a_month(cron: str) -> float:
    """
    How often a schedule comes due in a month of average length.

    Raises:
        ScheduleUnclear: if it depends on the day of the month, or is no schedule.

    Example:
        >>> round(runs_a_month("17 3 * * 2"), 2)
        4.35
    """
    fields = cron.split()
    if len(fields) != 5 or fields[2:4] != ["*", "*"]:
        raise ScheduleUnclear(f"cron {cron!r}: only minutes, hours and days of the week are counted")
    minutes, hours, weekdays = (
        _count(field, many, cron)
        for field, many in zip(fields[:2] + fields[4:], (_MINUTES, _HOURS, _WEEKDAYS), strict=True)
    )
    return minutes * hours * weekdays / _WEEKDAYS * DAYS_A_MONTH


def _count(field: str, many: int, cron: str) -> int:
    """How many values a field takes."""
    try:
        return len(frozenset[int]().union(*(_values(part, many) for part in field.split(","))))
    except ValueError as error:
        raise ScheduleUnclear(f"cron {cron!r}: {field!r} is not understood") from error


def _values(part: str, many: int) -> set[int]:
    reach, _, step = part.partition("/")
    first, _, last = ("0", "-", str(many - 1)) if reach == "*" else reach.partition("-")
    end = int(last) if last else (many - 1 if step else int(first))
    # Sunday is 0 and 7.
    most = many if many == _WEEKDAYS else many - 1
    if not 0 <= int(first) <= end <= most:
        raise ValueError(reach)
    return {value % many for value in range(int(first), end + 1, int(step or 1))}
