"""How far counters have grown since the last look, whatever became of the server meanwhile."""

from __future__ import annotations

from watch.figures import Counters, Figures
from watch.memory import Growth, Memory, growth, remembered

HOUR, DAY = 3600.0, 86_400.0
STARTED = 1000.0


def figures(started: float | None = STARTED, *, requests: float = 0.0, sent: float = 0.0) -> Figures:
    return Figures(started=started, counters=Counters(requests=requests, sent_bytes=sent))


def after(*looks: tuple[float, Figures]) -> Memory:
    """What is remembered after looks at these times."""
    memory = Memory()
    for at, seen in looks:
        memory = remembered(memory, seen, at)
    return memory


def requests(grown: Growth | None) -> float | None:
    return None if grown is None else grown.counters.requests


def test_at_the_first_look_nobody_knows() -> None:
    assert growth(Memory(), figures(requests=5), HOUR) is None


def test_a_server_that_goes_on_has_grown_by_the_difference() -> None:
    memory = after((HOUR, figures(requests=5)))
    assert requests(growth(memory, figures(requests=12), 2 * HOUR)) == 7


def test_a_server_that_was_started_anew_has_grown_from_nothing() -> None:
    memory = after((HOUR, figures(requests=100)))
    assert requests(growth(memory, figures(HOUR + 60, requests=12), 2 * HOUR)) == 12


def test_a_server_that_was_started_anew_and_has_counted_more_by_now_has_grown_by_all_of_it() -> None:
    memory = after((HOUR, figures(requests=100)))
    assert requests(growth(memory, figures(HOUR + 60, requests=112), 2 * HOUR)) == 112


def test_of_another_machine_that_was_there_before_nobody_knows_until_it_is_seen_again() -> None:
    memory = after((2 * HOUR, figures(requests=100)))
    other = figures(HOUR, requests=900)
    assert growth(memory, other, 3 * HOUR) is None
    memory = remembered(memory, other, 3 * HOUR)
    assert requests(growth(memory, figures(requests=103), 4 * HOUR)) == 3
    assert requests(growth(memory, figures(HOUR, requests=904), 4 * HOUR)) == 4


def test_a_look_by_a_clock_that_is_ahead_blinds_nobody() -> None:
    memory = after((HOUR, figures(requests=5)), (DAY * 365, figures(DAY * 365 - 60, requests=900)))
    assert requests(growth(memory, figures(requests=12), 2 * HOUR)) == 7
    assert list(remembered(memory, figures(requests=12), 2 * HOUR).servers) == ["1000.000"]


def test_of_many_machines_those_seen_last_are_remembered() -> None:
    looks = [(100 * HOUR + number, figures(float(number), requests=1)) for number in range(1, 10)]
    assert sorted(after(*looks).servers) == ["6.000", "7.000", "8.000", "9.000"]


def test_a_service_that_does_not_say_when_it_began_is_not_counted() -> None:
    memory = after((HOUR, figures(None, requests=5)))
    assert memory == Memory()
    assert growth(memory, figures(None, requests=9), 2 * HOUR) is None


def test_what_is_sent_a_day_is_known_once_a_day_is_over_and_counted_anew_then() -> None:
    memory = after((0.0, figures(sent=0.0)), (DAY / 2, figures(sent=600.0)))
    early, late = (growth(memory, figures(sent=sent), at) for sent, at in ((900.0, DAY - 1), (2400.0, 2 * DAY)))
    assert early is not None
    assert early.day_bytes is None
    assert late is not None
    assert late.day_bytes == 1200.0
    memory = remembered(memory, figures(sent=2400.0), 2 * DAY)
    assert [(base.day_at, base.day_bytes) for base in memory.servers.values()] == [(2 * DAY, 2400.0)]


def test_the_day_goes_on_where_a_server_is_started_anew() -> None:
    memory = after((0.0, figures(sent=100.0)), (DAY / 2, figures(sent=600.0)))
    restarted = figures(DAY / 2 + 60, sent=300.0)
    memory = remembered(memory, restarted, DAY / 2 + 120)
    grown = growth(memory, figures(DAY / 2 + 60, sent=1500.0), 2 * DAY)
    assert grown is not None
    assert grown.day_bytes == (500.0 + 1500.0) / 2
