"""How often schedules come due, and the minutes that are counted for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ScheduleUnclear
from deploy.costs.minutes import Scheduled, runs_a_month
from deploy.costs.traffic import DAYS_A_MONTH
from deploy.costs.workflows import ROOT, scheduled
from doubles.actions.workflow_file import read_workflow


@pytest.mark.parametrize(
    ("cron", "a_week"),
    [
        ("29 6 * * *", 7),
        ("17 3 * * 2", 1),
        ("17 3 * * 1-5", 5),
        ("17 3 * * 1,3", 2),
        ("17 3 * * 0,7", 1),
        ("17 3 * * 5-7", 3),
        ("7 * * * *", 7 * 24),
        ("*/15 * * * *", 7 * 24 * 4),
        ("7/20 * * * *", 7 * 24 * 3),
        ("7,37 8-18/2 * * *", 7 * 2 * 6),
    ],
)
def test_a_schedule_comes_due_so_often(cron: str, a_week: int) -> None:
    assert runs_a_month(cron) == pytest.approx(a_week / 7 * DAYS_A_MONTH)


@pytest.mark.parametrize(
    "cron",
    ["29 6 1 * *", "29 6 * * MON", "@daily", "29 6 * *", "60 6 * * *", "0 24 * * *", "0 6 * * 8", "9-5 6 * * *", ""],
)
def test_what_is_not_understood_is_not_counted_as_something_else(cron: str) -> None:
    with pytest.raises(ScheduleUnclear, match="cron"):
        runs_a_month(cron)


def test_a_minute_that_was_begun_is_counted_for_each_job() -> None:
    daily = Scheduled(file="daily.yml", crons=("29 6 * * *",), jobs=(("serve",), ("drift",)))
    assert max(daily.seconds) < 60
    assert daily.minutes() == pytest.approx(2 * DAYS_A_MONTH)
    assert daily.minutes(slower=2) == pytest.approx(4 * DAYS_A_MONTH)


def test_schedules_and_jobs_are_those_that_a_reader_of_yaml_finds() -> None:
    found = {each.file: each for each in scheduled()}
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        workflow = read_workflow(path)
        crons = [each["cron"] for each in workflow["on"].get("schedule", ())]
        assert (path.name in found) == bool(crons)
        if crons:
            assert list(found[path.name].crons) == crons
            assert len(found[path.name].jobs) == len(workflow["jobs"])


def test_a_job_installs_what_its_scripts_ask_for() -> None:
    jobs = {each.file: each.jobs for each in scheduled()}
    assert jobs["train.yml"] == (("train",),)
    assert jobs["drift.yml"][0][0] == "drift"
    assert jobs["watchdog.yml"] == (("serve",),)


def test_where_there_are_no_workflows_nothing_runs_by_the_clock(tmp_path: Path) -> None:
    assert scheduled(tmp_path) == ()
