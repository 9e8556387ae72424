"""Rows of the data set sent to a running service at a rate, and what turned out to be true of them."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import TypeVar

import numpy as np
import polars as pl

from core.contract import Target, Task
from core.errors import DatasetError
from ml.dataset import Dataset
from ml.progress import Progress
from ml.service import Answer, Answered, Service, Value
from ml.times import span

T = TypeVar("T")

_OUTCOMES_A_REPORT = 1000
# This share of a rate is as good as all of it: clocks and threads wake a little late.
_KEPT_UP = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How rows are sent: how many a second, how many a request, over how many connections."""

    rate: float
    batch: int
    connections: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One request: its rows, by their positions in the data, and what was answered."""

    rows: range
    answered: Answered


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """
    What was sent and answered.

    Attributes:
        exchanges: In the order of the rows.
        rate: Rows per second that were reached.
        is_stopped: Whether Ctrl-C ended it.
    """

    exchanges: tuple[Exchange, ...]
    rate: float
    is_stopped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Reported:
    """How many outcomes the service took as new, how many are of ids it does not know, how many Ctrl-C left out."""

    accepted: int
    unknown: int
    left_out: int

    def __str__(self) -> str:
        unknown = f", {self.unknown:,} of them for ids that the journal does not know" if self.unknown else ""
        return f"{self.accepted:,} accepted{unknown}" + (f"; {self.left_out:,} left out" if self.left_out else "")


class Schedule:
    """
    Deals rows out to threads, a request at a time, each when it is due.

    Row n is due n / rate seconds after the start, whatever became of the rows before it: what a slow moment held up
    is sent as soon as it is over, and the rate holds.
    """

    def __init__(self, rows: int, plan: Plan, *, start: float) -> None:
        """
        Args:
            rows: How many there are.
            plan: Says when they are due.
            start: When the first is, in seconds of the clock that `next` reads.
        """
        self._firsts = iter(range(0, rows, plan.batch))
        self._rows, self._plan, self._start = rows, plan, start
        self._lock = threading.Lock()

    def next(self, clock: Callable[[], float], pause: Callable[[float], bool]) -> range | None:
        """
        Wait until the next request is due.

        Args:
            clock: Tells the time, in seconds.
            pause: Waits for some seconds, and says whether it was interrupted.

        Returns:
            The positions of its rows; None if there are no more, or it was interrupted.
        """
        with self._lock:
            first = next(self._firsts, None)
        if first is None or pause(max(0.0, self._start + first / self._plan.rate - clock())):
            return None
        return range(first, min(first + self._plan.batch, self._rows))


def choose(data: Dataset, since: date | None, until: date | None, limit: int | None) -> Dataset:
    """
    The rows of some days; without a time column, all of them.

    Args:
        data: All rows.
        since: The first day; by default a month before `until`.
        until: The day after the last one; by default that after the data's last row.
        limit: Most rows, from the first one on.

    Raises:
        DatasetError: if there are none, or days are asked of data without a time column.
    """
    if data.times is None:
        if since or until:
            raise DatasetError("--since and --until need dataset.time_column in model.toml, to know when a row was")
        return data.take(np.arange(len(data))[:limit])
    days = data.times.dt.date()
    until = until or days[-1] + timedelta(days=1)
    # Long before the data there may be no month left in the calendar.
    since = since or pl.Series([max(until, days[0])]).dt.offset_by("-1mo")[0]
    positions = np.flatnonzero(((days >= since) & (days < until)).to_numpy())
    if not len(positions):
        first, last = span(data.times)
        raise DatasetError(f"there are no rows from {since} until {until}; the data reach from {first} to {last}")
    return data.take(positions[:limit])


def send(data: Dataset, service: Service, plan: Plan, progress: Progress) -> Sent:
    """
    Send every row, until Ctrl-C.

    Raises:
        NoService, ServiceRefused: as soon as one request cannot be answered.
    """
    rows = data.as_json_rows()
    with progress.step("Sending rows", total=math.ceil(len(rows) / plan.batch)) as advance:
        start = time.monotonic()
        schedule = Schedule(len(rows), plan, start=start)

        def work(stop: threading.Event) -> list[Exchange]:
            done = []
            while due := schedule.next(time.monotonic, stop.wait):
                asked = rows[due.start : due.stop]
                answered = service.predict(asked, due.start + 1, is_batch=plan.batch > 1, stop=stop)
                if answered is None:
                    break
                done.append(Exchange(rows=due, answered=answered))
                advance(f"row {due.stop:,}")
            return done

        found, is_stopped = _until_ctrl_c(work, plan.connections)
    exchanges = sorted(chain.from_iterable(found), key=lambda exchange: exchange.rows.start)
    return Sent(exchanges=tuple(exchanges), rate=reached_rate(exchanges, plan.rate, start=start), is_stopped=is_stopped)


def report(data: Dataset, target: Target, sent: Sent, service: Service, progress: Progress) -> Reported:
    """
    Report what turned out to be true of every row that was answered, until Ctrl-C.

    Raises:
        NoService, ServiceRefused: if the service does not take it.
    """
    outcomes = [(answer.id, _truth(target, data.target[row])) for row, answer in _answers(sent)]
    firsts = range(0, len(outcomes), _OUTCOMES_A_REPORT)
    with progress.step("Reporting outcomes", total=len(firsts)) as advance:

        def work(stop: threading.Event) -> Reported:
            accepted = unknown = 0
            for first in firsts:
                receipt = service.report(outcomes[first : first + _OUTCOMES_A_REPORT], stop=stop)
                if receipt is None:
                    return Reported(accepted=accepted, unknown=unknown, left_out=len(outcomes) - first)
                accepted, unknown = accepted + receipt.accepted, unknown + receipt.unknown_count
                advance(f"from {first + 1:,}")
            return Reported(accepted=accepted, unknown=unknown, left_out=0)

        (reported,), _ = _until_ctrl_c(work, 1)
    return reported


def _until_ctrl_c(work: Callable[[threading.Event], T], threads: int) -> tuple[list[T], bool]:
    """
    Run work in threads; what it is given is set by Ctrl-C, or when one of the threads has failed.

    Returns:
        What each thread returned, and whether it was Ctrl-C.
    """
    stop = threading.Event()

    def guarded() -> T:
        try:
            return work(stop)
        except BaseException:
            stop.set()
            raise

    # This thread, the one that signals interrupt, holds none of the event's locks when it sets it.
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        with ThreadPoolExecutor(threads) as pool:
            done = [pool.submit(guarded) for _ in range(threads)]
            wait(done)
    finally:
        signal.signal(signal.SIGINT, before)
    return [each.result() for each in done], stop.is_set()


def reached_rate(exchanges: Sequence[Exchange], wanted: float, *, start: float) -> float:
    """
    Rows per second, as far as the service let them be sent: that wanted, if every request went out when it was due.

    Args:
        exchanges: What was answered.
        wanted: Rows per second.
        start: When the first row was due, by the clock of `Answered.sent_at`.
    """
    if not exchanges:
        return 0.0
    last = max(exchanges, key=lambda exchange: exchange.answered.sent_at)
    rows = sum(len(exchange.rows) for exchange in exchanges)
    return rows / (last.answered.sent_at - start + len(last.rows) / wanted)


def summary(data: Dataset, target: Target, sent: Sent, plan: Plan) -> Iterator[tuple[str, str]]:
    """What was sent and how it went, as names and texts."""
    answers = list(_answers(sent))
    yield "rows", f"{len(answers):,}" + (f" of {len(data):,}, then stopped" if sent.is_stopped else "")
    if not answers:
        return
    shortfall = f" of {plan.rate:g}: the service could not keep up, or --connections {plan.connections} is too few"
    yield "rate", f"{sent.rate:,.1f} rows a second" + (shortfall if sent.rate < plan.rate * _KEPT_UP else "")
    median, slowest = np.quantile([each.answered.latency_s * 1000 for each in sent.exchanges], [0.5, 0.99])
    yield "latency", f"median {median:.1f} ms, p99 {slowest:.1f} ms a request"
    yield "with warnings", f"{sum(answer.is_warned for _, answer in answers):,}"
    yield score(target, [(answer.value, _truth(target, data.target[row])) for row, answer in answers])


def score(target: Target, pairs: Sequence[tuple[Value, Value]]) -> tuple[str, str]:
    """
    How good answers were, as a name and a text.

    Args:
        target: Of classes, or of numbers.
        pairs: Answers, each with the truth; at least one.
    """
    if target.task is Task.REGRESSION:
        error = float(np.mean([abs(float(answer) - float(truth)) for answer, truth in pairs]))
        return "mean error", f"{error:,.4g} {target.unit}".rstrip()
    return "accuracy", f"{np.mean([answer == truth for answer, truth in pairs]):.4f}"


def _answers(sent: Sent) -> Iterator[tuple[int, Answer]]:
    """The positions of the rows that were answered, each with its answer."""
    for exchange in sent.exchanges:
        yield from zip(exchange.rows, exchange.answered.answers, strict=True)


def _truth(target: Target, code: float) -> Value:
    return target.classes[int(code)] if target.classes else float(code)
