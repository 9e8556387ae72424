from __future__ import annotations

from datetime import UTC, datetime

import pytest

from deploy.platforms.render_answers import Deploy
from deploy.platforms.render_public import unsettled_s

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "is_running", "has_ended", "has_succeeded"),
    [
        ("created", True, False, False),
        ("queued", True, False, False),
        ("build_in_progress", True, False, False),
        ("pre_deploy_in_progress", True, False, False),
        ("update_in_progress", True, False, False),
        ("live", False, True, True),
        ("deactivated", False, True, True),
        ("build_failed", False, True, False),
        ("pre_deploy_failed", False, True, False),
        ("update_failed", False, True, False),
        ("canceled", False, True, False),
        # A status that Render may add: waited for, but no deploy of somebody else that blocks ours for ever.
        ("dreaming", False, False, False),
    ],
)
def test_a_status_says_how_far_a_deploy_is(status: str, is_running: bool, has_ended: bool, has_succeeded: bool) -> None:
    deploy = Deploy(id="dep-1", status=status)
    assert (deploy.is_running, deploy.has_ended, deploy.has_succeeded) == (is_running, has_ended, has_succeeded)


@pytest.mark.parametrize(
    ("finished_at", "since"),
    [("2026-04-01T12:00:00Z", NOON), ("2026-04-01T12:00:00", NOON), (None, None), ("", None), ("soon", None)],
)
def test_a_time_that_cannot_be_read_is_none(finished_at: str | None, since: datetime | None) -> None:
    assert Deploy(id="dep-1", status="live", finished_at=finished_at).since == since


@pytest.mark.parametrize(
    ("finished_at", "remaining_s"),
    [
        ("2026-04-01T11:59:30Z", 60.0),
        ("2026-04-01T11:00:00Z", 0.0),
        ("2026-04-01T12:00:00Z", 90.0),
        ("2026-04-01T13:00:00Z", 90.0),
        (None, 0.0),
    ],
)
def test_blue_may_answer_until_it_has_settled(finished_at: str | None, remaining_s: float) -> None:
    live = Deploy(id="dep-1", status="live", finished_at=finished_at)
    assert unsettled_s(live, NOON, 90.0) == remaining_s


def test_where_nothing_serves_nothing_settles() -> None:
    assert unsettled_s(None, NOON, 90.0) == 0.0
