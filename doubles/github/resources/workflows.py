"""Workflows, and what may start their runs."""

from __future__ import annotations

import io
import json
from typing import Any

from ruamel.yaml import YAML

from doubles.github.exchange import Answer, Call, Need, Route, answer_json, answer_nothing
from doubles.github.refusals import NotFound, Unprocessable
from doubles.github.resources.refs import resolve
from doubles.github.resources.runs import queue_run
from doubles.github.state import Workflow
from doubles.github.views import api_url, web_url
from doubles.github.world import at


def read_workflow(call: Call) -> Answer:
    """`GET /actions/workflows/{workflow_id}`, by number or by file name."""
    return answer_json(_view(call, workflow_of(call)))


def enable_workflow(call: Call) -> Answer:
    """`PUT /actions/workflows/{workflow_id}/enable`."""
    workflow = workflow_of(call)
    workflow.state, workflow.updated_at = "active", call.world.now
    return answer_nothing()


def dispatch_workflow(call: Call) -> Answer:
    """`POST /actions/workflows/{workflow_id}/dispatches`: queues a run."""
    workflow, wish = workflow_of(call), call.json
    if workflow.state != "active":
        raise Unprocessable("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    trigger = triggers(workflow).get("workflow_dispatch")
    if trigger is None:
        raise Unprocessable("Workflow does not have 'workflow_dispatch' trigger")
    if resolve(call.repository, wish["ref"]) is None:
        raise Unprocessable(f"No ref found for: {wish['ref']}")
    inputs = _inputs(trigger.get("inputs") or {}, wish.get("inputs") or {})
    run = queue_run(
        call.world,
        call.repository,
        workflow,
        event="workflow_dispatch",
        ref=wish["ref"],
        actor=call.login,
        inputs=inputs,
    )
    if not wish.get("return_run_details", False):
        return answer_nothing()
    return answer_json(
        {
            "workflow_run_id": run.id,
            "run_url": f"{api_url(call.world, call.repository)}/actions/runs/{run.id}",
            "html_url": f"{web_url(call.world, call.repository)}/actions/runs/{run.id}",
        }
    )


def dispatch_repository(call: Call) -> Answer:
    """`POST /dispatches`: queues a run of every workflow that waits for this type of event."""
    wish, repository = call.json, call.repository
    kind, payload = wish["event_type"], wish.get("client_payload", {})
    for workflow in repository.workflows.values():
        trigger = triggers(workflow).get("repository_dispatch")
        if workflow.state == "active" and trigger is not None and kind in (trigger.get("types") or [kind]):
            queue_run(
                call.world,
                repository,
                workflow,
                event="repository_dispatch",
                ref=repository.default_branch,
                actor=call.login,
                payload={"action": kind, "client_payload": payload},
            )
    return answer_nothing()


def workflow_of(call: Call) -> Workflow:
    """The workflow that the path names."""
    workflow = call.repository.workflow(call.values["workflow_id"])
    if workflow is None:
        raise NotFound
    return workflow


def triggers(workflow: Workflow) -> dict[str, dict[str, Any]]:
    """The events of a workflow's `on`, each with its settings, however they are written."""
    on = _document(workflow).get("on") or {}
    if isinstance(on, str):
        return {on: {}}
    if isinstance(on, list):
        return {event: {} for event in on}
    return {event: settings if isinstance(settings, dict) else {} for event, settings in on.items()}


def _document(workflow: Workflow) -> dict[str, Any]:
    # YAML 1.2, in which `on` is a word and no boolean.
    document = YAML(typ="safe", pure=True).load(io.StringIO(workflow.text))
    return document if isinstance(document, dict) else {}


def _inputs(declared: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    unexpected = [name for name in given if name not in declared]
    if unexpected:
        raise Unprocessable(f"Unexpected inputs provided: {json.dumps(unexpected)}")
    if len(given) > 25:
        raise Unprocessable("No more than 25 inputs are allowed")
    inputs = {}
    for name, settings in declared.items():
        details = settings or {}
        value = given.get(name, details.get("default", ""))
        if details.get("required") and value == "":
            raise Unprocessable(f"Required input '{name}' not provided")
        if details.get("type") == "choice" and name in given and value not in details.get("options", []):
            raise Unprocessable(f"Provided value '{value}' for input '{name}' not in the list of allowed values")
        inputs[name] = value
    return inputs


def _view(call: Call, workflow: Workflow) -> dict[str, Any]:
    page = web_url(call.world, call.repository)
    return {
        "id": workflow.id,
        "node_id": f"W_{workflow.id}",
        "name": str(_document(workflow).get("name") or workflow.path),
        "path": workflow.path,
        "state": workflow.state,
        "created_at": at(workflow.created_at),
        "updated_at": at(workflow.updated_at),
        "url": f"{api_url(call.world, call.repository)}/actions/workflows/{workflow.id}",
        "html_url": f"{page}/blob/{call.repository.default_branch}/{workflow.path}",
        "badge_url": f"{page}/workflows/{workflow.file_name}/badge.svg",
    }


_WRITE = Need(scope="actions", level="write")
_BASE = "/repos/{owner}/{repo}"
_ONE = f"{_BASE}/actions/workflows/{{workflow_id}}"
ROUTES = (
    Route(method="GET", template=_ONE, handler=read_workflow, need=Need(scope="actions", public=True)),
    Route(method="PUT", template=f"{_ONE}/enable", handler=enable_workflow, need=_WRITE),
    Route(method="POST", template=f"{_ONE}/dispatches", handler=dispatch_workflow, need=_WRITE),
    Route(
        method="POST",
        template=f"{_BASE}/dispatches",
        handler=dispatch_repository,
        need=Need(scope="contents", level="write"),
    ),
)
