from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from doubles.github import GitHub
from doubles.github.seeding import add_pull_request
from tests.github import REPOSITORY, Caller, made, refusal


def labels(issue: dict[str, object]) -> list[str]:
    found = issue["labels"]
    assert isinstance(found, list)
    return [label["name"] for label in found]


@pytest.fixture
def person(github: GitHub) -> Caller:
    """Somebody without push access."""
    return Caller(github=github, token=github.token(kind="user", login="bob"))


def test_open_issues_are_listed_unless_others_are_asked_for(owner: Caller) -> None:
    closed, still_open = owner.issue(), owner.issue()
    made(owner.ask("PATCH", closed["url"], {"state": "closed"}))
    assert [issue["number"] for issue in owner.ask("GET", "issues").json()] == [still_open["number"]]
    assert len(owner.ask("GET", "issues", query={"state": "all"}).json()) == 2


def test_an_issue_must_have_all_labels_that_are_asked_for(owner: Caller) -> None:
    owner.issue(labels=["drift-alert"])
    both = owner.issue(labels=["drift-alert", "model:forecast"])
    found = owner.ask("GET", "issues", query={"labels": "drift-alert,model:forecast"}).json()
    assert [issue["number"] for issue in found] == [both["number"]]


def test_issues_are_listed_since_they_were_changed(github: GitHub, owner: Caller) -> None:
    github.set_clock(datetime(2026, 1, 1, tzinfo=UTC))
    owner.issue()
    github.advance_clock(timedelta(days=2))
    new = owner.issue()
    found = owner.ask("GET", "issues", query={"since": "2026-01-02T00:00:00Z"}).json()
    assert [issue["number"] for issue in found] == [new["number"]]


def test_issues_can_be_listed_from_the_oldest(owner: Caller) -> None:
    for _ in range(2):
        owner.issue()
    found = owner.ask("GET", "issues", query={"sort": "created", "direction": "asc"}).json()
    assert [issue["number"] for issue in found] == [1, 2]


def test_pull_requests_stand_among_the_issues(github: GitHub, owner: Caller) -> None:
    add_pull_request(github.world, github.repository(REPOSITORY), "Retrain")
    owner.issue()
    found = owner.ask("GET", "issues").json()
    assert ["pull_request" in issue for issue in found] == [False, True]


def test_issues_that_are_switched_off_are_gone(github: GitHub, owner: Caller) -> None:
    github.repository(REPOSITORY).has_issues = False
    assert refusal(owner.ask("POST", "issues", {"title": "Drift"})) == (410, "Issues are disabled for this repo")
    assert owner.ask("GET", "issues").status_code == 410


def test_labels_that_are_not_there_are_made(owner: Caller) -> None:
    assert labels(owner.issue(labels=["drift-alert"])) == ["drift-alert"]
    assert [label["name"] for label in owner.ask("GET", "labels").json()] == ["drift-alert"]


def test_labels_are_dropped_without_push_access_and_without_a_word(person: Caller) -> None:
    assert labels(person.issue(labels=["drift-alert"])) == []


def test_a_workflows_token_without_the_permission_may_not_open_an_issue(github: GitHub) -> None:
    workflow = Caller(github=github, token=github.token(contents="write"))
    assert workflow.ask("POST", "issues", {"title": "Drift"}).status_code == 403


def test_labels_of_a_change_replace_those_before(owner: Caller) -> None:
    issue = owner.issue(labels=["drift-alert", "model:forecast"])
    changed = made(owner.ask("PATCH", issue["url"], {"labels": ["resolved"]}))
    assert labels(changed) == ["resolved"]


def test_closing_tells_the_reason(owner: Caller) -> None:
    issue = owner.issue()
    closed = made(owner.ask("PATCH", issue["url"], {"state": "closed", "state_reason": "not_planned"}))
    assert (closed["state"], closed["state_reason"]) == ("closed", "not_planned")
    assert closed["closed_at"] is not None


def test_a_reason_without_a_change_of_state_is_ignored(owner: Caller) -> None:
    issue = owner.issue()
    changed = made(owner.ask("PATCH", issue["url"], {"state_reason": "not_planned"}))
    assert (changed["state"], changed["state_reason"]) == ("open", None)


def test_opening_again_says_so(owner: Caller) -> None:
    issue = owner.issue()
    owner.ask("PATCH", issue["url"], {"state": "closed"})
    reopened = made(owner.ask("PATCH", issue["url"], {"state": "open"}))
    assert (reopened["state_reason"], reopened["closed_at"]) == ("reopened", None)


def test_comments_are_listed_from_the_oldest_and_counted(owner: Caller) -> None:
    issue = owner.issue()
    for body in ("first", "second"):
        made(owner.ask("POST", issue["comments_url"], {"body": body}))
    assert [comment["body"] for comment in owner.ask("GET", issue["comments_url"]).json()] == ["first", "second"]
    assert made(owner.ask("GET", issue["url"]))["comments"] == 2


def test_an_empty_comment_is_refused(owner: Caller) -> None:
    response = owner.ask("POST", owner.issue()["comments_url"], {"body": " "})
    assert refusal(response) == (422, "body cannot be blank")


def test_an_issue_without_a_title_is_refused(owner: Caller) -> None:
    assert refusal(owner.ask("POST", "issues", {"title": ""})) == (422, "missing_field")


def test_an_issue_that_is_not_there_is_not_found(owner: Caller) -> None:
    assert owner.ask("GET", "issues/99").status_code == 404
