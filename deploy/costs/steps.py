"""The traffic at which a set-up is no longer enough, and what comes then."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from deploy.costs.setups import MOST_BUSY, PEAK, Setup, Where
from deploy.costs.traffic import YEAR_DAYS, Traffic
from deploy.prices import NEON_FREE_BYTES, NEON_FREE_CU_HOURS, NEON_SMALLEST_CU

# As far as one looks, and how near the answer lies to the truth.
_MOST_ROWS: Final = 1e12
_NEAR: Final = 1.001


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """
    What comes when a traffic grows.

    Attributes:
        rows_per_day: From so many on; None if never.
        what: Is needed then.
    """

    rows_per_day: float | None
    what: str


def steps(setup: Setup, traffic: Traffic) -> Iterator[Step]:
    """What a set-up needs next, each for itself, if the traffic grows and stays as it is otherwise."""

    def first(is_too_much: Callable[[Traffic], bool]) -> float | None:
        return _first_rows(traffic, is_too_much)

    if not setup.has_database:
        yield Step(
            rows_per_day=first(lambda more: more.awake_hours * NEON_SMALLEST_CU > NEON_FREE_CU_HOURS),
            what="Neon Launch, as the free hours are used up before the month is",
        )
        kept = traffic.retention_days
        yield Step(
            rows_per_day=first(lambda more: more.kept_bytes(kept or YEAR_DAYS) > NEON_FREE_BYTES),
            what=f"Neon Launch, as {'what is kept' if kept else 'a year'} does not fit into its free 0.5 GB",
        )
    yield Step(
        rows_per_day=first(lambda more: more.cores * PEAK > setup.core * MOST_BUSY),
        what="a second machine" if setup.where is not Where.HOST else "a second worker, and a core for it",
    )
    if setup.egress_usd:
        price = setup.egress_usd
        yield Step(rows_per_day=first(lambda more: more.egress_gb * price > 1), what="more than $1 for egress")


def fits(traffic: Traffic, limit_bytes: float) -> float:
    """Rows a day of which a Postgres never holds more than that; for a traffic that is kept for some days only."""
    days = traffic.retention_days
    if days is None:
        raise ValueError("what is kept for ever fits nowhere")
    return _first_rows(traffic, lambda more: more.kept_bytes(days) > limit_bytes) or math.inf


def _first_rows(traffic: Traffic, is_too_much: Callable[[Traffic], bool]) -> float | None:
    """The least rows a day of which that is true; it must stay true from there on."""
    low, high = 1.0, _MOST_ROWS
    if not is_too_much(replace(traffic, rows_per_day=high)):
        return None
    while high / low > _NEAR:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if is_too_much(replace(traffic, rows_per_day=middle)) else (middle, high)
    return high
