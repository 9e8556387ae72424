"""A thread that does one thing at a time, for somebody who does not wait for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class HelperBusy(Exception):
    """The helper is still at something for which nobody waits any more."""


class Helper:
    """Does what it is asked to on a thread of its own, which ends with the process."""

    def __init__(self, name: str) -> None:
        """The thread begins at once, so that whoever may be forked makes none."""
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._free = threading.Lock()
        self._is_late = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def ask(self, act: Callable[[], T], *, within_s: float) -> T:
        """
        Let something be done, and wait for it.

        Args:
            act: What is to be done; what it raises is raised here.
            within_s: For so many seconds it is waited for.

        Raises:
            TimeoutError: if that was too short; it goes on, and the helper is busy until it is over.
            HelperBusy: if it is.
        """
        end = time.monotonic() + within_s
        if self._is_late or not self._free.acquire(timeout=within_s):
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
        if task.error is not None:
            raise task.error
        done: T = task.result
        return done

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                task.result = task.act()
            except BaseException as error:  # noqa: BLE001  # it is raised where it was asked for
                task.error = error
            task.is_done.release()
            self._is_late = False
            self._free.release()


class _Task:
    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_done = threading.Lock()
        self.is_done.acquire()
