"""The routes of Render's API; what is not one of them is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from doubles.render.state import Deploy, Refused, Service

T = TypeVar("T")
_ONE: Final = "/v1/services/<service_id>"
_DEPLOY_KEYS: Final = {"clearCache", "commitId", "imageUrl", "deployMode", "artifactId"}
_MODES: Final = {"deploy_only", "build_and_deploy"}


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose caller is let in, and the service that its path names."""

    service: Service
    query: Mapping[str, str]
    body: Any
    values: Mapping[str, str]

    def object(self, allowed: set[str]) -> dict[str, Any]:
        """The body, which may have these keys only."""
        if not isinstance(self.body, dict) or not set(self.body) <= allowed:
            raise Refused(400, f"invalid body: {self.body!r}")
        return self.body


Answer = tuple[int, Any]


def answer(service: Service, request: Request, keys: set[str]) -> Answer:
    """The status, and the document or None, of a call to the API."""
    try:
        _let_in(request, keys)
        name, values = _ROUTES.bind(request.host).match(request.path, request.method)
        _require(service, values)
        body = json.loads(request.get_data()) if request.get_data() else {}
        call = Call(service=service, query=request.args, body=body, values=values)
        return _HANDLERS[name](call)
    except Refused as refused:
        return refused.status, {"message": refused.message}
    except HTTPException as error:
        return error.code or 404, {"message": "no such route"}


def _let_in(request: Request, keys: set[str]) -> None:
    if request.headers.get("Authorization", "") not in {f"Bearer {key}" for key in keys}:
        raise Refused(401, "Unauthorized")


def _require(service: Service, values: Mapping[str, str]) -> None:
    if values.get("service_id", service.id) != service.id:
        raise Refused(404, "not found")


def _services(call: Call) -> Answer:
    service = call.service
    if call.query.get("name", service.name) != service.name:
        return 200, []
    view = {
        "id": service.id,
        "name": service.name,
        "type": "web_service",
        "suspended": service.suspended,
        "autoDeploy": service.auto_deploy,
        "serviceDetails": {
            "url": service.url,
            "plan": service.plan,
            "runtime": "docker",
            "numInstances": service.num_instances,
            "healthCheckPath": "/readyz",
        },
    }
    return 200, _page([("service", service.id, view)], call)


def _variables(call: Call) -> Answer:
    shown = [("envVar", key, {"key": key, "value": value}) for key, value in call.service.env.items()]
    return 200, _page(shown, call)


def _set_variable(call: Call) -> Answer:
    key, value = call.values["key"], call.object({"value"}).get("value", "")
    call.service.env[key] = value
    return 200, {"key": key, "value": value}


def _replace_variables(call: Call) -> Answer:
    if not isinstance(call.body, list):
        raise Refused(400, "a list of variables is wanted")
    call.service.env = {each["key"]: each["value"] for each in call.body}
    return _variables(call)


def _deploys(call: Call) -> Answer:
    call.service.advance()
    wanted = call.query.get("status")
    shown = []
    for each in reversed(call.service.deploys):
        if each.hidden_for > 0:
            each.hidden_for -= 1
        elif wanted in {None, each.status}:
            shown.append(("deploy", each.id, each.view()))
    return 200, _page(shown, call)


def _begin(call: Call) -> Answer:
    body = call.object(_DEPLOY_KEYS)
    mode = body.get("deployMode", "build_and_deploy")
    if mode not in _MODES:
        raise Refused(400, f"invalid deployMode: {mode}")
    is_only = mode == "deploy_only"
    if is_only and set(body) & {"commitId", "imageUrl", "clearCache"}:
        raise Refused(400, "deploy_only cannot be combined with these")
    has_build = any(each.status in {"live", "deactivated"} for each in call.service.deploys)
    if is_only and not has_build:
        raise Refused(400, "there is no successful build to deploy")
    return _begun(*call.service.add_deploy("api", has_build=not is_only))


def _roll_back(call: Call) -> Answer:
    return 201, call.service.roll_back(call.object({"deployId"}).get("deployId", ""))[0].view()


def _begun(deploy: Deploy, waits: bool) -> Answer:
    return (202, None) if waits else (201, deploy.view())


def _deploy(call: Call) -> Answer:
    call.service.advance()
    return 200, call.service.find(call.values["deploy_id"]).view()


def _cancel(call: Call) -> Answer:
    return 200, call.service.cancel(call.values["deploy_id"]).view()


def _restart(call: Call) -> Answer:
    """What runs begins again, with the variables it had."""
    call.object(set())
    return 200, {}


def _scale(call: Call) -> Answer:
    call.service.num_instances = call.object({"numInstances"})["numInstances"]
    return 202, {}


def _suspend(call: Call) -> Answer:
    call.service.suspended = "suspended"
    return 202, {}


def _resume(call: Call) -> Answer:
    call.service.suspended = "not_suspended"
    return 202, {}


def _change(call: Call) -> Answer:
    call.service.auto_deploy = call.object({"autoDeploy"})["autoDeploy"]
    return 200, {}


def _page(shown: list[tuple[str, str, T]], call: Call) -> list[dict[str, Any]]:
    """So many after the cursor as are asked for."""
    cursors = [cursor for _, cursor, _ in shown]
    after = call.query.get("cursor")
    start = cursors.index(after) + 1 if after in cursors else 0
    limit = int(call.query.get("limit", "20"))
    return [{name: view, "cursor": cursor} for name, cursor, view in shown[start : start + limit]]


_TABLE: Final[list[tuple[str, str, Callable[[Call], Answer]]]] = [
    ("GET", "/v1/services", _services),
    ("PATCH", _ONE, _change),
    ("GET", f"{_ONE}/env-vars", _variables),
    ("PUT", f"{_ONE}/env-vars", _replace_variables),
    ("PUT", f"{_ONE}/env-vars/<key>", _set_variable),
    ("GET", f"{_ONE}/deploys", _deploys),
    ("POST", f"{_ONE}/deploys", _begin),
    ("GET", f"{_ONE}/deploys/<deploy_id>", _deploy),
    ("POST", f"{_ONE}/deploys/<deploy_id>/cancel", _cancel),
    ("POST", f"{_ONE}/rollback", _roll_back),
    ("POST", f"{_ONE}/restart", _restart),
    ("POST", f"{_ONE}/scale", _scale),
    ("POST", f"{_ONE}/suspend", _suspend),
    ("POST", f"{_ONE}/resume", _resume),
]
_HANDLERS: Final = {f"{method} {path}": handler for method, path, handler in _TABLE}
_ROUTES: Final = Map([Rule(path, methods=[method], endpoint=f"{method} {path}") for method, path, _ in _TABLE])
