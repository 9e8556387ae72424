"""What served when, on the console."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.console.deployments import MOST, current, deployments_of
from app.console.words import NONE
from core.ledger import Deployment, Environment
from core.tags import ModelTag

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
PRODUCTION, STAGING = Environment.PRODUCTION, Environment.STAGING


def entry(days: int, tag: str, environment: Environment = PRODUCTION, previous: str | None = None) -> Deployment:
    return Deployment(
        environment=environment,
        tag=ModelTag.parse(tag),
        previous=ModelTag.parse(previous) if previous else None,
        at=NOW - timedelta(days=days),
        reason="scripts/deploy",
    )


def test_the_newest_come_first_each_with_how_long_it_served() -> None:
    entries = [entry(9, "model-v1.0.0"), entry(2, "model-v1.1.0", previous="model-v1.0.0")]
    newest, oldest = deployments_of(entries, NOW)
    assert (newest.tag, newest.lasted, newest.before, newest.is_current) == (
        "model-v1.1.0",
        "2\u00a0d",
        "model-v1.0.0",
        True,
    )
    assert (oldest.tag, oldest.lasted, oldest.before, oldest.is_current) == ("model-v1.0.0", "7\u00a0d", NONE, False)
    assert (newest.since, newest.reason) == ("2026-11-24 03:00 UTC", "scripts/deploy")


def test_environments_end_each_other_s_deployments_not() -> None:
    entries = [entry(9, "model-v1.0.0"), entry(2, "model-v1.1.0", STAGING)]
    lines = deployments_of(entries, NOW)
    assert [(line.environment, line.lasted, line.is_current) for line in lines] == [
        ("staging", "2\u00a0d", True), ("production", "9\u00a0d", True),
    ]  # fmt: skip
    assert current(entries, PRODUCTION) == entries[0]
    assert current(entries, STAGING) == entries[1]


def test_of_two_at_once_the_last_of_the_ledger_serves() -> None:
    entries = [entry(2, "model-v1.0.0"), entry(2, "model-v1.1.0", previous="model-v1.0.0")]
    assert current(entries, PRODUCTION) == entries[1]
    assert [(line.tag, line.is_current) for line in deployments_of(entries, NOW)] == [
        ("model-v1.1.0", True), ("model-v1.0.0", False),
    ]  # fmt: skip


def test_of_many_the_newest_are_shown_and_of_none_none() -> None:
    assert len(deployments_of([entry(day, "model-v1.0.0") for day in range(MOST + 3)], NOW)) == MOST
    assert deployments_of([], NOW) == ()
    assert current([], PRODUCTION) is None
