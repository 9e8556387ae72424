"""
Load as callers make it who know nothing of each other: at a rate that does not depend on the answers.

wrk cannot do that: it asks again when it was answered, so a slow service is asked less.
"""

from __future__ import annotations

import contextlib
import gc
import heapq
import random
import re
import select
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

FAILED = 0
# gunicorn's workers take a thousand connections each.
MOST_CONNECTIONS = 900
# So long an answer may take after the last request.
_PATIENCE_S = 10.0
# So many answers are taken before it is looked whether a request is due.
_AT_ONCE = 32
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: close", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """
    Requests of one kind.

    Attributes:
        name: What its answers are told by.
        request: As it goes over the wire.
        rate: So many a second fall due, at random; inf means another as soon as a connection is free, as wrk does.
    """

    name: str
    request: bytes
    rate: float


class Answer(NamedTuple):
    """What became of a request; the times are in seconds since the load began."""

    stream: str
    status: int
    due: float
    sent: float
    done: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What became of the requests that were sent in so many seconds."""

    seconds: float
    answers: Sequence[Answer]

    def latencies_ms(self, status: int, stream: str | None = None) -> list[float]:
        """How long they waited who got this, for a free connection too."""
        return [
            (answer.done - answer.due) * 1000
            for answer in self.answers
            if answer.status == status and stream in {None, answer.stream}
        ]

    def windows(self, width_s: float) -> list[Load]:
        """The answers of each part of the time."""
        parts: list[list[Answer]] = [[] for _ in range(int(self.seconds / width_s))]
        for answer in self.answers:
            if answer.done < len(parts) * width_s:
                parts[int(answer.done / width_s)].append(answer)
        return [Load(seconds=width_s, answers=part) for part in parts]


@dataclass(slots=True, eq=False)
class _Caller:
    """A connection, with one request under way at most."""

    sock: socket.socket
    stream: Stream | None = None
    due: float = 0.0
    sent: float = 0.0
    received: bytes = b""


def offer(port: int, streams: Sequence[Stream], *, seconds: float, connections: int = MOST_CONNECTIONS) -> Load:
    """
    Send requests as they fall due, each on a connection that is free, or else on a new one.

    Args:
        port: Of a server on this machine.
        streams: Whose requests are mixed.
        seconds: So long requests are sent; those that could not be by then never are.
        connections: At most so many; a request that is due while none is free waits, and the answer tells how long.
    """
    gc.disable()
    try:
        with contextlib.closing(_Callers(port, connections)) as callers:
            callers.run(streams, seconds)
    finally:
        gc.enable()
    return Load(seconds=seconds, answers=callers.answers)


def arrivals(stream: Stream, seed: int) -> Iterator[tuple[float, int, Stream]]:
    """When the requests of a stream fall due: independent of each other, so at exponential distances; 0 is at once."""
    chance = random.Random(seed)  # noqa: S311  # nothing secret hangs on it
    due = 0.0
    while True:
        due += chance.expovariate(stream.rate)
        yield due, seed, stream


class _Callers:
    def __init__(self, port: int, most: int) -> None:
        self._port, self._most = port, most
        self._poller = select.epoll()
        self._callers: dict[int, _Caller] = {}
        self._idle: list[_Caller] = []
        self.answers: list[Answer] = []
        self._began = time.perf_counter()

    def run(self, streams: Sequence[Stream], seconds: float) -> None:
        """See `offer`."""
        coming = heapq.merge(*(arrivals(stream, seed) for seed, stream in enumerate(streams)))
        due, _, stream = next(coming)
        while (now := self._now()) < seconds:
            if now >= due and (caller := self._free()):
                self._send(caller, stream, due)
                due, _, stream = next(coming)
                # Answers are taken in between, or they would seem to have come later than they did.
                self._receive(0)
            else:
                self._receive((due if now < due < seconds else seconds) - now)
        while any(caller.stream for caller in self._callers.values()) and self._now() < seconds + _PATIENCE_S:
            self._receive(_PATIENCE_S)

    def _now(self) -> float:
        return time.perf_counter() - self._began

    def _free(self) -> _Caller | None:
        if self._idle:
            return self._idle.pop()
        if len(self._callers) == self._most:
            return None
        caller = _Caller(socket.create_connection(("127.0.0.1", self._port)))
        caller.sock.settimeout(0)
        caller.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._callers[caller.sock.fileno()] = caller
        self._poller.register(caller.sock, select.EPOLLIN)
        return caller

    def _send(self, caller: _Caller, stream: Stream, due: float) -> None:
        now = self._now()
        caller.stream, caller.due, caller.sent, caller.received = stream, due or now, now, b""
        try:
            caller.sock.sendall(stream.request)
        except OSError:
            self._lose(caller)

    def _receive(self, wait_s: float) -> None:
        # epoll itself sleeps for whole milliseconds.
        if wait_s:
            select.select([self._poller], [], [], wait_s)
        for file, _ in self._poller.poll(0, _AT_ONCE):
            caller = self._callers[file]
            try:
                data = caller.sock.recv(65_536)
            except OSError:
                data = b""
            if data:
                caller.received += data
                self._read(caller)
            else:
                self._lose(caller)

    def _read(self, caller: _Caller) -> None:
        """Take an answer, once it is whole."""
        head, end, body = caller.received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        self._note(caller, int(head[9:12]))
        if _CLOSE.search(head):
            self._lose(caller)
        else:
            self._idle.append(caller)

    def _note(self, caller: _Caller, status: int) -> None:
        if caller.stream is not None:
            self.answers.append(Answer(caller.stream.name, status, caller.due, caller.sent, self._now()))
            caller.stream = None

    def _lose(self, caller: _Caller) -> None:
        """Give up a connection; a request that was under way has failed."""
        self._note(caller, FAILED)
        del self._callers[caller.sock.fileno()]
        if caller in self._idle:
            self._idle.remove(caller)
        caller.sock.close()

    def close(self) -> None:
        """Give up all connections, and with them what was not answered."""
        for caller in list(self._callers.values()):
            self._lose(caller)
        self._poller.close()


def percentile(values: Sequence[float], percent: int) -> float:
    """A percentile of values of which there may be few; NaN if there are none."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
