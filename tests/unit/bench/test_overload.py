from __future__ import annotations

import math

from bench.open_loop import Answer, Load
from bench.overload import Peak

PEAK = Peak(rate=100, p99_ms=10)


def answered(*windows: tuple[int, float]) -> Load:
    """So many answers of such a latency in each half second."""
    answers = [
        Answer("a", 200, due=(number + 0.5) / 2 - seconds, sent=0, done=(number + 0.5) / 2)
        for number, (count, seconds) in enumerate(windows)
        for _ in range(count)
    ]
    return Load(seconds=len(windows) / 2, answers=answers)


def test_the_peak_is_the_median_half_second() -> None:
    peak = Peak.of(answered((10, 0.01), (50, 0.02), (60, 0.04)))

    assert (peak.rate, round(peak.p99_ms)) == (100, 20)


def test_recovered_means_as_many_answers_as_quickly() -> None:
    too_few, too_slow, good = (44, 0.01), (50, 0.021), (45, 0.019)

    assert PEAK.recovered_after_s(answered(too_few, too_slow, good)) == 1.5
    assert PEAK.recovered_after_s(answered(too_few, too_slow)) == math.inf
