"""Waits are cut, what came at once can be read, and the whole takes as long as it should."""

from __future__ import annotations

from itertools import pairwise

import pytest

from demo.recording.cast import Cast, Output
from demo.recording.pacing import IDLE_S, News, moments, news_of, paced


def cast(*outputs: tuple[float, str]) -> Cast:
    return Cast(columns=40, rows=5, outputs=tuple(Output(at=at, text=text) for at, text in outputs))


def news(*lasted_and_words: tuple[float, int]) -> list[News]:
    at, found = 0.0, []
    for lasted, words in lasted_and_words:
        found.append(News(at=at, lasted=lasted, words=words))
        at += lasted
    return found


def test_what_turns_while_one_waits_is_no_news() -> None:
    found = news_of(
        cast((1, "one two\r\n"), (2, "⠋ working"), (2.1, "\r⠙ working"), (30, "\r⠹ working"), (31, "\r\x1b[2Kdone"))
    )
    assert [(each.at, each.words) for each in found] == [(1, 2), (2, 1), (31, 1)]
    assert [each.lasted for each in found] == [1, 29, IDLE_S]


def test_lines_that_only_moved_up_are_read_once() -> None:
    lines = "".join(f"line {number}\r\n" for number in range(4))
    first, second = news_of(cast((1, lines), (2, "and a last one\r\n")))
    assert (first.words, second.words) == (8, 4)


def test_strokes_and_bars_are_no_words() -> None:
    (only,) = news_of(cast((1, "── title ──────│ 3 ✓")))
    assert only.words == 2


def test_a_wait_is_cut_but_not_what_needs_reading() -> None:
    shots = paced(news((60, 0), (60, 100), (0.5, 0), (0.0, 100)), length_s=32.5)
    assert [shot.shown for shot in shots] == pytest.approx([IDLE_S, 15, 0.5, 15], abs=0.01)


def test_the_length_is_met_whatever_the_machine_took() -> None:
    for slowness in (0.1, 1, 10):
        shots = paced(news(*[(slowness * n % 7, 10 + n) for n in range(40)]), length_s=120)
        assert sum(shot.shown for shot in shots) == pytest.approx(120, abs=0.1)


def test_little_is_not_drawn_out() -> None:
    (shot,) = paced(news((1, 10)), length_s=300)
    assert shot.shown == pytest.approx(3)


def test_moments_go_forward_and_last_as_long_as_their_shots() -> None:
    shots = paced(news((5, 0), (0.01, 30), (1, 2), (0, 20)), length_s=15)
    found = list(moments(shots, step_s=0.2))
    assert sum(seconds for _, seconds in found) == pytest.approx(sum(shot.shown for shot in shots))
    assert all(one <= other for (one, _), (other, _) in pairwise(found))
    # Of a wait of five seconds two are seen, and then what came next.
    assert max(at for at, _ in found if at < 5) < IDLE_S


def test_a_moment_that_is_read_shows_nothing_that_came_later() -> None:
    shots = paced(news((0.1, 50), (0, 10)), length_s=30)
    before = [at for at, _ in moments(shots, step_s=0.2)][:-1]
    assert max(before) < 0.1
