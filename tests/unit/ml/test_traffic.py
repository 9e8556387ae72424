"""When rows are due, which rows are meant, and what is said of them afterwards."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date

import polars as pl
import pytest

from core.contract import Task
from core.errors import DatasetError
from ml.dataset import Dataset, fit_to_contract
from ml.service import Answer, Answered
from ml.traffic import Exchange, Plan, Reported, Schedule, choose, reached_rate, score
from tests.factories import TARGETS, make_contract
from tests.unit.ml.factories import make_dataset, make_frame, make_raw


@dataclass
class Clock:
    """A clock that only pauses move on."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.now += seconds
        self.pauses.append(seconds)
        return False


def _plan(rate: float = 50, batch: int = 1) -> Plan:
    return Plan(rate=rate, batch=batch, connections=1)


def _schedule(clock: Clock, rows: int, plan: Plan) -> Schedule:
    return Schedule(rows, plan, start=clock.now)


def _exchange(row: int, *, sent_at: float, rows: int = 1) -> Exchange:
    answers = (Answer(id="", value="yes", is_warned=False),) * rows
    return Exchange(rows=range(row, row + rows), answered=Answered(answers=answers, sent_at=sent_at, latency_s=9.0))


@pytest.mark.parametrize("batch", [1, 5])
def test_so_many_rows_a_second_are_dealt_out(batch: int) -> None:
    clock = Clock()
    schedule = _schedule(clock, 500, _plan(batch=batch))
    dealt = 0
    while (due := schedule.next(clock.time, clock.pause)) and clock.now < 1002:
        dealt += len(due)
    assert dealt == 100


def test_what_a_slow_moment_held_up_is_dealt_out_at_once_afterwards() -> None:
    clock = Clock()
    schedule = _schedule(clock, 100, _plan(rate=10))
    schedule.next(clock.time, clock.pause)
    clock.now += 3
    for _ in range(31):
        schedule.next(clock.time, clock.pause)
    assert clock.pauses[1:31] == [0.0] * 30
    assert clock.pauses[31] == pytest.approx(0.1)


def test_every_row_is_dealt_out_once_however_many_threads_ask() -> None:
    schedule = Schedule(5000, _plan(batch=3), start=0.0)
    dealt: list[int] = []

    def take() -> None:
        while due := schedule.next(lambda: 0.0, lambda _seconds: False):
            dealt.extend(due)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(dealt) == list(range(5000))


def test_the_last_request_has_the_rows_that_are_left() -> None:
    clock = Clock()
    schedule = _schedule(clock, 7, _plan(batch=3))
    dealt = [schedule.next(clock.time, clock.pause) for _ in range(4)]
    assert dealt == [range(3), range(3, 6), range(6, 7), None]


def test_an_interrupted_pause_deals_nothing_out() -> None:
    assert Schedule(7, _plan(), start=0.0).next(lambda: 0.0, lambda _seconds: True) is None


def test_the_rate_is_the_one_wanted_when_every_request_went_out_in_time() -> None:
    on_time = [_exchange(row, sent_at=1000 + row / 50) for row in range(10)]
    assert reached_rate(on_time, 50, start=1000) == pytest.approx(50)
    batches = [_exchange(row, sent_at=1000 + row / 50, rows=5) for row in (0, 5)]
    assert reached_rate(batches, 50, start=1000) == pytest.approx(50)


def test_the_rate_is_lower_when_requests_went_out_late() -> None:
    late = [_exchange(row, sent_at=1000 + row / 10) for row in range(50)]
    assert reached_rate(late, 50, start=1000) == pytest.approx(50 / 4.92)


def test_nothing_answered_is_a_rate_of_zero() -> None:
    assert reached_rate([], 50, start=1000) == 0


# Four rows a day, from 1 January to 10 April 2025.
@pytest.mark.parametrize(
    ("since", "until", "limit", "first", "last", "count"),
    [
        (None, None, None, "2025-03-11 00:00:00", "2025-04-10 18:00:00", 31 * 4),
        (None, date(2025, 2, 1), None, "2025-01-01 00:00:00", "2025-01-31 18:00:00", 31 * 4),
        (date(2025, 4, 9), None, None, "2025-04-09 00:00:00", "2025-04-10 18:00:00", 2 * 4),
        (date(2025, 2, 1), date(2025, 2, 3), None, "2025-02-01 00:00:00", "2025-02-02 18:00:00", 2 * 4),
        (date(2025, 2, 1), date(2025, 2, 3), 3, "2025-02-01 00:00:00", "2025-02-01 12:00:00", 3),
        (date(1, 1, 1), date(9999, 12, 31), None, "2025-01-01 00:00:00", "2025-04-10 18:00:00", 400),
    ],
)
def test_days_choose_rows(
    since: date | None, until: date | None, limit: int | None, first: str, last: str, count: int
) -> None:
    chosen = choose(make_dataset(), since, until, limit)
    assert chosen.times is not None
    assert (str(chosen.times[0]), str(chosen.times[-1]), len(chosen)) == (first, last, count)


def test_days_are_those_of_the_zone_that_the_times_are_in() -> None:
    midnight = pl.col("at").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    frame = make_frame().with_columns(midnight)
    data = fit_to_contract(make_raw(frame), make_contract(), time_column="at", max_faulty_share=0)
    chosen = choose(data, date(2025, 2, 1), date(2025, 2, 2), None)
    assert chosen.times is not None
    assert [time.hour for time in chosen.times] == [1, 7, 13, 19]


@pytest.mark.parametrize(("since", "until"), [(date(2026, 1, 1), None), (None, date(1, 1, 1))])
def test_days_without_rows_are_refused_and_the_data_s_own_are_named(since: date | None, until: date | None) -> None:
    with pytest.raises(DatasetError, match=r"no rows from .* the data reach from 2025-01-01T00:00:00 to 2025-04-10T18"):
        choose(make_dataset(), since, until, None)


def _untimed() -> Dataset:
    return make_dataset(timed=False)


def test_without_a_time_column_all_rows_are_meant() -> None:
    assert len(choose(_untimed(), None, None, None)) == 400
    assert choose(_untimed(), None, None, 7).rows.equals(_untimed().rows.head(7))


def test_days_without_a_time_column_are_refused() -> None:
    with pytest.raises(DatasetError, match="--since and --until need"):
        choose(_untimed(), date(2025, 1, 1), None, None)


def test_classes_are_scored_by_how_many_were_right() -> None:
    assert score(TARGETS[Task.BINARY], [("yes", "yes"), ("no", "yes"), ("no", "no"), ("yes", "yes")]) == (
        "accuracy",
        "0.7500",
    )


def test_numbers_are_scored_by_their_mean_distance_in_their_unit() -> None:
    assert score(TARGETS[Task.REGRESSION], [(100.0, 110.0), (50.0, 30.0)]) == ("mean error", "15 EUR")


@pytest.mark.parametrize(
    ("reported", "words"),
    [
        (Reported(accepted=1200, unknown=0, left_out=0), "1,200 accepted"),
        (Reported(accepted=9, unknown=2, left_out=0), "9 accepted, 2 of them for ids that the journal does not know"),
        (Reported(accepted=9, unknown=0, left_out=30), "9 accepted; 30 left out"),
    ],
)
def test_a_report_says_only_what_is_remarkable(reported: Reported, words: str) -> None:
    assert str(reported) == words
