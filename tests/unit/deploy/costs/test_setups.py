"""What a set-up costs, and what it needs next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.costs.setups import SETUPS, Where, bill
from deploy.costs.steps import fits, steps
from deploy.costs.traffic import Traffic
from deploy.prices import NEON_FREE_BYTES, PRICES

FLY, RENDER, HOST = SETUPS
SMALL = Traffic(rows_per_day=1000)
ROUND_THE_CLOCK = replace(SMALL, hours_per_day=24)


def test_two_set_ups_carry_a_small_traffic_for_less_than_ten_dollars_and_a_host_for_what_it_costs() -> None:
    totals = [bill(each, SMALL, host_usd=5).total(0) for each in SETUPS]
    assert totals == [pytest.approx(2.02, abs=0.01), 7.0, 5.0]
    assert [each.where for each in SETUPS] == list(Where)


def test_nobody_here_knows_the_price_of_a_host() -> None:
    found = bill(HOST, SMALL)
    assert (found.compute, found.total(0), found.plan) == (None, None, "the host's own")


def test_nor_that_of_one_with_more_cores() -> None:
    found = bill(HOST, replace(SMALL, rows_per_day=1e10, rows_per_request=1000), host_usd=5)
    assert found.machines > 1
    assert found.compute is None


def test_a_database_that_never_sleeps_is_paid_for() -> None:
    found = bill(FLY, ROUND_THE_CLOCK)
    assert found.plan == "Neon Launch"
    assert "hours of a compute unit" in found.reasons[0]
    assert found.database > 10


def test_a_database_that_is_full_within_a_month_is_paid_for() -> None:
    (reason,) = bill(RENDER, replace(SMALL, rows_per_day=100_000)).reasons
    assert reason == "500 MB are full in 4 days"
    assert bill(RENDER, replace(SMALL, rows_per_day=100_000, retention_days=3)).plan == "Neon Free"


def test_machines_are_added_where_one_is_busy() -> None:
    assert bill(FLY, replace(SMALL, rows_per_day=2e6)).machines == 3
    assert bill(FLY, replace(SMALL, rows_per_day=2e6)).compute == 3 * PRICES[FLY.kind].usd
    assert bill(RENDER, replace(SMALL, rows_per_day=2e6)).machines == 1


def test_minutes_are_part_of_the_sum() -> None:
    assert bill(RENDER, SMALL).total(1.5) == 8.5


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.where)
@pytest.mark.parametrize("traffic", [SMALL, ROUND_THE_CLOCK], ids=["by day", "round the clock"])
def test_a_step_is_due_from_its_rows_on_and_not_before(setup: object, traffic: Traffic) -> None:
    chosen = next(each for each in SETUPS if each is setup)
    due = {step.what: step.rows_per_day for step in steps(chosen, traffic)}
    machine = next(rows for what, rows in due.items() if what.startswith("a second"))
    assert machine is not None
    assert bill(chosen, replace(traffic, rows_per_day=machine * 0.99)).machines == 1
    assert bill(chosen, replace(traffic, rows_per_day=machine * 1.01)).machines == 2


def test_by_day_a_database_may_sleep_enough_however_much_is_asked() -> None:
    hours = [step for step in steps(FLY, SMALL) if "free hours" in step.what]
    assert [step.rows_per_day for step in hours] == [None]
    (step,) = [step for step in steps(FLY, ROUND_THE_CLOCK) if "free hours" in step.what]
    assert step.rows_per_day is not None
    assert 100 < step.rows_per_day < 300


def test_what_fits_fits_for_good() -> None:
    monthly = replace(SMALL, retention_days=30)
    rows = fits(monthly, NEON_FREE_BYTES)
    assert replace(monthly, rows_per_day=rows).kept_bytes(3650) == pytest.approx(NEON_FREE_BYTES, rel=0.01)
    with pytest.raises(ValueError, match="for ever"):
        fits(SMALL, NEON_FREE_BYTES)
