from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from doubles.github import GitHub
from doubles.github.resources.runs import queue_run
from tests.github import REPOSITORY, Caller, made

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def runs(github: GitHub) -> list[int]:
    """Four runs, a day apart: `a` by dispatch, which has ended; `b` twice by schedule and once by push on a branch."""
    github.set_clock(NOON)
    github.add_commit(REPOSITORY, branch="feature")
    repository = github.repository(REPOSITORY)
    deploy, retrain = (github.add_workflow(REPOSITORY, f".github/workflows/{name}.yml", "on: push") for name in "ab")
    made_runs = []
    for workflow, event, ref in (
        (deploy, "workflow_dispatch", "main"),
        (retrain, "schedule", "main"),
        (retrain, "schedule", "refs/heads/main"),
        (retrain, "push", "feature"),
    ):
        made_runs.append(queue_run(github.world, repository, workflow, event=event, ref=ref, actor="ada"))
        github.advance_clock(timedelta(days=1))
    made_runs[0].status, made_runs[0].conclusion = "completed", "success"
    return [run.id for run in made_runs]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [3, 2, 1, 0]),
        ({"event": "schedule"}, [2, 1]),
        ({"status": "queued"}, [3, 2, 1]),
        ({"status": "completed"}, [0]),
        ({"status": "success"}, [0]),
        ({"status": "failure"}, []),
        ({"branch": "feature"}, [3]),
        ({"branch": "main"}, [2, 1, 0]),
        ({"actor": "bob"}, []),
        ({"created": "2026-03-02"}, [1]),
        ({"created": ">=2026-03-03"}, [3, 2]),
        ({"created": ">2026-03-03"}, [3]),
        ({"created": "<=2026-03-02T12:00:00Z"}, [1, 0]),
        ({"created": "<2026-03-02T12:00:00Z"}, [0]),
        ({"created": "2026-03-02..2026-03-03"}, [2, 1]),
        ({"created": "*..2026-03-01"}, [0]),
    ],
)
def test_runs_are_listed_from_the_newest_by_what_is_asked_for(
    owner: Caller, runs: list[int], query: dict[str, str], found: list[int]
) -> None:
    answer = made(owner.ask("GET", "actions/runs", query=query))
    assert [run["id"] for run in answer["workflow_runs"]] == [runs[index] for index in found]
    assert answer["total_count"] == len(found)


def test_the_runs_of_one_workflow_are_listed(owner: Caller, runs: list[int]) -> None:
    answer = made(owner.ask("GET", "actions/workflows/a.yml/runs"))
    assert [run["id"] for run in answer["workflow_runs"]] == runs[:1]


def test_runs_of_a_workflow_are_numbered(owner: Caller, runs: list[int]) -> None:
    answer = made(owner.ask("GET", "actions/workflows/b.yml/runs"))
    assert len(answer["workflow_runs"]) == len(runs) - 1
    assert [run["run_number"] for run in answer["workflow_runs"]] == [3, 2, 1]


def test_the_runs_of_a_workflow_that_is_not_there_are_not_found(owner: Caller) -> None:
    assert owner.ask("GET", "actions/workflows/c.yml/runs").status_code == 404
