"""When a call is made again, and after how long."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.github.patience import Attempt, is_limited, wait_before_next

NOW = 1_700_000_000.0
GET, POST = (Attempt(method=method, number=1, headers={}) for method in ("GET", "POST"))


def wait(attempt: Attempt, jitter: float = 0.0) -> float | None:
    return wait_before_next(attempt, now=NOW, jitter=jitter)


@pytest.mark.parametrize("status", [500, 502, 503, 504, None])
def test_what_passes_is_asked_again_where_that_changes_nothing(status: int | None) -> None:
    assert wait(replace(GET, status=status)) is not None
    assert wait(replace(POST, status=status)) is None


@pytest.mark.parametrize("status", [400, 401, 404, 409, 410, 422, 403])
def test_a_refusal_stands(status: int) -> None:
    assert wait(replace(GET, status=status)) is None


def test_what_never_reached_github_is_sent_again() -> None:
    assert wait(replace(POST, was_sent=False)) is not None


@pytest.mark.parametrize(
    ("status", "headers", "expected_s"),
    [
        (429, {"retry-after": "7"}, 7),
        (403, {"retry-after": "7"}, 7),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}, 90),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) - 5)}, 0),
        (429, {}, 60),
        (429, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60),
    ],
)
def test_who_asked_too_much_waits_as_long_as_is_said(status: int, headers: dict[str, str], expected_s: float) -> None:
    assert is_limited(replace(POST, status=status, headers=headers))
    # A call that was refused was not done, so that any may be made again.
    assert wait(replace(POST, status=status, headers=headers)) == expected_s


def test_a_refusal_with_allowance_left_is_no_limit() -> None:
    refused = replace(GET, status=403, headers={"x-ratelimit-remaining": "4999"}, said="Resource not accessible")
    assert not is_limited(refused)


def test_a_secondary_limit_is_known_by_its_words_where_no_header_says_so() -> None:
    said = "You have exceeded a secondary rate limit. Please wait a few minutes."
    limited = replace(POST, status=403, headers={"x-ratelimit-remaining": "4999"}, said=said)
    assert is_limited(limited)
    assert wait(limited) == 60


@given(number=st.integers(1, 4), jitter=st.floats(0, 1))
def test_waits_grow_and_stay_within_bounds(number: int, jitter: float) -> None:
    waited = wait(replace(GET, status=502, number=number), jitter)
    assert waited is not None
    assert 2 ** (number - 2) <= waited <= 2 ** (number - 1)


def test_the_fifth_failure_is_the_last() -> None:
    assert wait(replace(GET, status=502, number=5)) is None
    assert wait(replace(GET, status=429, number=5, headers={"retry-after": "1"})) is None
