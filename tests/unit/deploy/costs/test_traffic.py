"""What a traffic takes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from deploy.costs.measured import BATCHED_ROWS_A_SECOND, SINGLES_A_SECOND, TAKEN, seconds_of_processor, taken_by
from deploy.costs.traffic import DAYS_A_MONTH, Traffic

DAILY = Traffic(rows_per_day=1000)


def test_a_size_that_was_measured_takes_what_was_measured() -> None:
    assert [taken_by(each.rows) for each in TAKEN] == list(TAKEN)


def test_a_size_in_between_lies_in_between_and_a_larger_one_takes_as_much_a_row() -> None:
    assert taken_by(4).postgres == pytest.approx(851 + (2171 - 851) / 3)
    assert taken_by(3000).postgres == pytest.approx(3 * TAKEN[-1].postgres)


def test_processor_time_goes_through_both_points_that_were_measured() -> None:
    assert seconds_of_processor(1) == pytest.approx(1 / SINGLES_A_SECOND)
    assert seconds_of_processor(1000) == pytest.approx(1000 / BATCHED_ROWS_A_SECOND)


def test_rows_and_their_outcomes_are_kept() -> None:
    assert DAILY.postgres_bytes_per_day == 1000 * (851 + 299)
    assert replace(DAILY, outcomes=0.5).postgres_bytes_per_day == pytest.approx(1000 * 851 + 500 * 299)
    assert replace(DAILY, sample=0.1).postgres_bytes_per_day == pytest.approx(100 * (851 + 299))


def test_rows_of_a_batch_share_what_a_request_takes() -> None:
    assert replace(DAILY, rows_per_request=100).postgres_bytes_per_day == 10 * 8561 + 1000 * 299


def test_a_free_database_fills_unless_what_is_old_is_forgotten_in_time() -> None:
    days = DAILY.days_until(500e6)
    assert days is not None
    assert DAILY.kept_bytes(days) == pytest.approx(500e6)
    assert replace(DAILY, retention_days=int(days)).days_until(500e6) is None
    assert replace(DAILY, retention_days=int(days) + 1).days_until(500e6) == days
    assert replace(DAILY, sample=0).days_until(500e6) is None


def test_a_database_that_is_always_asked_never_sleeps() -> None:
    busy = Traffic(rows_per_day=1e6, hours_per_day=24)
    assert busy.awake_hours == pytest.approx(24 * DAYS_A_MONTH)


def test_a_database_that_is_hardly_asked_is_awake_for_what_the_service_asks_each_hour() -> None:
    assert Traffic(rows_per_day=1e-6).awake_hours == pytest.approx(24 * DAYS_A_MONTH * 2 * 300 / 3600)


def test_a_sample_does_not_let_the_database_sleep() -> None:
    assert replace(DAILY, sample=0.01).awake_hours == DAILY.awake_hours


def test_what_leaves_the_machine_are_answers_and_the_journal() -> None:
    month = 1000 * DAYS_A_MONTH
    assert math.isclose(DAILY.egress_gb, month * (557 + 794 + 150) / 1e9)
    assert math.isclose(replace(DAILY, sample=0).egress_gb, month * 557 / 1e9)


def test_a_database_that_is_asked_each_half_hour_sleeps_in_between() -> None:
    around_the_clock = replace(DAILY, hours_per_day=24)
    seldom = replace(around_the_clock, ship_every_s=1800)
    assert around_the_clock.awake_hours > 0.95 * 24 * DAYS_A_MONTH
    # A sixth of the time, and what the service asks by itself.
    assert seldom.awake_hours == pytest.approx((1 - (1 - 1 / 6) * (1 - 1 / 6)) * 24 * DAYS_A_MONTH, rel=0.01)
    # As often as it stays awake is at once.
    assert replace(around_the_clock, ship_every_s=300).awake_hours == pytest.approx(around_the_clock.awake_hours)
