"""Callers of the service, who ask all the while and count what they get."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import requests

from core.contract import Row

_BATCH = 10
_CALLERS = 4
_PAUSE_S = 0.5
_TIMEOUT_S, _PATIENCE_S = 30.0, 30.0


class Callers:
    """
    What several callers ask for, a few flights a request or, one of them, flight by flight, and who answered.

    Unlike `python -m ml traffic` they take no for an answer: nothing is sent again, and everything is counted.
    """

    def __init__(self, url: str, rows: Sequence[Row]) -> None:
        """
        Args:
            url: What the public asks.
            rows: To ask for, again and again.
        """
        self._url = f"{url}/v1/predict"
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._answers: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        sizes = [1, *[_BATCH] * (_CALLERS - 1)]
        self._threads = [threading.Thread(target=self._ask, args=[size], daemon=True) for size in sizes]
        self.ask_for(rows)

    def ask_for(self, rows: Sequence[Row]) -> None:
        """From now on for other rows."""
        batches = cycle([list(rows[first : first + _BATCH]) for first in range(0, len(rows), _BATCH)])
        with self._lock:
            self._batches = batches

    def begin(self) -> None:
        """They ask until `end`."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Returns once the last of them has an answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, rows: int) -> None:
        """Wait until so many rows were answered, or failed, but not for ever."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._count() < rows and time.monotonic() < deadline:
            time.sleep(0.1)

    def _count(self) -> int:
        with self._lock:
            return self._answers.total() + self._failures.total()

    def _ask(self, size: int) -> None:
        with requests.Session() as session:
            # Without one of ours, requests would look for a password in ~/.netrc.
            session.trust_env = False
            while not self._stop.wait(_PAUSE_S):
                with self._lock:
                    batch = next(self._batches)
                for first in range(0, len(batch), size):
                    self._count_answer(session, batch[first : first + size])

    def _count_answer(self, session: requests.Session, rows: Sequence[Row]) -> None:
        tag, problem = self._send(session, rows)
        with self._lock:
            (self._failures if problem else self._answers)[problem or tag] += len(rows)

    def _send(self, session: requests.Session, rows: Sequence[Row]) -> tuple[str, str]:
        """The tag that answered; how it failed, empty if it did not."""
        path, body = ("", rows[0]) if len(rows) == 1 else ("/batch", {"rows": rows})
        try:
            answer = session.post(f"{self._url}{path}", json=body, timeout=_TIMEOUT_S)
            if answer.status_code != requests.codes.ok:
                return "", str(answer.status_code)
            said: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            return "", type(error).__name__
        return str(said["model_tag"]), ""

    def told(self) -> str:
        """How many flights who answered, and how many failed."""
        with self._lock:
            answers, failures = self._answers.copy(), self._failures.copy()
        parts = [f"{count:,} by {tag}" for tag, count in answers.items()]
        how = f" ({', '.join(failures)})" if failures else ""
        return f"{answers.total() + failures.total():,} flights: {', '.join(parts)}, {failures.total():,} failed{how}"


@contextmanager
def asking(url: str, rows: Sequence[Row]) -> Iterator[Callers]:
    """Callers who ask until the end of this."""
    callers = Callers(url, rows)
    callers.begin()
    try:
        yield callers
    finally:
        callers.end()
