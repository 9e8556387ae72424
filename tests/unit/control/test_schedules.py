"""When a schedule needs a look, and that the table of schedules fits the workflow files."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from control.schedules import SCHEDULES, Observed, Schedule, Trouble, judge, schedules_among, trouble_of
from core.github.actions import Workflow, WorkflowState
from tests.commands import ROOT

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SCHEDULE = Schedule(file="train.yml", longest=10 * DAY, means="something")
FILES = {path.name: path for path in (ROOT / ".github/workflows").glob("*.yml")}


def observed(
    *, state: WorkflowState = WorkflowState.ACTIVE, age: timedelta = 365 * DAY, success: timedelta | None = DAY
) -> Observed:
    """A schedule that GitHub has known for a time, and whose last success is so long ago."""
    return Observed(
        schedule=SCHEDULE,
        workflow=Workflow(state=state, created_at=NOW - age),
        last_success=None if success is None else NOW - success,
    )


@pytest.mark.parametrize(
    ("each", "trouble"),
    [
        (observed(), None),
        (observed(success=10 * DAY), None),
        (observed(success=10 * DAY + SECOND), Trouble.OVERDUE),
        (observed(age=10 * DAY, success=None), None),
        (observed(age=10 * DAY + SECOND, success=None), Trouble.OVERDUE),
        (observed(state=WorkflowState.DISABLED_INACTIVITY), None),
        (observed(state=WorkflowState.DISABLED_INACTIVITY, success=11 * DAY), Trouble.OVERDUE),
        (observed(state=WorkflowState.DISABLED_MANUALLY), Trouble.DISABLED),
        (observed(state=WorkflowState.DISABLED_MANUALLY, success=None), Trouble.DISABLED),
        (observed(state=WorkflowState.DISABLED_OTHERWISE), Trouble.DISABLED),
        (observed(state=WorkflowState.MISSING), Trouble.MISSING),
        (Observed(schedule=SCHEDULE, workflow=None), Trouble.MISSING),
    ],
)
def test_a_schedule_is_in_trouble_when_time_does_not_mend_it(each: Observed, trouble: Trouble | None) -> None:
    assert trouble_of(each, NOW) is trouble


@pytest.mark.parametrize(
    ("state", "is_enabled"),
    [
        (WorkflowState.ACTIVE, True),
        (WorkflowState.DISABLED_INACTIVITY, True),
        (WorkflowState.DISABLED_MANUALLY, False),
        (WorkflowState.DISABLED_OTHERWISE, False),
        (WorkflowState.MISSING, False),
    ],
)
def test_what_nobody_disabled_on_purpose_is_enabled(state: WorkflowState, is_enabled: bool) -> None:
    each = observed(state=state)
    assert judge([each], NOW).to_enable == ((each,) if is_enabled else ())


def test_the_verdict_names_the_troubled_in_order_and_leaves_out_the_others() -> None:
    late, fine = observed(success=99 * DAY), observed()
    off = observed(state=WorkflowState.DISABLED_MANUALLY)
    verdict = judge([off, fine, late], NOW)
    assert [(each.observed, each.trouble) for each in verdict.troubled] == [
        (off, Trouble.DISABLED),
        (late, Trouble.OVERDUE),
    ]


def test_only_schedules_whose_files_are_there_are_judged() -> None:
    assert [each.file for each in schedules_among({"ci.yml", "watchdog.yml", "train.yml"})] == [
        "train.yml",
        "watchdog.yml",
    ]


def _period(cron: str) -> timedelta:
    """The longest time between two starts: of a day of the month, a day of the week, or every day."""
    _, _, day_of_month, _, day_of_week = cron.split()
    if day_of_month != "*":
        return timedelta(days=31)
    return timedelta(days=1 if day_of_week == "*" else 7)


def _cron(path: Path) -> list[str]:
    return re.findall(r"""cron: ["']([^"']+)["']""", path.read_text())


@pytest.mark.parametrize("file", FILES)
def test_every_workflow_with_a_cron_line_is_watched_and_has_time_for_a_late_start(file: str) -> None:
    allowed = {schedule.file: schedule.longest for schedule in SCHEDULES}
    lines = _cron(FILES[file])
    assert bool(lines) == (file in allowed)
    for line in lines:
        assert _period(line) * 1.25 <= allowed[file] <= _period(line) * 3


@pytest.mark.parametrize("file", FILES)
def test_no_schedule_starts_at_an_hour_at_which_all_others_do(file: str) -> None:
    assert not [line for line in _cron(FILES[file]) if line.split()[0] in {"0", "15", "30", "45", "*"}]
