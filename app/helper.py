"""
A thread that does one thing at a time, for somebody who does not wait for ever.

One that is late time and again costs all who wait for it in vain, and takes the processor from the rest: it is asked
no more than a tenth of the time.
"""

from __future__ import annotations

import math
import os
import select
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")

# After it was late twice in a row, so many times as long as the second took.
_REST = 9


class HelperBusy(Exception):
    """The helper is still at something for which nobody waits any more, or rests as that happens too often."""


class Helper:
    """Does what it is asked to on a thread of its own, which ends when nobody has this any more."""

    def __init__(self, name: str) -> None:
        """The thread begins at once, so that whoever may be forked makes none."""
        self._worker = _Worker()
        threading.Thread(target=self._worker.work, name=name, daemon=True).start()
        weakref.finalize(self, self._worker.dismiss)

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
        return self._worker.ask(act, within_s=within_s)


class _Worker:
    """
    What both threads know.

    They wake each other by pipes: who writes to one lets go of the interpreter first, which the other then finds free.
    """

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._task = _NOTHING
        self._asked, self._done = _Signal(), _Signal()
        self._is_late = self._was_late = False
        self._rests_until = -math.inf

    def dismiss(self) -> None:
        """Let the thread end, once it is done with what it is at."""
        self._asked.close()

    def ask(self, act: Callable[[], T], *, within_s: float) -> T:
        """See `Helper.ask`."""
        began = time.monotonic()
        if self._is_late or began < self._rests_until or not self._free.acquire(timeout=within_s):
            raise HelperBusy
        self._task = task = _Task(act)
        self._asked.send()
        if not self._done.comes(began + within_s - time.monotonic()):
            self._is_late = True
            if task.end():
                raise TimeoutError
            # It has ended just now, and says so.
            self._is_late = False
        self._done.take()
        # What was asked for may hold on to a model that nobody needs any more.
        self._task, self._was_late = _NOTHING, False
        self._free.release()
        return cast("T", task.outcome())

    def work(self) -> None:
        """Do one thing after the other, until dismissed."""
        while self._asked.take():
            self._do(self._task)
        self._asked.forget()
        self._done.close()
        self._done.forget()

    def _do(self, task: _Task) -> None:
        began = time.monotonic()
        task.do()
        if task.end():
            self._done.send()
        else:
            self._rest(time.monotonic() - began)

    def _rest(self, seconds: float) -> None:
        """Be free again after something for which nobody waited, which took so long."""
        if self._was_late:
            self._rests_until = time.monotonic() + _REST * seconds
        self._task, self._was_late, self._is_late = _NOTHING, True, False
        self._free.release()


class _Signal:
    """What one thread sends and another takes."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._reader, select.POLLIN)

    def send(self) -> None:
        """Wake whoever waits."""
        os.write(self._writer, b"!")

    def comes(self, within_s: float) -> bool:
        """Whether it can be taken within so many seconds."""
        return bool(self._poll.poll(max(within_s, 0.0) * 1000))

    def take(self) -> bool:
        """Wait for it as long as need be; False if it will never come again."""
        return bool(os.read(self._reader, 1))

    def close(self) -> None:
        """Send nothing any more."""
        os.close(self._writer)

    def forget(self) -> None:
        """Take nothing any more."""
        os.close(self._reader)


class _Task:
    """What is to be done, and what came of it."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act
        self._result: Any = None
        self._error: BaseException | None = None
        self._is_ended = threading.Lock()

    def do(self) -> None:
        """Do it, whatever comes of it."""
        try:
            self._result = self._act()
        except BaseException as error:  # noqa: BLE001  # it is raised where it was asked for
            self._error = error

    def end(self) -> bool:
        """Whether this thread is the first to say that it is over: it was done, or is not waited for."""
        return self._is_ended.acquire(blocking=False)

    def outcome(self) -> Any:
        """
        What came of it.

        An error knows the frames it came through, and they know this: it is let go of, or only the collector would
        free both.
        """
        if self._error is None:
            return self._result
        error, self._error = self._error, None
        try:
            raise error
        finally:
            del error


_NOTHING = _Task(int)
