"""
Weights & Biases, as far as saving a report needs it: who one is, which projects and reports there are, and the saving.

Source:
    The queries and mutations of wandb 0.31 and wandb-workspaces 0.4.13, as these packages hold them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.loopback import Answer, Asked, answering

AT = "2026-11-26T06:00:00Z"
_END = {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}


@dataclass(kw_only=True)
class Wandb:
    """
    An account with one project.

    Attributes:
        key: Of the account; any other is refused.
        entity: Its name.
        project: Its project.
        url: Where it answers.
        views: The reports by id, as they were saved.
    """

    key: str
    entity: str = "acme"
    project: str = "slipway"
    url: str = ""
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def reply(self, asked: Asked) -> Answer:
        """To one call; what is no GraphQL, such as telemetry, is not there."""
        if asked.path != "/graphql":
            return Answer(status=404)
        given = asked.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(given) != f"api:{self.key}".encode():
            return Answer(status=401, body=b'{"errors":[{"message":"user is not logged in"}]}')
        call = json.loads(asked.body)
        data = self._data(call["query"], call.get("variables") or {})
        content = {"errors": [{"message": f"not known here: {call['query'][:80]}"}]} if data is None else {"data": data}
        return Answer(body=json.dumps(content).encode(), headers={"Content-Type": "application/json"})

    def _data(self, query: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        if "upsertView" in query:
            return self._upsert(variables)
        if "allViews" in query:
            return {"project": self._views(variables["entity"], variables["project"])}
        if "models(" in query:
            return {"models": {"pageInfo": _END, "edges": [{"node": self._project(), "cursor": "1"}]}}
        if "viewer" in query:
            viewer = {"id": "1", "entity": self.entity, "username": "u", "email": "u@example.com", "flags": "{}"}
            return {"viewer": viewer | {"teams": {"edges": []}}}
        return None

    def _project(self) -> dict[str, Any]:
        node = {"id": "1", "name": self.project, "entityName": self.entity, "createdAt": AT, "isBenchmark": False}
        return node | {"__typename": "Project", "user": None}

    def _views(self, entity: str, project: str) -> dict[str, Any] | None:
        if (entity, project) != (self.entity, self.project):
            return None
        edges = [{"node": view | {"user": None}, "cursor": key} for key, view in self.views.items()]
        return {"allViews": {"edges": edges, "pageInfo": _END}}

    def _upsert(self, variables: dict[str, Any]) -> dict[str, Any] | None:
        """A report without an id is a new one."""
        key = variables["id"] or f"Vmlldzo{next(self._numbers)}"
        if variables["id"] and key not in self.views:
            return None
        names = ("name", "displayName", "description", "type", "spec")
        view = {"id": key, **{name: variables[name] for name in names}, "createdAt": AT, "updatedAt": AT}
        self.views[key] = view
        return {"upsertView": {"view": view | {"project": self._project()}, "inserted": not variables["id"]}}


@contextmanager
def wandb_service(key: str) -> Iterator[Wandb]:
    """An account that can be asked meanwhile."""
    wandb = Wandb(key=key)
    with answering(wandb.reply) as server:
        wandb.url = server.url
        yield wandb
