"""Environments, with their rules as GitHub answers them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from doubles.github.exchange import Answer, Call, Need, Route, answer_counted
from doubles.github.state import Environment, Repository
from doubles.github.views import api_url, web_url
from doubles.github.world import World, at


def list_environments(call: Call) -> Answer:
    """`GET /environments`."""
    found = list(call.repository.environments.values())
    return answer_counted(call, "environments", found, lambda environment: _view(call, environment))


def ensure_environment(world: World, repository: Repository, name: str) -> Environment:
    """The environment of this name, made if there is none."""
    if name not in repository.environments:
        repository.environments[name] = Environment(id=world.new_id(), name=name, created_at=world.now)
    return repository.environments[name]


def _view(call: Call, environment: Environment) -> dict[str, Any]:
    return {
        "id": environment.id,
        "node_id": f"EN_{environment.id}",
        "name": environment.name,
        "url": f"{api_url(call.world, call.repository)}/environments/{quote(environment.name, safe='')}",
        "html_url": f"{web_url(call.world, call.repository)}/deployments/activity_log?environment={environment.name}",
        "created_at": at(environment.created_at),
        "updated_at": at(environment.created_at),
        "protection_rules": environment.protection_rules,
        "deployment_branch_policy": environment.branch_policy,
    }


ROUTES = (
    Route(
        method="GET",
        template="/repos/{owner}/{repo}/environments",
        handler=list_environments,
        need=Need(scope="actions", public=True),
    ),
)
