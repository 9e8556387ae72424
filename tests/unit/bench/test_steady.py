from __future__ import annotations

import pytest

from bench.steady import Answered


@pytest.mark.parametrize(
    ("errors", "statuses", "failed"),
    [
        ({"connect": 0, "read": 0}, {"200": 10}, 0),
        ({"connect": 1, "read": 2}, {"200": 10}, 3),
        ({"connect": 0, "read": 0}, {"200": 6, "503": 3, "502": 1}, 4),
        ({"connect": 0, "read": 1}, {}, 1),
    ],
)
def test_whatever_was_not_answered_200_has_failed(
    errors: dict[str, int], statuses: dict[str, int], failed: int
) -> None:
    answered = Answered(seconds=2, p50_ms=1, p99_ms=2, most_ms=3, errors=errors, statuses=statuses, tags={}, ids=())

    assert (answered.failed, answered.rate) == (failed, sum(statuses.values()) / 2)
