"""Workflows at GitHub's double."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import DispatchRefused, GitHubRefused
from core.github.actions import Workflows, WorkflowState
from doubles.github import GitHub, Status
from doubles.github.state import Workflow
from tests.github import REPOSITORY, make_client, sent
from tests.runs import add_run

FILE = "train.yml"
NOON = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TEXT = "on: {schedule: [{cron: '7 3 1 * *'}], workflow_dispatch: {inputs: {as_of: {type: string}}}}"


@pytest.fixture
def workflow(github: GitHub) -> Workflow:
    github.set_clock(NOON)
    return github.add_workflow(REPOSITORY, f".github/workflows/{FILE}", TEXT)


@pytest.fixture
def workflows(github: GitHub, workflow: Workflow) -> Workflows:
    return Workflows(make_client(github, github.token(actions="write")))


def test_a_workflow_tells_its_state_and_its_age(workflows: Workflows) -> None:
    found = workflows.find(FILE)
    assert found is not None
    assert (found.state, found.created_at) == (WorkflowState.ACTIVE, NOON)
    assert workflows.state(FILE) is WorkflowState.ACTIVE


def test_a_workflow_that_github_does_not_know_is_missing(workflows: Workflows) -> None:
    assert workflows.find("other.yml") is None
    assert workflows.state("other.yml") is WorkflowState.MISSING


def test_a_workflow_that_was_disabled_is_enabled(workflows: Workflows, workflow: Workflow) -> None:
    workflow.state = "disabled_inactivity"
    assert workflows.state(FILE) is WorkflowState.DISABLED_INACTIVITY
    workflows.enable(FILE)
    assert workflows.state(FILE) is WorkflowState.ACTIVE


def test_the_last_success_is_that_of_the_newest_run_that_succeeded(workflows: Workflows, github: GitHub) -> None:
    add_run(github, FILE, NOON)
    add_run(github, FILE, NOON + DAY)
    add_run(github, FILE, NOON + 2 * DAY, conclusion="failure")
    add_run(github, FILE, NOON + 3 * DAY, conclusion=None)
    assert workflows.last_success(FILE) == NOON + DAY


def test_the_last_success_of_one_kind_of_event_leaves_out_the_others(workflows: Workflows, github: GitHub) -> None:
    add_run(github, FILE, NOON)
    add_run(github, FILE, NOON + DAY, event="workflow_dispatch")
    assert workflows.last_success(FILE, event="schedule") == NOON
    assert workflows.last_success(FILE) == NOON + DAY


def test_a_workflow_that_never_succeeded_has_no_last_success(workflows: Workflows, github: GitHub) -> None:
    add_run(github, FILE, NOON, conclusion="failure")
    assert workflows.last_success(FILE) is None


def test_the_last_run_is_that_of_any_workflow_whatever_became_of_it(workflows: Workflows, github: GitHub) -> None:
    assert workflows.last_run() is None
    github.add_workflow(REPOSITORY, ".github/workflows/ci.yml", "on: push")
    add_run(github, FILE, NOON)
    add_run(github, "ci.yml", NOON + DAY, conclusion="failure", event="push")
    assert workflows.last_run() == NOON + DAY


def test_a_dispatch_starts_a_run_and_tells_its_page(workflows: Workflows, github: GitHub) -> None:
    page = workflows.dispatch(FILE, ref="main", inputs={"as_of": "2013-07-01"})
    (run,) = github.repository(REPOSITORY).runs.values()
    assert (run.event, run.ref, run.inputs) == ("workflow_dispatch", "main", {"as_of": "2013-07-01"})
    assert page == f"{github.server_url}/{REPOSITORY}/actions/runs/{run.id}"


def test_a_dispatch_whose_run_is_not_told_answers_with_the_workflows_page(workflows: Workflows, github: GitHub) -> None:
    github.plant(Status(status=204), path="*/dispatches")
    page = workflows.dispatch(FILE, ref="main", inputs={})
    assert page == f"{github.server_url}/{REPOSITORY}/actions/workflows/{FILE}"


def test_a_dispatch_of_an_unknown_workflow_says_where_it_should_be(workflows: Workflows) -> None:
    with pytest.raises(
        DispatchRefused, match=r"acme/forecast has no such workflow on its default branch; push it there"
    ):
        workflows.dispatch("other.yml", ref="main", inputs={})


def test_a_dispatch_of_a_disabled_workflow_says_how_to_enable_it(workflows: Workflows, workflow: Workflow) -> None:
    workflow.state = "disabled_manually"
    with pytest.raises(DispatchRefused, match=r"it is disabled; gh workflow enable train.yml --repo acme/forecast"):
        workflows.dispatch(FILE, ref="main", inputs={})


@pytest.mark.parametrize(
    ("ref", "inputs", "problem"),
    [
        ("main", {"speed": "high"}, r'Unexpected inputs provided: \["speed"\]'),
        ("nowhere", {}, "No ref found for: nowhere"),
    ],
)
def test_a_dispatch_that_does_not_fit_the_file_says_what_does_not(
    ref: str, inputs: dict[str, str], problem: str, workflows: Workflows
) -> None:
    with pytest.raises(DispatchRefused, match=rf"{problem}; what it takes is in .github/workflows/train.yml"):
        workflows.dispatch(FILE, ref=ref, inputs=inputs)


def test_a_dispatch_without_the_permission_says_so(github: GitHub, workflow: Workflow) -> None:
    reader = Workflows(make_client(github, github.token(actions="read")))
    with pytest.raises(GitHubRefused, match="the token may lack a permission"):
        reader.dispatch(FILE, ref="main", inputs={})
    assert sent(github) == [f"POST actions/workflows/{FILE}/dispatches"]


def test_a_workflow_that_may_not_be_looked_at_is_not_taken_for_missing(github: GitHub, workflow: Workflow) -> None:
    github.repository(REPOSITORY).private = True
    with pytest.raises(GitHubRefused, match="403"):
        Workflows(make_client(github, github.token(contents="read"))).state(FILE)
