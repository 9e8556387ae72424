"""Set-ups that a service runs on, and what each costs a month for a traffic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from deploy.costs.traffic import DAYS_A_MONTH, YEAR_DAYS, Traffic
from deploy.prices import (
    FLY_GB,
    NEON_CU_HOUR,
    NEON_FREE_BYTES,
    NEON_FREE_CU_HOURS,
    NEON_GB,
    NEON_SMALLEST_CU,
    PRICES,
)

# The busiest minutes ask so many times as much as the average of the hours in which somebody asks, and no machine is
# to be busier than this then: guesses, both on the careful side.
PEAK: Final = 5
MOST_BUSY: Final = 0.5
_GB: Final = 1e9


class Where(StrEnum):
    """What the service runs on."""

    FLY = "fly"
    RENDER = "render"
    HOST = "host"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """
    Something that the service runs on, in the size that it begins with.

    Attributes:
        where: On what.
        kind: Of its machines, as the price table names it.
        core: The share of one core that a machine may use for good.
        egress_usd: A GB that leaves it costs so much; None where that is not known.
        has_database: Whether the journal's Postgres comes with it, instead of one of Neon's.
    """

    where: Where
    kind: str
    core: float
    egress_usd: float | None
    has_database: bool = False


# Fly gives a shared processor 5 ms of every 80, and up to 500 s saved up beside (its documentation, "CPU Performance");
# Render half a core by the plan's name.
SETUPS: Final = (
    Setup(where=Where.FLY, kind="shared-cpu-1x 256mb", core=1 / 16, egress_usd=FLY_GB.usd),
    Setup(where=Where.RENDER, kind="starter", core=0.5, egress_usd=None),
    Setup(where=Where.HOST, kind="host", core=1, egress_usd=None, has_database=True),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """
    What a set-up costs a month, and why.

    Attributes:
        setup: Which.
        machines: So many.
        compute: US dollars for them; None where nobody here knows the price of the host.
        database: For the journal's.
        egress: For what leaves the machines; None where the price is not known.
        plan: Of the database.
        full_in_days: Until the free database is full; None if it never is, or is not one.
        reasons: Why the database is not the free one.
    """

    setup: Setup
    machines: int
    compute: float | None
    database: float
    egress: float | None
    plan: str
    full_in_days: float | None
    reasons: tuple[str, ...]

    def total(self, minutes_usd: float) -> float | None:
        """Of everything whose price is known; None where the host's is not."""
        return None if self.compute is None else self.compute + self.database + (self.egress or 0) + minutes_usd


def bill(setup: Setup, traffic: Traffic, *, host_usd: float | None = None) -> Bill:
    """
    What a set-up costs that carries a traffic.

    Args:
        setup: That is grown as far as need be, by more machines of its kind and the paid plan of the database.
        traffic: That it carries.
        host_usd: What a host of one's own costs a month; of one with more cores nobody knows.
    """
    machines = max(1, math.ceil(traffic.cores * PEAK / (setup.core * MOST_BUSY)))
    price = PRICES[setup.kind].usd if setup.where is not Where.HOST else host_usd if machines == 1 else None
    reasons = () if setup.has_database else tuple(_reasons(traffic))
    return Bill(
        setup=setup,
        machines=machines,
        compute=None if price is None else price * machines,
        database=_launch_usd(traffic) if reasons else 0.0,
        egress=None if setup.egress_usd is None else setup.egress_usd * traffic.egress_gb,
        plan="the host's own" if setup.has_database else "Neon Launch" if reasons else "Neon Free",
        full_in_days=None if setup.has_database else traffic.days_until(NEON_FREE_BYTES),
        reasons=reasons,
    )


def _reasons(traffic: Traffic) -> Iterator[str]:
    """Why Neon's plan Free does not do, for a month at least."""
    hours = traffic.awake_hours * NEON_SMALLEST_CU
    if hours > NEON_FREE_CU_HOURS:
        yield f"it is awake for {hours:.0f} of {NEON_FREE_CU_HOURS} hours of a compute unit"
    full = traffic.days_until(NEON_FREE_BYTES)
    if full is not None and full < DAYS_A_MONTH:
        yield f"{NEON_FREE_BYTES / 1e6:.0f} MB are full in {full:.0f} days"


def _launch_usd(traffic: Traffic) -> float:
    """Of Neon's paid plan, for its smallest machine and what is kept after a year."""
    compute = traffic.awake_hours * NEON_SMALLEST_CU * NEON_CU_HOUR.usd
    return compute + traffic.kept_bytes(YEAR_DAYS) / _GB * NEON_GB.usd
