"""A helper is waited for, but not for ever."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from app.helper import Helper, HelperBusy


def _fail() -> None:
    raise ValueError("no")


def test_what_is_asked_for_is_done_on_another_thread() -> None:
    helper = Helper("test")
    assert helper.ask(threading.get_ident, within_s=5) != threading.get_ident()
    assert helper.ask(lambda: 7, within_s=5) == 7


def test_what_goes_wrong_is_raised_and_the_next_is_done() -> None:
    helper = Helper("test")
    with pytest.raises(ValueError, match="no"):
        helper.ask(_fail, within_s=5)
    assert helper.ask(lambda: 7, within_s=5) == 7


def test_who_is_late_is_not_waited_for_a_second_time() -> None:
    helper, go_on = Helper("test"), threading.Event()
    with pytest.raises(TimeoutError):
        helper.ask(partial(go_on.wait, 30), within_s=0.01)
    began = time.monotonic()
    with pytest.raises(HelperBusy):
        helper.ask(lambda: 7, within_s=20)
    assert time.monotonic() - began < 10
    go_on.set()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            assert helper.ask(lambda: 7, within_s=5) == 7
        except HelperBusy:
            time.sleep(0.01)
        else:
            return
    pytest.fail("it never came back")


def _be_late(helper: Helper) -> None:
    """Take 100 ms as soon as it is free, when there are 10."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            helper.ask(partial(time.sleep, 0.1), within_s=0.01)
        except HelperBusy:
            time.sleep(0.005)
        except TimeoutError:
            return
    pytest.fail("it was never late")


def _busy_s(helper: Helper) -> float:
    """How long it is busy from now on, in seconds."""
    began = time.monotonic()
    while time.monotonic() < began + 60:
        try:
            helper.ask(int, within_s=5)
        except HelperBusy:
            time.sleep(0.005)
        else:
            return time.monotonic() - began
    pytest.fail("it never came back")


def test_who_is_late_twice_in_a_row_rests_nine_times_as_long() -> None:
    helper = Helper("test")
    _be_late(helper)
    _be_late(helper)
    assert _busy_s(helper) >= 0.9


@contextmanager
def _without_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_an_error_leaves_nothing_for_the_collector() -> None:
    class Problem(Exception):
        pass

    def fail() -> None:
        raise Problem

    helper = Helper("test")
    with _without_collector():
        try:
            helper.ask(fail, within_s=5)
        except Problem as error:
            left = weakref.ref(error)
        # The helper lets go of it once it has something else to do.
        helper.ask(int, within_s=5)
        assert left() is None


def test_those_who_ask_at_once_are_served_in_turn() -> None:
    helper, found = Helper("test"), []

    def act(number: int) -> int:
        time.sleep(0.01)
        return number

    def ask(number: int) -> None:
        found.append(helper.ask(partial(act, number), within_s=30))

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(8))


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_who_is_asked_no_more_leaves_nothing_behind() -> None:
    before = _open_files()
    helpers = [Helper("left") for _ in range(20)]
    assert [helper.ask(lambda: 7, within_s=30) for helper in helpers] == [7] * 20
    del helpers
    deadline = time.monotonic() + 20
    while any(thread.name == "left" for thread in threading.enumerate()) or _open_files() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
