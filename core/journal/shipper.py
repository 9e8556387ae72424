"""Moves what waits in the spool to the store, in a thread of its own."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import structlog

from core.errors import JournalUnavailable
from core.journal.records import Record, decode
from core.journal.spool import Spool
from core.journal.store import JournalStore

_INTERVAL_S = 0.5
# One part of a file takes about a millisecond, which a caller may have to wait for.
_PART_LINES, _PART_BYTES, _PAUSE_S = 50, 200_000, 0.01
# The fuller the spool, the shorter the pause; from here on there is none.
_NO_PAUSE_FROM = 0.05
# Low enough to wait for those who ask, high enough to keep up with them on one core.
_NICE = 5
_PRUNE_EVERY_S = 3600.0
_DAY_S = 86_400
# So long a request that was sent again is known by its Idempotency-Key.
CLAIM_DAYS = 1
_LONGEST_WAIT_S = 30.0
# Where it ships seldom, it looks so often whether much waits already, and does not wait for more than this.
_GLANCE_S, _MUCH = 5.0, 0.5
_LOG = structlog.get_logger()


class Shipper:
    """
    Ships a spool.

    A file is removed from the spool only once the store has all of it; what is shipped twice changes nothing.
    """

    def __init__(
        self, spool: Spool, store: JournalStore, *, retention_days: int | None = None, every_s: float = 0
    ) -> None:
        """
        Args:
            spool: Where records wait.
            store: Where they are kept.
            retention_days: So long; None for ever.
            every_s: So seldom, unless much waits, so that a database may sleep in between; 0 for as soon as can be.
        """
        self._interval_s = max(every_s, _INTERVAL_S)
        self._spool, self._store, self._retention_days = spool, store, retention_days
        self._prune_at, self._is_late = -math.inf, False
        self._stop = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None

    def ship(self, *, pause_s: float = 0.0) -> int:
        """
        Move everything that waits.

        Args:
            pause_s: So long, or shorter where much waits, nothing is done between one part and the next, for the sake
                of those who ask meanwhile.

        Returns:
            How many records the store was given.

        Raises:
            JournalUnavailable: if the store did not take them; they stay in the spool.
        """
        with self._one_at_a_time:
            return sum(self._ship(path, pause_s) for path in self._spool.ready())

    def _ship(self, path: Path, pause_s: float) -> int:
        count = 0
        try:
            with path.open("rb") as file:
                for lines in _parts(file):
                    records = list(_read(lines, path))
                    self._store.add(records)
                    count += len(records)
                    self._stop.wait(pause_s * max(0.0, 1 - self._spool.fullness / _NO_PAUSE_FROM))
        except FileNotFoundError:
            # Another process adopted it first.
            return 0
        except OSError as error:
            raise JournalUnavailable(path, error.strerror or str(error)) from error
        self._spool.remove(path)
        return count

    def start(self) -> None:
        """Begin to ship in the background."""
        self._thread = threading.Thread(target=self._run, name="journal-shipper", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # Those who ask come first.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        wait_s = self._interval_s
        while not self._rest(wait_s):
            wait_s = self._try(wait_s)

    def _rest(self, seconds: float) -> bool:
        """Wait so long, or until much waits to be shipped; whether it is over for good."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and (seconds <= _LONGEST_WAIT_S or self._spool.fullness < _MUCH):
            if self._stop.wait(min(left, _GLANCE_S)):
                return True
        return self._stop.is_set()

    def _try(self, wait_s: float) -> float:
        """Ship once, and say how long to wait before the next time."""
        try:
            self.ship(pause_s=_PAUSE_S)
        except JournalUnavailable as error:
            longer_s = min(2 * min(wait_s, _LONGEST_WAIT_S), _LONGEST_WAIT_S)
            _LOG.warning("the journal waits in the spool", problem=str(error), next_try_s=longer_s)
            self._is_late = True
            return longer_s
        if self._is_late:
            _LOG.info("the journal is shipped again")
        self._is_late = False
        self._prune()
        return self._interval_s

    def _prune(self) -> None:
        """Forget, once an hour, what is too old; what cannot be forgotten now is soon, and nothing waits for that."""
        if time.monotonic() < self._prune_at:
            return
        self._prune_at = time.monotonic() + _PRUNE_EVERY_S
        try:
            self._forget()
        except JournalUnavailable as error:
            self._prune_at = time.monotonic() + _LONGEST_WAIT_S
            _LOG.warning("the journal keeps what is too old", problem=str(error), next_try_s=_LONGEST_WAIT_S)

    def _forget(self) -> None:
        self._store.prune_claims(before=_days_ago(CLAIM_DAYS))
        if self._retention_days is None:
            return
        count = self._store.prune(before=_days_ago(self._retention_days))
        if count:
            _LOG.info("the journal forgot what was too old", records=count, retention_days=self._retention_days)

    def close(self) -> None:
        """Stop, after one last try to ship; what cannot be shipped stays in the spool."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        try:
            self.ship()
        except JournalUnavailable as error:
            _LOG.warning("the journal stays in the spool", problem=str(error))
        self._spool.close()
        self._store.close()


def _days_ago(days: int) -> int:
    return int((time.time() - days * _DAY_S) * 1e6)


def _parts(file: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines of a file, part by part; a last line without an end belongs to a request that was never answered."""
    part: list[bytes] = []
    size = 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        part.append(line)
        size += len(line)
        if len(part) == _PART_LINES or size > _PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _read(lines: Sequence[bytes], path: Path) -> Iterator[Record]:
    for line in lines:
        if line.isspace():
            continue
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _LOG.error("a line of the journal cannot be read", path=str(path), size_bytes=len(line), problem=str(error))
