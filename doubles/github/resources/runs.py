"""Runs of workflows: queued, claimed, finished, listed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

from doubles.github.exchange import Answer, Call, Need, Route, answer_counted
from doubles.github.refusals import NotFound
from doubles.github.resources.refs import resolve
from doubles.github.state import Repository, Run, Workflow
from doubles.github.views import api_url, repository_view, user_view, web_url
from doubles.github.world import World, at


def list_runs(call: Call) -> Answer:
    """`GET /actions/runs`, the newest first."""
    return _answer(call, list(call.repository.runs.values()))


def list_runs_of_workflow(call: Call) -> Answer:
    """`GET /actions/workflows/{workflow_id}/runs`, the newest first."""
    workflow = call.repository.workflow(call.values["workflow_id"])
    if workflow is None:
        raise NotFound
    return _answer(call, [run for run in call.repository.runs.values() if run.workflow_id == workflow.id])


def queue_run(
    world: World,
    repository: Repository,
    workflow: Workflow,
    *,
    event: str,
    ref: str,
    actor: str,
    inputs: dict[str, Any] | None = None,
    payload: dict[str, Any] | None = None,
) -> Run:
    """
    Let a run wait for a runner.

    Raises:
        NotFound: if there is no such ref.
    """
    commit = resolve(repository, ref)
    if commit is None:
        raise NotFound
    run = Run(
        id=world.new_id(),
        number=1 + sum(other.workflow_id == workflow.id for other in repository.runs.values()),
        workflow_id=workflow.id,
        event=event,
        ref=ref,
        sha=commit.sha,
        actor=actor,
        created_at=world.now,
        updated_at=world.now,
        inputs=inputs or {},
        payload=payload or {},
    )
    repository.runs[run.id] = run
    return run


def _answer(call: Call, runs: list[Run]) -> Answer:
    newest_first = sorted(runs, key=lambda run: run.id, reverse=True)
    found = [run for run in newest_first if _is_wanted(call, run)]
    return answer_counted(call, "workflow_runs", found, lambda run: _view(call, run))


def _is_wanted(call: Call, run: Run) -> bool:
    query = call.query
    return (
        query.get("event", run.event) == run.event
        and query.get("branch", _branch(run)) == _branch(run)
        and query.get("actor", run.actor) == run.actor
        and query.get("head_sha", run.sha) == run.sha
        and ("status" not in query or query["status"] in {run.status, run.conclusion})
        and ("created" not in query or _within(query["created"], run.created_at))
    )


def _within(span: str, moment: datetime) -> bool:
    """Is a time within a span of GitHub's search syntax: `A..B`, `>=A`, `>A`, `<=B`, `<B`, or one day or moment?"""
    first, dots, last = span.partition("..")
    if dots:
        return (first == "*" or moment >= _start(first)) and (last == "*" or moment <= _end(last))
    comparisons: dict[str, Callable[[str], bool]] = {
        ">=": lambda text: moment >= _start(text),
        "<=": lambda text: moment <= _end(text),
        ">": lambda text: moment > _end(text),
        "<": lambda text: moment < _start(text),
    }
    for sign, holds in comparisons.items():
        if span.startswith(sign):
            return holds(span.removeprefix(sign))
    return _start(span) <= moment <= _end(span)


def _start(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _end(text: str) -> datetime:
    return _start(text) if "T" in text else datetime.combine(_start(text), time.max, UTC)


def _branch(run: Run) -> str:
    return run.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


def _view(call: Call, run: Run) -> dict[str, Any]:
    repository, workflow = call.repository, call.repository.workflows[run.workflow_id]
    base = api_url(call.world, repository)
    url, described = f"{base}/actions/runs/{run.id}", repository_view(call.world, repository)
    actor, commit = user_view(call.world, run.actor), repository.commits[run.sha]
    return {
        "id": run.id,
        "node_id": f"WFR_{run.id}",
        "name": workflow.path,
        "display_title": workflow.path,
        "head_branch": _branch(run),
        "head_sha": run.sha,
        "path": workflow.path,
        "run_number": run.number,
        "run_attempt": 1,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": run.workflow_id,
        "url": url,
        "html_url": f"{web_url(call.world, repository)}/actions/runs/{run.id}",
        "pull_requests": [],
        "created_at": at(run.created_at),
        "updated_at": at(run.updated_at),
        "run_started_at": at(run.started_at or run.created_at),
        "actor": actor,
        "triggering_actor": actor,
        "workflow_url": f"{base}/actions/workflows/{run.workflow_id}",
        "check_suite_url": f"{base}/check-suites/{run.id}",
        "head_commit": {
            "id": run.sha,
            "tree_id": run.sha,
            "message": commit.message,
            "timestamp": at(commit.date),
            "author": None,
            "committer": None,
        },
        "repository": described,
        "head_repository": described,
    } | {f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "artifacts", "cancel", "rerun")}


_READ = Need(scope="actions", public=True)
_BASE = "/repos/{owner}/{repo}/actions"
ROUTES = (
    Route(method="GET", template=f"{_BASE}/runs", handler=list_runs, need=_READ),
    Route(method="GET", template=f"{_BASE}/workflows/{{workflow_id}}/runs", handler=list_runs_of_workflow, need=_READ),
)
