"""What set-ups cost, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.command import columns
from deploy.costs.measured import OUTCOME_POSTGRES, SINGLES_A_SECOND
from deploy.costs.minutes import Scheduled
from deploy.costs.setups import MOST_BUSY, PEAK, Bill, Setup, Where, bill
from deploy.costs.steps import fits, steps
from deploy.costs.traffic import YEAR_DAYS, Traffic
from deploy.prices import GITHUB_FREE_MINUTES, GITHUB_MINUTE, NEON_FREE_BYTES, PRICES, RATES, Price

# How much the traffic grows in the second table; how much slower than here a runner of GitHub's may be.
_GROWN: Final = 10
_SLOWER: Final = 2
_RETENTIONS: Final = (30, 90, 365)
_NOT_KNOWN: Final = "?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """
    What is to be told.

    Attributes:
        setups: Which.
        traffic: That they carry.
        host_usd: What a host of one's own costs a month; None where that is not known.
        schedules: The workflows that run by the clock.
        minutes: Of GitHub's runners beside them, for deployments and what is pushed.
        is_public: Whether the repository is public, where minutes cost nothing.
    """

    setups: Sequence[Setup]
    traffic: Traffic
    host_usd: float | None
    schedules: Sequence[Scheduled]
    minutes: float = 0
    is_public: bool = False

    @property
    def minutes_usd(self) -> float:
        """What the minutes cost beyond those that are given away."""
        if self.is_public:
            return 0.0
        used = self.minutes + sum(each.minutes() for each in self.schedules)
        return max(0.0, used - GITHUB_FREE_MINUTES) * GITHUB_MINUTE.usd

    def bills(self, times: float = 1) -> list[Bill]:
        """What each set-up costs for so many times the traffic."""
        return [bill(setup, self.grown(times), host_usd=self.host_usd) for setup in self.setups]

    def grown(self, times: float) -> Traffic:
        """So many times the traffic."""
        return replace(self.traffic, rows_per_day=times * self.traffic.rows_per_day)


def lines_of(question: Question) -> Iterator[str]:
    """Everything, line by line."""
    traffic = question.traffic
    yield f"{_asked(traffic)}:"
    yield ""
    yield _table(question, 1)
    yield ""
    yield f"{_GROWN} times as much, {_GROWN * traffic.rows_per_day:,.0f} rows a day:"
    yield ""
    yield _table(question, _GROWN)
    yield ""
    yield from _journal(traffic)
    yield ""
    yield from _next(question)
    yield ""
    yield from _minutes(question)
    yield ""
    yield "Prices in US dollars without taxes, none of them read off a bill; ? is not known here, and in no sum:"
    yield from (f"  {line}" for line in _prices(question.setups))


def _asked(traffic: Traffic) -> str:
    at_once = "one by one" if traffic.rows_per_request == 1 else f"{traffic.rows_per_request:,} a request"
    outcomes = f"outcomes of {traffic.outcomes:.0%}" if traffic.outcomes else "no outcomes"
    kept = "for ever" if traffic.retention_days is None else f"for {traffic.retention_days:,} days"
    what = "everything" if traffic.sample == 1 else f"{traffic.sample:.1%} of the requests"
    seldom = f", in the database after up to {traffic.ship_every_s:,.0f} s" if traffic.ship_every_s else ""
    return (
        f"{traffic.rows_per_day:,.0f} rows a day, {at_once}, within {traffic.hours_per_day:g} hours of the day; "
        f"{outcomes}; {what} kept {kept}{seldom}"
    )


def _table(question: Question, times: float) -> str:
    head = ("set-up", "compute", "database", "egress", "minutes", "a month", "the journal's database")
    traffic = question.grown(times)
    return columns(head, [_row(each, traffic, question.minutes_usd) for each in question.bills(times)])


def _row(found: Bill, traffic: Traffic, minutes_usd: float) -> tuple[str, ...]:
    usd = (found.compute, found.database, found.egress, minutes_usd, found.total(minutes_usd))
    if found.reasons:
        journal = f"{found.plan}: {' and '.join(found.reasons)}"
    elif found.full_in_days is not None:
        journal = f"{found.plan}, full after {found.full_in_days:,.0f} days"
    else:
        journal = f"{found.plan}, {traffic.kept_bytes(YEAR_DAYS) / 1e6:,.0f} MB after a year"
    machine = "host of your own" if found.setup.where is Where.HOST else found.setup.kind
    return f"{found.setup.where}: {found.machines} x {machine}", *map(_usd, usd), journal


def _usd(usd: float | None) -> str:
    return _NOT_KNOWN if usd is None else f"${usd:,.2f}"


def _journal(traffic: Traffic) -> Iterator[str]:
    request = traffic.taken.postgres
    rows = "a row" if traffic.rows_per_request == 1 else f"{traffic.rows_per_request:,} rows"
    yield (
        f"A request with {rows} takes {request:,.0f} bytes in Postgres, an outcome {OUTCOME_POSTGRES} "
        "(scripts/bench storage)."
    )
    kept = [(days, replace(traffic, sample=1, retention_days=days)) for days in _RETENTIONS]
    fitting = [f"{fits(each, NEON_FREE_BYTES):,.0f} where JOURNAL_RETENTION_DAYS={days}" for days, each in kept]
    yield f"Rows a day that fit into Neon's free 0.5 GB for good: {', '.join(fitting)};"
    yield "with JOURNAL_SAMPLE=0.1 ten times as many, of which drift and outcomes are known of a tenth."


def _next(question: Question) -> Iterator[str]:
    yield "What is due next, from so many rows a day on, each looked at by itself:"
    for setup in question.setups:
        found = steps(setup, question.traffic)
        for step in sorted(found, key=lambda step: step.rows_per_day or 0):
            rows = "never" if step.rows_per_day is None else f"{step.rows_per_day:,.0f}"
            yield f"  {setup.where:<7} {rows:>12}  {step.what}"
    yield (
        f"A core answered {SINGLES_A_SECOND:,} requests of one row a second where it was measured (scripts/bench; a "
        f"shared two-core machine), not on these platforms. Peaks are taken as {PEAK} times the average, at which a "
        f"machine is {MOST_BUSY:.0%} busy."
    )


def _minutes(question: Question) -> Iterator[str]:
    if not question.schedules:
        yield "No workflow runs by the clock here."
        return
    each = ", ".join(f"{found.file} {found.minutes():.0f}" for found in question.schedules)
    least = sum(found.minutes() for found in question.schedules)
    slow = sum(found.minutes(slower=_SLOWER) for found in question.schedules)
    yield (
        f"Schedules take {least:.0f} minutes of GitHub's runners a month ({each}), {slow:.0f} if a runner takes twice "
        f"as long as it took here. A private repository has {GITHUB_FREE_MINUTES:,} for nothing, a public one as many "
        "as it likes."
    )


def _prices(setups: Sequence[Setup]) -> Iterator[str]:
    machines = {setup.kind: PRICES[setup.kind] for setup in setups if setup.kind in PRICES}
    for name, price in {**machines, **RATES}.items():
        yield f"{name}: {_exact(price)} (as of {price.as_of}, {price.known}; {price.page})"


def _exact(price: Price) -> str:
    return f"${price.usd:.3f}".removesuffix("0")
