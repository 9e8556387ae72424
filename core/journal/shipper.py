"""Moves what waits in the spool to the store, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from core.errors import JournalUnavailable
from core.journal.records import Record, decode
from core.journal.spool import Spool
from core.journal.store import JournalStore

_INTERVAL_S = 0.5
_LONGEST_WAIT_S = 30.0
_LOG = structlog.get_logger()


class Shipper:
    """
    Ships a spool.

    A file is removed from the spool only once the store has all of it; what is shipped twice changes nothing.
    """

    def __init__(self, spool: Spool, store: JournalStore) -> None:
        self._spool, self._store = spool, store
        self._stop = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None

    def ship(self) -> int:
        """
        Move everything that waits.

        Returns:
            How many records the store was given.

        Raises:
            JournalUnavailable: if the store did not take them; they stay in the spool.
        """
        with self._one_at_a_time:
            return sum(self._ship(path) for path in self._spool.ready())

    def _ship(self, path: Path) -> int:
        try:
            records = list(_read(path))
        except FileNotFoundError:
            # Another process adopted it first.
            return 0
        except OSError as error:
            raise JournalUnavailable(path, error.strerror or str(error)) from error
        if records:
            self._store.add(records)
        self._spool.remove(path)
        return len(records)

    def start(self) -> None:
        """Begin to ship in the background."""
        self._thread = threading.Thread(target=self._run, name="journal-shipper", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        wait_s = _INTERVAL_S
        while not self._stop.wait(wait_s):
            wait_s = self._try(wait_s)

    def _try(self, wait_s: float) -> float:
        """Ship once, and say how long to wait before the next time."""
        try:
            self.ship()
        except JournalUnavailable as error:
            longer_s = min(2 * wait_s, _LONGEST_WAIT_S)
            _LOG.warning("the journal waits in the spool", problem=str(error), next_try_s=longer_s)
            return longer_s
        if wait_s > _INTERVAL_S:
            _LOG.info("the journal is shipped again")
        return _INTERVAL_S

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


def _read(path: Path) -> Iterator[Record]:
    """The records of a file; a last line without an end belongs to a request that was never answered."""
    *lines, _ = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if line:
            try:
                yield decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                _LOG.error("a line of the journal cannot be read", path=str(path), line=number, problem=str(error))
