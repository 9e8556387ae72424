from __future__ import annotations

import requests

from doubles.github import GitHub
from doubles.github.seeding import add_pull_request
from tests.github import REPOSITORY, Caller


def search(caller: Caller, query: str) -> requests.Response:
    return caller.ask("GET", f"{caller.github.api_url}/search/issues", query={"q": query})


def test_an_issue_is_found_by_words_of_its_body(owner: Caller) -> None:
    marked = owner.issue(body="<!-- fingerprint: abc -->")
    owner.issue()
    found = search(owner, f'repo:{REPOSITORY} is:issue is:open in:body "fingerprint: abc"').json()
    assert [item["number"] for item in found["items"]] == [marked["number"]]


def test_pull_requests_are_told_from_issues(github: GitHub, owner: Caller) -> None:
    add_pull_request(github.world, github.repository(REPOSITORY), "Retrain")
    owner.issue()
    assert search(owner, f"repo:{REPOSITORY} is:pr").json()["total_count"] == 1


def test_issues_are_found_by_label_and_state(owner: Caller) -> None:
    owner.issue(labels=["drift-alert"])
    assert search(owner, f"repo:{REPOSITORY} label:drift-alert state:open").json()["total_count"] == 1
    assert search(owner, f"repo:{REPOSITORY} label:drift-alert state:closed").json()["total_count"] == 0


def test_a_private_repository_is_searched_by_those_who_may_read_it(github: GitHub, owner: Caller) -> None:
    owner.issue()
    github.repository(REPOSITORY).private = True
    visitor = Caller(github=github)
    assert search(visitor, f"repo:{REPOSITORY}").json()["total_count"] == 0
    assert search(owner, f"repo:{REPOSITORY}").json()["total_count"] == 1


def test_a_search_needs_a_repository(owner: Caller) -> None:
    assert search(owner, "drift").status_code == 422
