"""How long each thing that a terminal showed is shown: what is idle is cut, and what came at once can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from demo.recording.cast import Cast
from demo.recording.terminal import Terminal

IDLE_S = 2.0
# Slower than this nobody reads, however much time there is.
_SLOWEST_S_A_WORD = 0.3
# What turns while one waits; the dots of rich.
_SPINNING = dict.fromkeys(range(0x2800, 0x2900), " ")
_HALVINGS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """
    Something new on the screen.

    Attributes:
        at: When it came, in seconds after the start.
        lasted: How long it was the newest.
        words: In the lines that it brought.
    """

    at: float
    lasted: float
    words: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """What came at a moment, and for how many seconds the film shows it, and what it really lasted."""

    at: float
    lasted: float
    shown: float


def news_of(cast: Cast) -> list[News]:
    """When something new came; what merely turns while one waits is not new."""
    found = list(_changes(cast))
    ends = [at for at, _ in found[1:]] + [cast.length_s + IDLE_S]
    return [News(at=at, lasted=end - at, words=words) for (at, words), end in zip(found, ends, strict=True)]


def _changes(cast: Cast) -> Iterator[tuple[float, int]]:
    terminal, before = Terminal(cast.columns, cast.rows), [""]
    for output in cast.outputs:
        terminal.feed(output.text)
        lines = [line.translate(_SPINNING).rstrip() for line in terminal.text()]
        if lines != before:
            brought = Counter(lines) - Counter(before)
            yield output.at, sum(_words(line) * times for line, times in brought.items())
            before = lines


def _words(line: str) -> int:
    return sum(any(map(str.isalnum, word)) for word in line.split())


def paced(news: Sequence[News], *, length_s: float) -> list[Shot]:
    """
    Spread a length over all that is new, by its words.

    Nothing is shown longer than it lasted but for reading it: a wait is cut to two seconds, or to what its reader
    needs. All readers are given the same time for a word: as much as the length allows.

    Args:
        news: In the order of time.
        length_s: That all of it may take. The waits alone may take longer, or the words less.
    """
    least, most = 0.0, _SLOWEST_S_A_WORD
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        least, most = (middle, most) if _length(news, middle) < length_s else (least, middle)
    return [Shot(at=each.at, lasted=each.lasted, shown=_shown(each, least)) for each in news]


def _length(news: Sequence[News], s_a_word: float) -> float:
    return sum(_shown(each, s_a_word) for each in news)


def _shown(each: News, s_a_word: float) -> float:
    return max(min(each.lasted, IDLE_S), each.words * s_a_word)


def moments(shots: Sequence[Shot], *, step_s: float) -> Iterator[tuple[float, float]]:
    """
    What the film shows one after the other.

    Args:
        shots: All of it.
        step_s: The longest for which a moment may stand still while something moved.

    Yields:
        Moments of the recording, and for how many seconds of the film each is shown.
    """
    for shot in shots:
        moving, moved = min(shot.shown, shot.lasted), 0.0
        while moved + step_s < moving:
            yield shot.at + moved, step_s
            moved += step_s
        # Then it stands still: the next thing came, but this one is still being read.
        yield shot.at + moved, shot.shown - moved
