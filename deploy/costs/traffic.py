"""A traffic, and what it asks of a set-up: processor, bytes, and hours in which a database is awake."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from deploy.costs.measured import (
    EMPTY_POSTGRES,
    OUTCOME_LINE,
    OUTCOME_POSTGRES,
    OUTCOME_SQLITE,
    Taken,
    seconds_of_processor,
    taken_by,
)
from deploy.prices import NEON_AWAKE_S

DAYS_A_MONTH: Final = 365.25 / 12
# So much of a journal that is kept for ever is counted with.
YEAR_DAYS: Final = 365
_HOUR_S: Final = 3600
# The service forgets what is too old each hour, and once an hour /metrics looks whether anything is new.
WAKES_AN_HOUR: Final = 2
_GB: Final = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """
    What a service is asked, and what of that it keeps.

    Attributes:
        rows_per_day: That are scored.
        rows_per_request: Of them at a time.
        hours_per_day: In which somebody asks, at random moments; nobody does in the others.
        outcomes: The share of the rows of which is reported what became of them.
        sample: JOURNAL_SAMPLE, the share of the requests that is written down; their outcomes alone are kept.
        retention_days: JOURNAL_RETENTION_DAYS; None for ever.
        ship_every_s: JOURNAL_SHIP_EVERY_S, between two times at which what was answered goes to the database.
    """

    rows_per_day: float
    rows_per_request: int = 1
    hours_per_day: float = 10
    outcomes: float = 1
    sample: float = 1
    retention_days: int | None = None
    ship_every_s: float = 0

    @property
    def requests_per_day(self) -> float:
        """Requests that score."""
        return self.rows_per_day / self.rows_per_request

    @property
    def requests_per_second(self) -> float:
        """On average over the hours in which somebody asks."""
        return self.requests_per_day / (self.hours_per_day * _HOUR_S)

    @property
    def taken(self) -> Taken:
        """Bytes of one of its requests."""
        return taken_by(self.rows_per_request)

    @property
    def cores(self) -> float:
        """Cores of the machine of the bench that it keeps busy, on average over those hours."""
        return self.requests_per_second * seconds_of_processor(self.rows_per_request)

    @property
    def postgres_bytes_per_day(self) -> float:
        """By which a Postgres grows."""
        return self.sample * self._a_day(self.taken.postgres, OUTCOME_POSTGRES)

    @property
    def sqlite_bytes_per_day(self) -> float:
        """By which a SQLite file grows."""
        return self.sample * self._a_day(self.taken.sqlite, OUTCOME_SQLITE)

    @property
    def egress_gb(self) -> float:
        """What leaves the machine in a month: answers, and the journal on its way to a database elsewhere."""
        journal = self.sample * self._a_day(self.taken.line, OUTCOME_LINE)
        return (self.requests_per_day * self.taken.answer + journal) * DAYS_A_MONTH / _GB

    @property
    def awake_hours(self) -> float:
        """
        Hours of a month in which a database is awake that falls asleep some time after its last query.

        Every request leads to a query, whatever JOURNAL_SAMPLE is, at once or at the next time at which the journal is
        shipped. Where requests come at random moments, n between two such times on average (or, if that is longer, in
        the time that it stays awake), it is woken for a share 1 - exp(-n) of them, and by the service itself each hour.
        """
        between_s = max(self.ship_every_s, NEON_AWAKE_S)
        woken = 1 - math.exp(-self.requests_per_second * between_s)
        awake = woken * NEON_AWAKE_S / between_s
        left_alone = 1 - WAKES_AN_HOUR * NEON_AWAKE_S / _HOUR_S
        asleep = left_alone * (self.hours_per_day * (1 - awake) + 24 - self.hours_per_day)
        return DAYS_A_MONTH * (24 - asleep)

    def kept_bytes(self, days: float) -> float:
        """What a Postgres holds after so many days."""
        kept = days if self.retention_days is None else min(days, self.retention_days)
        return EMPTY_POSTGRES + self.postgres_bytes_per_day * kept

    def days_until(self, limit_bytes: float) -> float | None:
        """After so many days a Postgres holds so much; None if never."""
        if self.postgres_bytes_per_day == 0:
            return None
        days = (limit_bytes - EMPTY_POSTGRES) / self.postgres_bytes_per_day
        return None if self.retention_days is not None and self.retention_days < days else days

    def _a_day(self, request: float, outcome: float) -> float:
        return self.requests_per_day * request + self.rows_per_day * self.outcomes * outcome
