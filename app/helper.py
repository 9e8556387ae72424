"""
A thread that does one thing at a time, for somebody who does not wait for ever.

One that is late time and again costs all who wait for it in vain, and takes the processor from the rest: it is asked
no more than a tenth of the time.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar, cast

T = TypeVar("T")

# After it was late twice in a row, so many times as long as the second took.
_REST = 9


class HelperBusy(Exception):
    """The helper is still at something for which nobody waits any more, or rests as that happens too often."""


class Helper:
    """Does what it is asked to on a thread of its own, which ends with the process."""

    def __init__(self, name: str) -> None:
        """The thread begins at once, so that whoever may be forked makes none."""
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._free = threading.Lock()
        self._is_late = self._was_late = False
        self._rests_until = -math.inf
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def ask(self, act: Callable[[], T], *, within_s: float) -> T:
        """
        Let something be done, and wait for it.

        Args:
            act: What is to be done; what it raises is raised here.
            within_s: For so many seconds it is waited for.

        Raises:
            TimeoutError: if that was too short; it goes on, and the helper is busy until it is over, and for nine times
                as long again if the one before was late as well.
            HelperBusy: if it is.
        """
        began = time.monotonic()
        end = began + within_s
        if self._is_late or began < self._rests_until or not self._free.acquire(timeout=within_s):
            raise HelperBusy
        task = _Task(act)
        self._tasks.put(task)
        if not task.is_done.acquire(timeout=max(end - time.monotonic(), 0.0)):
            self._is_late = True
            # It may have ended just now, and then nobody else says so.
            if task.is_done.acquire(blocking=False):
                self._is_late = False
            else:
                raise TimeoutError
        return cast("T", task.outcome())

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            began = time.monotonic()
            try:
                task.result = task.act()
            except BaseException as error:  # noqa: BLE001  # it is raised where it was asked for
                task.error = error
            task.is_done.release()
            if self._is_late and self._was_late:
                now = time.monotonic()
                self._rests_until = now + _REST * (now - began)
            self._was_late, self._is_late = self._is_late, False
            self._free.release()


class _Task:
    """What is to be done, and what came of it."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_done = threading.Lock()
        self.is_done.acquire()

    def outcome(self) -> Any:
        """
        What came of it.

        An error knows the frames it came through, and they know this: it is let go of, or only the collector would
        free both.
        """
        if self.error is None:
            return self.result
        error, self.error = self.error, None
        try:
            raise error
        finally:
            del error
