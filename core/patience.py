"""When a request that a service did not answer as hoped is sent again."""

from __future__ import annotations

from typing import Final

ATTEMPTS: Final = 5
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 120.0
PASSING: Final = frozenset({429, 502, 503, 504})


def wait_before_next(number: int, retry_after: str = "") -> float | None:
    """
    How many seconds to wait before a request is sent again.

    Args:
        number: How often it was sent, from 1 on.
        retry_after: What the service says of it, in seconds.

    Returns:
        A wait that doubles from one second on, or what the service asks for if that is longer; None where it was sent
        often enough, or would have to wait for more than two minutes.
    """
    if number >= ATTEMPTS:
        return None
    asked_s = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    wait_s = max(_FIRST_WAIT_S * 2.0 ** (number - 1), asked_s)
    return wait_s if wait_s <= _LONGEST_WAIT_S else None
