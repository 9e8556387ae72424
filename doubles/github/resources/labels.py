"""A repository's labels; naming one that is not there makes it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from doubles.github.exchange import Answer, Call, Need, Route, answer_created, answer_list
from doubles.github.refusals import invalid
from doubles.github.state import Label
from doubles.github.views import api_url


def list_labels(call: Call) -> Answer:
    """`GET /labels`."""
    return answer_list(call, list(call.repository.labels.values()), lambda label: label_view(call, label))


def create_label(call: Call) -> Answer:
    """`POST /labels`; a name is taken whatever its case."""
    wish, labels = call.json, call.repository.labels
    if wish["name"].lower() in labels:
        raise invalid("Label", "name", "already_exists")
    if len(wish.get("description", "")) > 100:
        raise invalid("Label", "description", "custom", "description is too long (maximum is 100 characters)")
    if wish.get("color", "").startswith("#"):
        raise invalid("Label", "color", "invalid")
    label = Label(
        id=call.world.new_id(),
        name=wish["name"],
        color=wish.get("color", "ededed"),
        description=wish.get("description"),
    )
    labels[label.name.lower()] = label
    return answer_created(label_view(call, label))


def labels_named(call: Call, wish: list[Any]) -> list[str]:
    """The names in a request's list of labels, each of which exists from now on."""
    names = [item if isinstance(item, str) else item["name"] for item in wish]
    for name in names:
        call.repository.labels.setdefault(name.lower(), Label(id=call.world.new_id(), name=name))
    return list(dict.fromkeys(call.repository.labels[name.lower()].name for name in names))


def label_view(call: Call, label: Label) -> dict[str, Any]:
    """A label as GitHub's JSON."""
    return {
        "id": label.id,
        "node_id": f"LA_{label.id}",
        "url": f"{api_url(call.world, call.repository)}/labels/{quote(label.name)}",
        "name": label.name,
        "color": label.color,
        "description": label.description,
        "default": False,
    }


_BASE = "/repos/{owner}/{repo}/labels"
ROUTES = (
    Route(method="GET", template=_BASE, handler=list_labels, need=Need(scope="issues", public=True)),
    Route(method="POST", template=_BASE, handler=create_label, need=Need(scope="issues", level="write")),
)
