"""What is read elsewhere holds nobody up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from app.lookup import Lookup, Seen
from core.errors import LedgerError

LONG_S = 60.0


class Source:
    """Counts how often it is read, and can be slow or away."""

    def __init__(self) -> None:
        self.times = 0
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def read(self) -> int:
        self.gate.wait(LONG_S)
        self.times += 1
        if self.error:
            raise self.error
        return self.times


def waited_for(look: Callable[[], Seen[int]], wanted: Seen[int]) -> bool:
    """Whether a lookup shows something in the end."""
    deadline = time.monotonic() + LONG_S
    while look() != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return True


def test_what_was_read_is_shown_for_a_while() -> None:
    source = Source()
    lookup = Lookup(source.read, fresh_s=lambda: LONG_S, patience_s=LONG_S)
    assert [lookup.look() for _ in range(3)] == [Seen(value=1)] * 3
    assert Lookup(source.read, fresh_s=lambda: 0, patience_s=LONG_S).look() == Seen(value=2)


def test_one_that_is_slow_is_waited_for_once_and_shown_when_it_is_there() -> None:
    source = Source()
    source.gate.clear()
    lookup = Lookup(source.read, fresh_s=lambda: LONG_S, patience_s=0.01)
    late: Seen[int] = Seen(value=None, problem="it has not answered within 0.01 s; look again in a moment")
    assert [lookup.look() for _ in range(2)] == [late] * 2
    source.gate.set()
    assert waited_for(lookup.look, Seen(value=1))
    assert source.times == 1


def test_one_that_is_away_shows_what_it_said_last_and_why_there_is_no_more() -> None:
    source = Source()
    lookup = Lookup(source.read, fresh_s=lambda: 0, patience_s=LONG_S)
    lookup.look()
    source.error = LedgerError("it is away")
    assert lookup.look() == Seen(value=1, problem="it is away")
    source.error = None
    assert lookup.look() == Seen(value=3)


def test_a_failure_that_nobody_thought_of_is_logged_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    source = Source()
    source.error = ZeroDivisionError("a secret")
    seen = Lookup(source.read, fresh_s=lambda: LONG_S, patience_s=LONG_S).look()
    assert seen == Seen(value=None, problem="it cannot be read; the service's log says why")
    assert "something cannot be looked up" in capsys.readouterr().out


def test_one_for_which_no_thread_can_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    lookup = Lookup(Source().read, fresh_s=lambda: LONG_S, patience_s=LONG_S)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        assert lookup.look().problem == "this process can start no thread for it; look again in a moment"
    assert lookup.look() == Seen(value=1)
