"""What is read from elsewhere: not more often than it must, and never so long that whoever asks waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

from core.errors import SlipwayError

T = TypeVar("T")

_UNSAID: Final = "it cannot be read; the service's log says why"
_NO_THREAD: Final = "this process can start no thread for it; look again in a moment"
_LOG = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen(Generic[T]):
    """
    What was read.

    Attributes:
        value: The last that could be read; None before.
        problem: Why there is no newer one, as a clause; empty if there is no need for one.
    """

    value: T | None = None
    problem: str = ""


class Lookup(Generic[T]):
    """Reads something on a thread that ends, keeps it for a while, and shows what it read last where that is late."""

    def __init__(self, read: Callable[[], T], *, fresh_s: Callable[[], float], patience_s: float) -> None:
        """
        Args:
            read: May take as long as it does, and fail.
            fresh_s: Says how long what was read is shown, a failure too.
            patience_s: So long somebody who looks waits.
        """
        self._read, self._fresh_s, self._patience_s = read, fresh_s, patience_s
        self._lock = threading.Lock()
        self._seen: Seen[T] = Seen()
        self._read_at = float("-inf")
        self._running: threading.Event | None = None

    def begin(self) -> None:
        """Have it read, unless that is not needed or being done."""
        with self._lock:
            if self._running is None and time.monotonic() >= self._read_at + self._fresh_s():
                running = threading.Event()
                try:
                    threading.Thread(target=self._work, args=[running], name="lookup", daemon=True).start()
                except RuntimeError:
                    # The process may have no more threads just now; whoever looks next tries again.
                    self._seen = Seen(value=self._seen.value, problem=_NO_THREAD)
                else:
                    self._running = running

    def look(self) -> Seen[T]:
        """What is known by now, or soon."""
        self.begin()
        running = self._running
        if running is None or running.wait(self._patience_s):
            return self._seen
        late = f"it has not answered within {self._patience_s:g} s; look again in a moment"
        return Seen(value=self._seen.value, problem=late)

    def _work(self, done: threading.Event) -> None:
        try:
            seen = Seen(value=self._read())
        except SlipwayError as error:
            seen = Seen(value=self._seen.value, problem=str(error))
        except Exception:  # noqa: BLE001  # whatever it is, the rest is worth showing
            _LOG.exception("something cannot be looked up")
            seen = Seen(value=self._seen.value, problem=_UNSAID)
        with self._lock:
            self._seen, self._read_at, self._running = seen, time.monotonic(), None
        done.set()
