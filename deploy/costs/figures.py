"""What set-ups cost, for programs to read."""

from __future__ import annotations

from typing import TypedDict

from deploy.costs.setups import Bill, Setup
from deploy.costs.steps import steps
from deploy.costs.telling import Question
from deploy.prices import GITHUB_FREE_MINUTES


class StepFigures(TypedDict):
    """See `deploy.costs.steps.Step`."""

    rows_per_day: float | None
    what: str


class SetupFigures(TypedDict):
    """US dollars a month by part, None where a price is not known; see `deploy.costs.setups.Bill`."""

    platform: str
    machine: str
    machines: int
    compute: float | None
    database: float
    egress: float | None
    minutes: float
    total: float | None
    plan: str
    full_in_days: float | None
    reasons: tuple[str, ...]
    next: list[StepFigures]


class Figures(TypedDict):
    """All of it."""

    rows_per_day: float
    postgres_bytes_per_day: float
    sqlite_bytes_per_day: float
    egress_gb: float
    database_awake_hours: float
    minutes: dict[str, float]
    free_minutes: int
    setups: list[SetupFigures]


def figures(question: Question) -> Figures:
    """All of it, for the traffic that was asked for."""
    traffic = question.traffic
    return {
        "rows_per_day": traffic.rows_per_day,
        "postgres_bytes_per_day": traffic.postgres_bytes_per_day,
        "sqlite_bytes_per_day": traffic.sqlite_bytes_per_day,
        "egress_gb": traffic.egress_gb,
        "database_awake_hours": traffic.awake_hours,
        "minutes": {each.file: each.minutes() for each in question.schedules},
        "free_minutes": GITHUB_FREE_MINUTES,
        "setups": [_setup(found, question) for found in question.bills()],
    }


def _setup(found: Bill, question: Question) -> SetupFigures:
    setup: Setup = found.setup
    return {
        "platform": setup.where.value,
        "machine": setup.kind,
        "machines": found.machines,
        "compute": found.compute,
        "database": found.database,
        "egress": found.egress,
        "minutes": question.minutes_usd,
        "total": found.total(question.minutes_usd),
        "plan": found.plan,
        "full_in_days": found.full_in_days,
        "reasons": found.reasons,
        "next": [{"rows_per_day": step.rows_per_day, "what": step.what} for step in steps(setup, question.traffic)],
    }
