"""Alerts in the issues of GitHub's double."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from core.errors import GitHubAway, GitHubRefused, IssuesDisabled, LabelsDropped
from core.github.alert import Alert, marker_of
from core.github.issues import Done, Inbox, Raised
from core.github.labels import LABELS
from doubles.github import Before, GitHub, Status
from doubles.github.seeding import add_pull_request
from doubles.github.state import Issue, Repository
from tests.github import REPOSITORY, Caller, make_client, sent

ALERT = Alert(key="drift:forecast", title="Drift", body="Two features moved.", labels=("drift", "severity:warning"))


@pytest.fixture
def inbox(github: GitHub) -> Inbox:
    return Inbox(make_client(github, github.token(issues="write")))


@pytest.fixture
def repository(github: GitHub) -> Repository:
    return github.repository(REPOSITORY)


def issues(github: GitHub) -> list[Issue]:
    return list(github.repository(REPOSITORY).issues.values())


def raised(inbox: Inbox, alert: Alert = ALERT, **changes: Any) -> Raised:
    return inbox.raise_alert(replace(alert, **changes))


def test_a_first_alert_opens_an_issue_that_says_it(inbox: Inbox, github: GitHub) -> None:
    assert raised(inbox).done is Done.OPENED
    (issue,) = issues(github)
    assert (issue.title, issue.state) == ("Drift", "open")
    assert issue.body == f"{marker_of('drift:forecast')}\nTwo features moved."
    assert issue.labels == ["slipway", "drift", "severity:warning"]


def test_the_issue_is_found_by_its_key_and_no_other(inbox: Inbox) -> None:
    issue = raised(inbox).issue
    assert inbox.find("drift:forecast") == issue
    assert inbox.find("drift") is None
    assert inbox.find("drift:forecast2") is None


def test_the_labels_that_are_missing_are_made_with_their_colours(inbox: Inbox, repository: Repository) -> None:
    raised(inbox, labels=("drift", "team:blue"))
    assert {name: (label.color, label.description) for name, label in repository.labels.items()} == {
        "slipway": ("1d76db", LABELS["slipway"].description),
        "drift": ("5319e7", LABELS["drift"].description),
        "team:blue": ("ededed", ""),
    }


def test_a_label_that_is_there_is_left_as_it_is(inbox: Inbox, owner: Caller, repository: Repository) -> None:
    owner.ask("POST", "labels", {"name": "Drift", "color": "000000"})
    raised(inbox)
    assert repository.labels["drift"].color == "000000"


def test_a_label_that_somebody_else_makes_at_the_same_time_is_no_trouble(
    inbox: Inbox, github: GitHub, owner: Caller
) -> None:
    other = Before(action=lambda: owner.ask("POST", "labels", {"name": "slipway"}))
    github.plant(other, method="POST", path="*/labels")
    assert raised(inbox).done is Done.OPENED


def test_an_alert_that_says_the_same_sends_nothing(inbox: Inbox, github: GitHub) -> None:
    raised(inbox)
    before = sent(github)
    assert raised(inbox).done is Done.UNCHANGED
    assert sent(github) == before


def test_a_body_that_the_page_for_editing_has_rewrapped_says_the_same(inbox: Inbox, github: GitHub) -> None:
    raised(inbox, body="One.\nTwo.")
    (issue,) = issues(github)
    issue.body = (issue.body or "").replace("\n", "\r\n") + "\r\n"
    assert raised(inbox, body="One.\nTwo.").done is Done.UNCHANGED


@pytest.mark.parametrize("changes", [{"title": "More drift"}, {"body": "Three features moved."}])
def test_an_alert_that_says_something_else_rewrites_the_open_issue(
    changes: dict[str, Any], inbox: Inbox, github: GitHub
) -> None:
    raised(inbox)
    assert raised(inbox, **changes).done is Done.REWRITTEN
    (issue,) = issues(github)
    said = {"title": issue.title, "body": (issue.body or "").splitlines()[-1]}
    assert said == {"title": "Drift", "body": "Two features moved."} | changes


def test_a_severity_that_rose_takes_the_place_of_the_lower_one(inbox: Inbox, github: GitHub) -> None:
    raised(inbox)
    assert raised(inbox, labels=("drift", "severity:critical")).done is Done.REWRITTEN
    assert issues(github)[0].labels == ["slipway", "drift", "severity:critical"]


def test_labels_that_people_added_stay(inbox: Inbox, github: GitHub, owner: Caller) -> None:
    number = raised(inbox).issue.number
    owner.ask("POST", f"issues/{number}/labels", {"labels": ["team:blue"]})
    assert raised(inbox).done is Done.UNCHANGED
    raised(inbox, title="More drift", labels=("drift", "severity:critical"))
    assert set(issues(github)[0].labels) == {"slipway", "drift", "severity:critical", "team:blue"}


def test_an_alert_reopens_the_issue_that_was_closed(inbox: Inbox, github: GitHub) -> None:
    first = raised(inbox).issue
    inbox.settle("drift:forecast", "Gone.")
    again = raised(inbox, body="It is back.")
    (issue,) = issues(github)
    assert (again.done, again.issue.number) == (Done.REOPENED, first.number)
    assert (issue.state, issue.state_reason) == ("open", "reopened")
    assert (issue.body or "").endswith("It is back.")


def test_settling_comments_on_the_issue_and_closes_it(inbox: Inbox, github: GitHub) -> None:
    raised(inbox)
    assert inbox.settle("drift:forecast", "All is well.")
    (issue,) = issues(github)
    assert [comment.body for comment in issue.comments] == ["All is well."]
    assert (issue.state, issue.state_reason) == ("closed", "completed")


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "never opened"])
def test_settling_what_is_not_open_sends_nothing(is_closed: bool, inbox: Inbox, github: GitHub) -> None:
    if is_closed:
        raised(inbox)
        inbox.settle("drift:forecast", "All is well.")
    before = sent(github)
    assert not inbox.settle("drift:forecast", "All is well.")
    assert sent(github) == before


def test_what_is_kept_is_a_closed_issue_that_is_rewritten(inbox: Inbox, github: GitHub) -> None:
    number = inbox.keep(ALERT).number
    inbox.keep(replace(ALERT, body="It beats."))
    (issue,) = issues(github)
    assert (issue.number, issue.state, issue.state_reason) == (number, "closed", "not_planned")
    assert (issue.body or "").endswith("It beats.")
    before = sent(github)
    inbox.keep(replace(ALERT, body="It beats."))
    assert sent(github) == before


def test_what_is_kept_is_closed_again_where_somebody_opened_it(inbox: Inbox, github: GitHub, owner: Caller) -> None:
    number = inbox.keep(ALERT).number
    owner.ask("PATCH", f"issues/{number}", {"state": "open"})
    inbox.keep(ALERT)
    assert issues(github)[0].state == "closed"


def test_the_open_issues_of_a_label_are_ours_and_no_pull_requests(
    inbox: Inbox, github: GitHub, owner: Caller, repository: Repository
) -> None:
    issue = raised(inbox).issue
    raised(inbox, key="other", labels=("degradation",))
    owner.issue(labels=["drift"])
    add_pull_request(github.world, repository, "About drift").labels = ["slipway", "drift"]
    assert inbox.opened("drift") == [issue]
    inbox.settle(ALERT.key, "Gone.")
    assert inbox.opened("drift") == []


def test_a_comment_is_added(inbox: Inbox, github: GitHub) -> None:
    inbox.comment(raised(inbox).issue, "Trained again.")
    assert [comment.body for comment in issues(github)[0].comments] == ["Trained again."]


def test_a_pull_request_with_the_marker_is_not_the_alert(inbox: Inbox, github: GitHub, repository: Repository) -> None:
    raised(inbox, key="other")
    pull_request = add_pull_request(github.world, repository, "Quote an alert")
    pull_request.body, pull_request.labels = marker_of("drift:forecast"), ["slipway"]
    assert inbox.find("drift:forecast") is None


def test_a_stranger_who_writes_the_marker_is_not_believed(inbox: Inbox, github: GitHub) -> None:
    stranger = Caller(github=github, token=github.token(kind="user", login="mallory"))
    stranger.issue(body=marker_of("drift:forecast"), labels=["slipway"])
    assert inbox.find("drift:forecast") is None
    assert raised(inbox).done is Done.OPENED


def test_the_issue_is_found_behind_a_hundred_others(inbox: Inbox, owner: Caller) -> None:
    number = raised(inbox).issue.number
    for _ in range(100):
        owner.issue(labels=["slipway"])
    found = inbox.find("drift:forecast")
    assert found is not None
    assert found.number == number


def test_of_two_issues_the_open_one_is_meant_and_of_two_closed_ones_the_older(
    inbox: Inbox, github: GitHub, owner: Caller
) -> None:
    first = raised(inbox).issue
    second = owner.issue(body=first.body, labels=["slipway"])
    owner.ask("PATCH", f"issues/{first.number}", {"state": "closed"})
    assert _number(inbox) == second["number"]
    assert inbox.settle("drift:forecast", "All is well.")
    assert [issue.state for issue in issues(github)] == ["closed", "closed"]
    assert _number(inbox) == first.number


def _number(inbox: Inbox, key: str = "drift:forecast") -> int:
    found = inbox.find(key)
    assert found is not None
    return found.number


def _states(github: GitHub) -> list[tuple[str, str | None]]:
    return [(issue.state, issue.state_reason) for issue in issues(github)]


def test_who_opens_an_issue_a_moment_after_another_goes_on_with_the_others(inbox: Inbox, github: GitHub) -> None:
    other = Inbox(make_client(github, github.token(issues="write")))
    github.plant(Before(action=lambda: raised(other, body="It said so first.")), method="POST", path="*/issues")
    mine = raised(inbox)
    assert (mine.issue.number, mine.done) == (1, Done.REWRITTEN)
    assert _states(github) == [("open", None), ("closed", "duplicate")]
    assert [(issue.body or "").splitlines()[-1] for issue in issues(github)] == ["Two features moved."] * 2
    assert [comment.body for comment in issues(github)[1].comments] == [f"{marker_of(ALERT.key)}\nDuplicate of #1."]


def test_many_who_open_an_issue_at_once_leave_one_and_all_go_on_with_it(github: GitHub, owner: Caller) -> None:
    inboxes = [Inbox(make_client(github, github.token(issues="write"))) for _ in range(2)]
    for label in ("slipway", "drift", "severity:warning"):
        owner.ask("POST", "labels", {"name": label})
    met = 0
    with ThreadPoolExecutor(len(inboxes)) as threads:
        for trial in range(25):
            before, start = len(issues(github)), Barrier(len(inboxes))

            def run(inbox: Inbox, key: str = f"drift:{trial}", start: Barrier = start) -> int:
                start.wait()
                return raised(inbox, key=key).issue.number

            numbers = set(threads.map(run, inboxes))
            made = issues(github)[before:]
            assert numbers == {made[0].number}
            assert [issue.state for issue in made] == ["open", *["closed"] * (len(made) - 1)]
            assert [_number(inbox, f"drift:{trial}") for inbox in inboxes] == [made[0].number] * 2
            met += len(made) > 1
    # Else nobody was in anybody's way.
    assert met


def test_a_duplicate_is_never_taken_for_the_issue_when_both_are_closed(inbox: Inbox, github: GitHub) -> None:
    other = Inbox(make_client(github, github.token(issues="write")))
    github.plant(Before(action=lambda: raised(other)), method="POST", path="*/issues")
    raised(inbox)
    inbox.settle("drift:forecast", "All is well.")
    assert (raised(inbox).done, _number(inbox)) == (Done.REOPENED, 1)
    assert _states(github) == [("open", "reopened"), ("closed", "duplicate")]


def test_the_double_of_one_who_failed_before_closing_it_is_closed_by_the_next(
    inbox: Inbox, github: GitHub, owner: Caller
) -> None:
    first = raised(inbox).issue
    owner.issue(body=first.body, labels=["slipway"])
    assert raised(inbox).done is Done.UNCHANGED
    assert _states(github) == [("open", None), ("closed", "duplicate")]


def test_a_list_that_is_late_to_show_what_was_opened_is_asked_again(inbox: Inbox, github: GitHub) -> None:
    github.plant(Status(status=200, body="[]"), method="GET", path="*/issues", skip=1, times=2)
    assert raised(inbox).done is Done.OPENED


def test_a_list_that_never_shows_what_was_opened_is_not_waited_for_for_ever(inbox: Inbox, github: GitHub) -> None:
    github.plant(Status(status=200, body="[]"), method="GET", path="*/issues", times=99)
    assert raised(inbox).done is Done.OPENED


def test_a_comment_is_made_once_until_something_else_was_said(inbox: Inbox, github: GitHub) -> None:
    issue = raised(inbox).issue
    inbox.comment(issue, "A person's.")
    made = [inbox.comment_once(issue, ALERT.key, text) for text in ("It grew.", "It grew.", "It shrank.", "It grew.")]
    assert made == [True, False, True, True]
    assert len(issues(github)[0].comments) == 4


def test_the_ending_of_a_body_is_never_cut(inbox: Inbox, github: GitHub) -> None:
    raised(inbox, body="x" * 100_000, ending="<!-- the end -->")
    body = issues(github)[0].body or ""
    assert len(body) == 65_536
    assert body.endswith("(The rest is too long for an issue.)\n\n<!-- the end -->")


def test_a_body_that_is_too_long_is_cut_and_stays_findable(inbox: Inbox, github: GitHub) -> None:
    raised(inbox, title="t" * 300, body="x" * 100_000)
    (issue,) = issues(github)
    assert len(issue.title) == 256
    assert len(issue.body or "") == 65_536
    assert (issue.body or "").endswith("(The rest is too long for an issue.)")
    assert raised(inbox, title="t" * 300, body="x" * 100_000).done is Done.UNCHANGED


def test_without_issues_the_error_names_the_page_on_which_to_switch_them_on(
    inbox: Inbox, github: GitHub, repository: Repository
) -> None:
    repository.has_issues = False
    with pytest.raises(IssuesDisabled) as caught:
        raised(inbox)
    page = f"{github.server_url}/{REPOSITORY}"
    assert str(caught.value) == f"issues are switched off in {page}; switch them on under Features at {page}/settings"


def test_issues_that_are_on_are_seen_to_be(inbox: Inbox) -> None:
    assert inbox.is_enabled()
    raised(inbox)
    assert inbox.is_enabled()


def test_issues_that_are_off_are_seen_to_be(inbox: Inbox, repository: Repository) -> None:
    repository.has_issues = False
    assert not inbox.is_enabled()


def test_issues_that_are_off_are_seen_to_be_where_the_list_still_answers(inbox: Inbox, github: GitHub) -> None:
    github.plant(Status(status=410, body='{"message": "Issues are disabled for this repo"}'), path="*/issues/1")
    assert not inbox.is_enabled()


def test_an_issue_that_was_deleted_does_not_switch_them_off(inbox: Inbox, github: GitHub) -> None:
    github.plant(Status(status=410, body='{"message": "This issue was deleted"}'), path="*/issues/1")
    assert inbox.is_enabled()


def test_a_token_without_the_permission_is_told_so(github: GitHub) -> None:
    inbox = Inbox(make_client(github, github.token(issues="read")))
    with pytest.raises(GitHubRefused, match="which a workflow grants under `permissions`"):
        raised(inbox)
    assert issues(github) == []


def test_whether_issues_are_on_is_not_guessed_for_a_token_that_may_not_look(github: GitHub) -> None:
    github.repository(REPOSITORY).private = True
    with pytest.raises(GitHubRefused, match="403"):
        Inbox(make_client(github, github.token(contents="read"))).is_enabled()


def test_an_issue_whose_labels_were_dropped_is_told_instead_of_opened_again_for_ever(
    github: GitHub, owner: Caller
) -> None:
    for label in ("slipway", "drift", "severity:warning"):
        owner.ask("POST", "labels", {"name": label})
    mute = Inbox(make_client(github, github.token(kind="user", login="mallory")))
    with pytest.raises(LabelsDropped, match="grant `issues: write` to the token"):
        raised(mute)
    assert [issue.state for issue in issues(github)] == ["closed"]


def test_a_label_in_other_letters_is_ours(inbox: Inbox, github: GitHub, owner: Caller) -> None:
    owner.ask("POST", "labels", {"name": "Slipway"})
    assert raised(inbox).done is Done.OPENED
    before = sent(github)
    assert raised(inbox).done is Done.UNCHANGED
    assert sent(github) == before


def test_a_locked_issue_is_closed_without_a_word(inbox: Inbox, github: GitHub) -> None:
    opened = raised(inbox).issue
    github.repository(REPOSITORY).issues[opened.number].locked = True
    assert inbox.settle(ALERT.key, "Over.")
    (issue,) = issues(github)
    assert (issue.state, issue.comments) == ("closed", [])


def test_a_label_that_cannot_be_made_is_told(inbox: Inbox, github: GitHub) -> None:
    github.plant(Status(status=422, body='{"message": "Validation Failed"}'), method="POST", path="*/labels")
    with pytest.raises(GitHubRefused, match="422"):
        raised(inbox)


def test_an_answer_without_the_issue_is_told(inbox: Inbox, github: GitHub) -> None:
    github.plant(Status(status=200), method="POST", path="*/issues")
    with pytest.raises(GitHubAway, match="it does not say what it did"):
        raised(inbox)
