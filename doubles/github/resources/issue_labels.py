"""The labels of one issue."""

from __future__ import annotations

from typing import Any

from doubles.github.exchange import Answer, Call, Need, Route, answer_json, answer_list, answer_nothing
from doubles.github.resources.issues import issue_of
from doubles.github.resources.labels import label_view, labels_named
from doubles.github.state import Issue, Label


def list_issue_labels(call: Call) -> Answer:
    """`GET /issues/{issue_number}/labels`."""
    return answer_list(call, _labels(call, issue_of(call)), lambda label: label_view(call, label))


def add_issue_labels(call: Call) -> Answer:
    """`POST /issues/{issue_number}/labels`."""
    issue = issue_of(call)
    issue.labels = list(dict.fromkeys([*issue.labels, *labels_named(call, _wish(call))]))
    return _answer(call, issue)


def replace_issue_labels(call: Call) -> Answer:
    """`PUT /issues/{issue_number}/labels`."""
    issue = issue_of(call)
    issue.labels = labels_named(call, _wish(call))
    return _answer(call, issue)


def remove_issue_labels(call: Call) -> Answer:
    """`DELETE /issues/{issue_number}/labels`: all of them."""
    issue = issue_of(call)
    issue.labels, issue.updated_at = [], call.world.now
    return answer_nothing()


def _wish(call: Call) -> list[Any]:
    return list(call.json.get("labels", []))


def _labels(call: Call, issue: Issue) -> list[Label]:
    return [call.repository.labels[name.lower()] for name in issue.labels]


def _answer(call: Call, issue: Issue) -> Answer:
    issue.updated_at = call.world.now
    return answer_json([label_view(call, label) for label in _labels(call, issue)])


_WRITE = Need(scope="issues", level="write")
_BASE = "/repos/{owner}/{repo}/issues/{issue_number}/labels"
ROUTES = (
    Route(method="GET", template=_BASE, handler=list_issue_labels, need=Need(scope="issues", public=True)),
    Route(method="POST", template=_BASE, handler=add_issue_labels, need=_WRITE),
    Route(method="PUT", template=_BASE, handler=replace_issue_labels, need=_WRITE),
    Route(method="DELETE", template=_BASE, handler=remove_issue_labels, need=_WRITE),
)
