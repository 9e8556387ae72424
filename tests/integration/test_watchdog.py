"""`python -m control watchdog`, as a workflow runs it, at GitHub's double."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.github.alert import marker_of
from doubles.github import GitHub, Status
from doubles.github.state import Issue
from tests.control_plane import ControlPlane, make_control_plane
from tests.github import REPOSITORY, sent
from tests.runs import add_run

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENABLED = [f"PUT actions/workflows/{file}/enable" for file in ("train.yml", "drift.yml", "watchdog.yml")]


@pytest.fixture
def plane(github: GitHub, tmp_path: Path) -> ControlPlane:
    return make_control_plane(github, tmp_path, model=False)


def overdue(plane: ControlPlane, file: str) -> None:
    """Let a schedule not have succeeded since March."""
    plane.forget_runs(file)
    add_run(plane.github, file, MARCH)
    add_run(plane.github, file, datetime.now(UTC), conclusion="failure")


def the_issue(plane: ControlPlane) -> Issue:
    (issue,) = plane.repository.issues.values()
    return issue


def test_where_all_is_well_every_schedule_is_kept_alive_and_nothing_else_is_done(plane: ControlPlane) -> None:
    done = plane.run("watchdog")
    assert done.returncode == 0
    assert done.stdout == (
        "train.yml: kept alive\ndrift.yml: kept alive\nwatchdog.yml: kept alive\nall schedules run\n"
    )
    assert sent(plane.github) == ENABLED


def test_a_schedule_that_github_has_disabled_is_enabled_again(plane: ControlPlane) -> None:
    plane.workflow("drift.yml").state = "disabled_inactivity"
    assert "drift.yml: enabled again\n" in plane.run("watchdog").stdout
    assert plane.workflow("drift.yml").state == "active"


def test_a_schedule_that_has_not_succeeded_for_too_long_is_told_in_an_issue(plane: ControlPlane) -> None:
    overdue(plane, "train.yml")
    done = plane.run("watchdog")
    page = f"{plane.github.server_url}/{REPOSITORY}"
    assert done.returncode == 0
    assert "train.yml: it has not succeeded within 15 days (last success: 2026-03-01)\n" in done.stdout
    assert done.stdout.endswith(f"issue opened: {page}/issues/1\n")
    issue = the_issue(plane)
    assert issue.title == "Schedules that do not run: train.yml"
    assert issue.labels == ["slipway", "schedule", "severity:warning"]
    assert issue.body == (
        f"{marker_of('watchdog')}\n"
        "These workflows should run by the clock, and do not. This issue is rewritten when that changes, and closed "
        "once all is well.\n\n"
        "| workflow | what is wrong | last success | what it means | what to do |\n| --- | --- | --- | --- | --- |\n"
        f"| [train.yml]({page}/actions/workflows/train.yml) | it has not succeeded within 15 days | 2026-03-01 "
        "| no model learns from newer data; the one that serves grows old "
        f"| see what became of its [last runs]({page}/actions/workflows/train.yml), "
        "then `gh workflow run train.yml --repo acme/forecast` |"
    )


def test_a_schedule_that_somebody_disabled_is_told_and_left_alone(plane: ControlPlane) -> None:
    plane.workflow("train.yml").state = "disabled_manually"
    assert "train.yml: somebody disabled it" in plane.run("watchdog").stdout
    assert plane.workflow("train.yml").state == "disabled_manually"
    assert "`gh workflow enable train.yml --repo acme/forecast`" in (the_issue(plane).body or "")


def test_a_second_run_changes_nothing_of_the_issue(plane: ControlPlane) -> None:
    overdue(plane, "train.yml")
    plane.run("watchdog")
    before = sent(plane.github)
    assert "issue unchanged: " in plane.run("watchdog").stdout
    assert sent(plane.github) == before + ENABLED


def test_the_same_issue_is_rewritten_when_another_schedule_fails_too(plane: ControlPlane) -> None:
    overdue(plane, "train.yml")
    plane.run("watchdog")
    overdue(plane, "drift.yml")
    assert "issue rewritten: " in plane.run("watchdog").stdout
    assert the_issue(plane).title == "Schedules that do not run: train.yml, drift.yml"


def test_once_all_is_well_the_issue_is_closed_with_a_comment(plane: ControlPlane) -> None:
    overdue(plane, "train.yml")
    plane.run("watchdog")
    # What the issue says to do.
    add_run(plane.github, "train.yml", datetime.now(UTC), event="workflow_dispatch")
    assert plane.run("watchdog").stdout.endswith("all schedules run; their issue is closed\n")
    issue = the_issue(plane)
    assert issue.state == "closed"
    assert [comment.body for comment in issue.comments] == [
        "All schedules run again; this issue comes back when one does not."
    ]


def test_the_same_issue_comes_back(plane: ControlPlane) -> None:
    overdue(plane, "train.yml")
    plane.run("watchdog")
    add_run(plane.github, "train.yml", datetime.now(UTC))
    plane.run("watchdog")
    overdue(plane, "train.yml")
    assert "issue reopened: " in plane.run("watchdog").stdout
    assert the_issue(plane).state == "open"


def test_the_watchdogs_own_long_sleep_is_over_with_its_run(plane: ControlPlane) -> None:
    overdue(plane, "watchdog.yml")
    assert plane.run("watchdog").stdout.endswith("all schedules run\n")


def test_a_new_repository_is_given_its_time(plane: ControlPlane) -> None:
    plane.repository.runs.clear()
    for workflow in plane.repository.workflows.values():
        workflow.created_at = datetime.now(UTC) - timedelta(days=2)
    assert plane.run("watchdog").stdout.endswith("all schedules run\n")


def test_a_schedule_that_is_not_in_the_checkout_is_not_missed(plane: ControlPlane) -> None:
    (plane.checkout / ".github/workflows/drift.yml").unlink()
    plane.forget_runs("drift.yml")
    done = plane.run("watchdog")
    assert "drift.yml" not in done.stdout
    assert done.stdout.endswith("all schedules run\n")


def test_a_schedule_that_github_does_not_know_is_told(plane: ControlPlane) -> None:
    plane.forget_runs("drift.yml")
    del plane.repository.workflows[plane.workflow("drift.yml").id]
    done = plane.run("watchdog")
    assert "drift.yml: GitHub does not know it: it is not on the default branch (last success: never)\n" in done.stdout


def test_the_summary_of_the_run_says_the_same(plane: ControlPlane, tmp_path: Path) -> None:
    overdue(plane, "train.yml")
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    plane.run("watchdog", GITHUB_STEP_SUMMARY=str(summary))
    text = summary.read_text()
    assert text.startswith("# Before\n## Schedules\n\n| workflow | ")
    assert "| it has not succeeded within 15 days | 2026-03-01 |" in text
    assert "\n- drift.yml: kept alive\n" in text


def test_a_schedule_that_may_not_be_enabled_fails_the_run_but_not_the_others(plane: ControlPlane) -> None:
    overdue(plane, "train.yml")
    plane.github.plant(Status(status=403, body='{"message": "Resource not accessible"}'), path="*/drift.yml/enable")
    done = plane.run("watchdog")
    assert done.returncode == 1
    assert "drift.yml: cannot be enabled: PUT " in done.stdout
    assert "watchdog.yml: kept alive\n" in done.stdout
    assert the_issue(plane).state == "open"


def test_without_issues_the_run_fails_with_the_page_to_switch_them_on(plane: ControlPlane) -> None:
    overdue(plane, "train.yml")
    plane.repository.has_issues = False
    done = plane.run("watchdog")
    assert done.returncode == 1
    assert done.stderr.endswith(f"at {plane.github.server_url}/{REPOSITORY}/settings\n")
    # What keeps schedules alive does not wait for it.
    assert sorted(call.path.split("/")[-2] for call in plane.github.calls if call.method == "PUT") == [
        "drift.yml",
        "train.yml",
        "watchdog.yml",
    ]


def test_a_folder_without_schedules_does_not_pass_for_all_being_well(plane: ControlPlane) -> None:
    overdue(plane, "train.yml")
    plane.run("watchdog")
    for path in (plane.checkout / ".github/workflows").iterdir():
        path.unlink()
    done = plane.run("watchdog")
    assert done.returncode == 1
    assert done.stderr == "error: no workflow in .github/workflows runs by the clock; run this in a checkout\n"
    assert the_issue(plane).state == "open"
