"""A repository's settings: immutable releases, secrets' names, variables, attestations."""

from __future__ import annotations

from typing import Any

from doubles.github.exchange import Answer, Call, Need, Route, answer_counted, answer_json, answer_nothing
from doubles.github.refusals import NotFound, Refusal
from doubles.github.state import Variable
from doubles.github.world import at


def read_immutable_releases(call: Call) -> Answer:
    """`GET /immutable-releases`, which is not found while they are off."""
    repository = call.repository
    if not repository.immutable_releases:
        raise NotFound
    return answer_json({"enabled": True, "enforced_by_owner": repository.enforced_by_owner})


def enable_immutable_releases(call: Call) -> Answer:
    """`PUT /immutable-releases`, which holds for releases that are published from now on."""
    call.repository.immutable_releases = True
    return answer_nothing()


def disable_immutable_releases(call: Call) -> Answer:
    """`DELETE /immutable-releases`, unless the owner enforces them."""
    if call.repository.enforced_by_owner:
        raise Refusal(409, "Immutable releases are enforced by the owner")
    call.repository.immutable_releases = False
    return answer_nothing()


def list_secrets(call: Call) -> Answer:
    """`GET /actions/secrets`: names, never values."""
    return answer_counted(call, "secrets", list(call.repository.secrets.values()), _secret_view)


def list_variables(call: Call) -> Answer:
    """`GET /actions/variables`, at most thirty a page."""
    found = list(call.repository.variables.values())
    return answer_counted(
        call, "variables", found, lambda each: _secret_view(each) | {"value": each.value}, most=30, usual=10
    )


def create_variable(call: Call) -> Answer:
    """`POST /actions/variables`."""
    name, variables = call.json["name"].upper(), call.repository.variables
    if name in variables:
        raise Refusal(409, "Already exists - Variable already exists")
    variables[name] = Variable(name=name, value=call.json["value"], created_at=call.world.now)
    return answer_json({}, status=201)


def list_attestations(call: Call) -> Answer:
    """`GET /attestations/{subject_digest}`."""
    found = call.repository.attestations.get(call.values["subject_digest"])
    if not found:
        raise NotFound
    bundles = [{"bundle": bundle, "repository_id": call.repository.id, "bundle_url": ""} for bundle in found]
    return answer_json({"attestations": bundles})


def _secret_view(variable: Variable) -> dict[str, Any]:
    return {"name": variable.name, "created_at": at(variable.created_at), "updated_at": at(variable.created_at)}


_BASE = "/repos/{owner}/{repo}"
_IMMUTABLE = f"{_BASE}/immutable-releases"
_VARIABLES = f"{_BASE}/actions/variables"
_ADMIN = Need(scope="administration", level="write")
ROUTES = (
    Route(method="GET", template=_IMMUTABLE, handler=read_immutable_releases, need=Need(scope="administration")),
    Route(method="PUT", template=_IMMUTABLE, handler=enable_immutable_releases, need=_ADMIN),
    Route(method="DELETE", template=_IMMUTABLE, handler=disable_immutable_releases, need=_ADMIN),
    Route(method="GET", template=f"{_BASE}/actions/secrets", handler=list_secrets, need=Need(scope="secrets")),
    Route(method="GET", template=_VARIABLES, handler=list_variables, need=Need(scope="variables")),
    Route(method="POST", template=_VARIABLES, handler=create_variable, need=Need(scope="variables", level="write")),
    Route(
        method="GET",
        template=f"{_BASE}/attestations/{{subject_digest}}",
        handler=list_attestations,
        need=Need(scope="attestations", public=True),
    ),
)
