"""What an environment goes back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.ledger import Deployment, Environment
from core.tags import ModelTag
from deploy.rollback import target

START = datetime(2026, 4, 1, tzinfo=UTC)


def served(*minors: int) -> list[Deployment]:
    """A history of tags, told apart by their minor numbers."""
    return [
        Deployment(
            environment=Environment.PRODUCTION,
            tag=ModelTag(1, minor, 0),
            previous=None,
            at=START + timedelta(days=day),
            reason="a test's",
        )
        for day, minor in enumerate(minors)
    ]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], None),
        ([0], None),
        ([0, 0], None),
        ([0, 1], 0),
        ([0, 1, 2], 1),
        ([0, 1, 1], 0),
        # After going back, what served before counts, and not what was left.
        ([0, 1, 0], None),
        ([0, 1, 2, 1], 0),
        ([0, 1, 2, 1, 0], None),
        ([0, 1, 0, 2], 0),
        ([0, 1, 2, 1, 3], 1),
        # An old tag that is deployed again, over another, is a deployment.
        ([0, 1, 2, 0], 2),
    ],
)
def test_what_served_before_is_gone_back_to(history: list[int], expected: int | None) -> None:
    assert target(served(*history)) == (None if expected is None else ModelTag(1, expected, 0))
