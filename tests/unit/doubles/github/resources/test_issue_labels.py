from __future__ import annotations

import requests

from tests.github import Caller


def names(response: requests.Response) -> list[str]:
    return [label["name"] for label in response.json()]


def test_labels_are_added_replaced_listed_and_removed(owner: Caller) -> None:
    path = f"issues/{owner.issue(labels=['drift-alert'])['number']}/labels"
    assert names(owner.ask("POST", path, {"labels": ["model:forecast"]})) == ["drift-alert", "model:forecast"]
    assert names(owner.ask("PUT", path, {"labels": ["resolved"]})) == ["resolved"]
    assert names(owner.ask("GET", path)) == ["resolved"]
    assert owner.ask("DELETE", path).status_code == 204
    assert names(owner.ask("GET", path)) == []
