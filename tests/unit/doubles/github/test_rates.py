from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from doubles.github import GitHub
from tests.github import REPOSITORY, Caller, made, refusal

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def visitor(github: GitHub) -> Caller:
    github.set_clock(NOON)
    return Caller(github=github)


def test_a_visitor_has_sixty_requests_an_hour(visitor: Caller) -> None:
    headers = visitor.ask("GET", "releases").headers
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("60", "59")
    assert headers["x-ratelimit-reset"] == str(int((NOON + timedelta(hours=1)).timestamp()))


@pytest.mark.parametrize(("kind", "limit"), [("installation", "1000"), ("user", "5000")])
def test_a_token_has_more(github: GitHub, kind: str, limit: str) -> None:
    token = github.token(kind="user") if kind == "user" else github.token()
    response = Caller(github=github, token=token).ask("GET", "releases")
    assert response.headers["x-ratelimit-limit"] == limit


def test_whoever_has_none_left_is_refused_until_the_hour_is_over(github: GitHub, visitor: Caller) -> None:
    for _ in range(60):
        visitor.ask("GET", "releases")
    response = visitor.ask("GET", "releases")
    assert response.status_code == 403
    assert response.headers["x-ratelimit-remaining"] == "0"
    github.advance_clock(timedelta(hours=1))
    assert visitor.ask("GET", "releases").status_code == 200


def test_a_tokens_limit_can_be_set(github: GitHub) -> None:
    caller = Caller(github=github, token=github.token(rate_limit=1))
    assert [caller.ask("GET", "releases").status_code for _ in range(2)] == [200, 403]


def test_one_callers_requests_are_not_anothers(github: GitHub, visitor: Caller) -> None:
    visitor.ask("GET", "releases")
    response = Caller(github=github, token=github.token()).ask("GET", "releases")
    assert response.headers["x-ratelimit-used"] == "1"


def test_asking_for_the_limits_costs_nothing(github: GitHub, visitor: Caller) -> None:
    limits = [made(visitor.ask("GET", f"{github.api_url}/rate_limit")) for _ in range(2)]
    assert [limit["rate"]["remaining"] for limit in limits] == [60, 60]


def test_what_has_not_changed_costs_nothing(visitor: Caller) -> None:
    etag = visitor.ask("GET", "releases").headers["ETag"]
    response = visitor.ask("GET", "releases", headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["x-ratelimit-used"] == "1"


def test_what_has_changed_is_answered_anew(owner: Caller) -> None:
    etag = owner.ask("GET", "releases").headers["ETag"]
    owner.released()
    assert owner.ask("GET", "releases", headers={"If-None-Match": etag}).status_code == 200


def test_searches_are_counted_apart(github: GitHub, visitor: Caller) -> None:
    response = visitor.ask("GET", f"{github.api_url}/search/issues", query={"q": f"repo:{REPOSITORY}"})
    assert (response.headers["x-ratelimit-resource"], response.headers["x-ratelimit-limit"]) == ("search", "10")
    assert made(visitor.ask("GET", f"{github.api_url}/rate_limit"))["rate"]["used"] == 0


def test_creating_too_much_in_a_minute_meets_the_secondary_limit(github: GitHub, owner: Caller) -> None:
    github.set_clock(NOON)
    github.limit_content(2)
    for _ in range(2):
        owner.issue()
    response = owner.ask("POST", "issues", {"title": "Drift"})
    assert refusal(response) == (403, "You have exceeded a secondary rate limit.")
    assert response.headers["retry-after"] == "60"
    github.advance_clock(timedelta(minutes=1))
    assert owner.issue()["number"] == 3


def test_the_secondary_limit_is_off_unless_it_is_switched_on(owner: Caller) -> None:
    numbers = [owner.issue()["number"] for _ in range(90)]
    assert numbers[-1] == 90
