"""Deployments and their statuses."""

from __future__ import annotations

from typing import Any

from doubles.github.exchange import (
    Answer,
    Call,
    Need,
    Route,
    answer_created,
    answer_json,
    answer_list,
    answer_nothing,
)
from doubles.github.refusals import NotFound, Unprocessable
from doubles.github.resources.environments import ensure_environment
from doubles.github.resources.refs import resolve
from doubles.github.state import Deployment, DeploymentStatus
from doubles.github.views import api_url, user_view
from doubles.github.world import at


def list_deployments(call: Call) -> Answer:
    """`GET /deployments`, the newest first."""
    newest_first = sorted(call.repository.deployments.values(), key=lambda deployment: deployment.id, reverse=True)
    filters = {name: call.query[name] for name in ("sha", "ref", "task", "environment") if name in call.query}
    found = [each for each in newest_first if all(getattr(each, name) == wish for name, wish in filters.items())]
    return answer_list(call, found, lambda deployment: _view(call, deployment))


def create_deployment(call: Call) -> Answer:
    """`POST /deployments`, which also makes the environment if there is none of that name."""
    wish = call.json
    commit = resolve(call.repository, wish["ref"])
    if commit is None:
        raise Unprocessable(f"No ref found for: {wish['ref']}")
    environment = wish.get("environment", "production")
    deployment = Deployment(
        id=call.world.new_id(),
        sha=commit.sha,
        ref=wish["ref"],
        environment=environment,
        creator=call.login,
        created_at=call.world.now,
        updated_at=call.world.now,
        task=wish.get("task", "deploy"),
        payload=wish.get("payload", {}),
        description=wish.get("description"),
        transient=wish.get("transient_environment", False),
        production=wish.get("production_environment", environment == "production"),
    )
    ensure_environment(call.world, call.repository, environment)
    call.repository.deployments[deployment.id] = deployment
    return answer_created(_view(call, deployment))


def read_deployment(call: Call) -> Answer:
    """`GET /deployments/{deployment_id}`."""
    return answer_json(_view(call, _deployment(call)))


def delete_deployment(call: Call) -> Answer:
    """`DELETE /deployments/{deployment_id}`; an active one can go only if it is its environment's last."""
    deployment, deployments = _deployment(call), call.repository.deployments
    active = bool(deployment.statuses) and deployment.statuses[-1].state == "success"
    others = [other for other in deployments.values() if other.environment == deployment.environment]
    if active and len(others) > 1:
        reason = "We cannot delete an active deployment unless it is the only deployment in a given environment."
        raise Unprocessable(reason, errors=[])
    del deployments[deployment.id]
    return answer_nothing()


def list_statuses(call: Call) -> Answer:
    """`GET /deployments/{deployment_id}/statuses`, the newest first."""
    deployment = _deployment(call)
    return answer_list(call, deployment.statuses[::-1], lambda status: _status_view(call, deployment, status))


def create_status(call: Call) -> Answer:
    """`POST /deployments/{deployment_id}/statuses`; a success makes what succeeded before it inactive."""
    deployment, wish = _deployment(call), call.json
    status = DeploymentStatus(
        id=call.world.new_id(),
        state=wish["state"],
        creator=call.login,
        created_at=call.world.now,
        environment=wish.get("environment", deployment.environment),
        description=wish.get("description", ""),
        environment_url=wish.get("environment_url", ""),
        log_url=wish.get("log_url", wish.get("target_url", "")),
    )
    if len(status.description) > 140:
        raise Unprocessable("Description is too long (maximum is 140 characters)")
    deployment.statuses.append(status)
    deployment.environment, deployment.updated_at = status.environment, call.world.now
    if status.state == "success" and wish.get("auto_inactive", True):
        _retire_earlier(call, deployment)
    return answer_created(_status_view(call, deployment, status))


def _retire_earlier(call: Call, deployment: Deployment) -> None:
    """Transient environments are left alone, and production if the repository says so."""
    spared = not call.repository.retires_production
    for other in call.repository.deployments.values():
        earlier = other.id < deployment.id and other.environment == deployment.environment
        if not earlier or other.transient or (other.production and spared):
            continue
        if other.statuses and other.statuses[-1].state == "success":
            other.statuses.append(
                DeploymentStatus(
                    id=call.world.new_id(),
                    state="inactive",
                    creator=call.login,
                    created_at=call.world.now,
                    environment=other.environment,
                )
            )


def _deployment(call: Call) -> Deployment:
    deployment = call.repository.deployments.get(call.number("deployment_id"))
    if deployment is None:
        raise NotFound
    return deployment


def _view(call: Call, deployment: Deployment) -> dict[str, Any]:
    base = api_url(call.world, call.repository)
    return {
        "id": deployment.id,
        "node_id": f"DE_{deployment.id}",
        "url": f"{base}/deployments/{deployment.id}",
        "sha": deployment.sha,
        "ref": deployment.ref,
        "task": deployment.task,
        "payload": deployment.payload,
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "creator": user_view(call.world, deployment.creator),
        "created_at": at(deployment.created_at),
        "updated_at": at(deployment.updated_at),
        "statuses_url": f"{base}/deployments/{deployment.id}/statuses",
        "repository_url": base,
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
    }


def _status_view(call: Call, deployment: Deployment, status: DeploymentStatus) -> dict[str, Any]:
    base = api_url(call.world, call.repository)
    url = f"{base}/deployments/{deployment.id}"
    return {
        "id": status.id,
        "node_id": f"DES_{status.id}",
        "url": f"{url}/statuses/{status.id}",
        "state": status.state,
        "creator": user_view(call.world, status.creator),
        "description": status.description,
        "environment": status.environment,
        "target_url": status.log_url,
        "log_url": status.log_url,
        "environment_url": status.environment_url,
        "created_at": at(status.created_at),
        "updated_at": at(status.created_at),
        "deployment_url": url,
        "repository_url": base,
    }


_READ, _WRITE = Need(scope="deployments", public=True), Need(scope="deployments", level="write")
_BASE = "/repos/{owner}/{repo}/deployments"
_ONE = f"{_BASE}/{{deployment_id}}"
ROUTES = (
    Route(method="GET", template=_BASE, handler=list_deployments, need=_READ),
    Route(method="POST", template=_BASE, handler=create_deployment, need=_WRITE),
    Route(method="GET", template=_ONE, handler=read_deployment, need=_READ),
    Route(method="DELETE", template=_ONE, handler=delete_deployment, need=_WRITE),
    Route(method="GET", template=f"{_ONE}/statuses", handler=list_statuses, need=_READ),
    Route(method="POST", template=f"{_ONE}/statuses", handler=create_status, need=_WRITE),
)
