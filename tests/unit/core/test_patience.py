"""When a request is sent again."""

from __future__ import annotations

import pytest

from core.patience import ATTEMPTS, wait_before_next


def test_waits_double_and_end() -> None:
    assert [wait_before_next(number) for number in range(1, ATTEMPTS + 1)] == [1, 2, 4, 8, None]


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [("0", 1), ("30", 30), ("120", 120), ("121", None), ("", 1), ("soon", 1), ("-5", 1), ("²", 1), ("1e2", 1)],
)
def test_a_service_may_ask_for_more(asked: str, wait_s: float | None) -> None:
    assert wait_before_next(1, asked) == wait_s
