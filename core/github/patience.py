"""When a call that GitHub did not answer as hoped is made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ATTEMPTS = 5
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
# What GitHub advises where it does not say how long.
_LIMITED_WAIT_S = 60.0
_PASSING = frozenset({500, 502, 503, 504})
# Changing the same thing twice to the same value is changing it once.
_REPEATABLE = frozenset({"GET", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """
    A call that failed.

    Attributes:
        method: In capitals.
        number: From 1 on.
        status: Of the answer; None if there was none.
        headers: Of the answer, their names in lower case.
        was_sent: Whether GitHub may have seen the call.
        said: The answer's own words.
    """

    method: str
    number: int
    status: int | None = None
    headers: Mapping[str, str]
    was_sent: bool = True
    said: str = ""


def is_limited(attempt: Attempt) -> bool:
    """Whether an answer says that too much was asked."""
    headers = attempt.headers
    if attempt.status != 403:
        return attempt.status == 429
    # The secondary limit may come without any of its headers.
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "secondary rate limit" in attempt.said.lower()
    )


def wait_before_next(attempt: Attempt, *, now: float, jitter: float) -> float | None:
    """
    How many seconds to wait before a call is made again; None where that would not help or could do it twice.

    Args:
        attempt: The call that failed.
        now: Seconds since 1970.
        jitter: From 0 to 1, so that many who wait do not come back at once.

    Source:
        https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    """
    if attempt.number >= _ATTEMPTS:
        return None
    if is_limited(attempt):
        # It was refused, so it was not done.
        return _told(attempt.headers, now) * (1 + jitter / 10) + jitter
    is_passing = attempt.status is None or attempt.status in _PASSING
    if is_passing and (attempt.method in _REPEATABLE or not attempt.was_sent):
        return min(_FIRST_WAIT_S * 2.0 ** (attempt.number - 1), _LONGEST_WAIT_S) * (0.5 + jitter / 2)
    return None


def _told(headers: Mapping[str, str], now: float) -> float:
    after = headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(float(reset) - now, 0.0)
    return _LIMITED_WAIT_S
