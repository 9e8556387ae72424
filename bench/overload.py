"""Several times more requests than a worker can answer: what it answers, what becomes of the rest, and after that."""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.bodies import bodies, request
from bench.open_loop import MOST_CONNECTIONS, Load, Stream, offer, percentile
from bench.processes import LIMITS_MB, cpu_s, sampled
from bench.server import SECRET, SLIPWAY, Running, running, set_up, verdict

_OK, _BUSY = 200, 503
_CONNECTIONS = 8
_WINDOW_S = 0.5
# Longer than it may take.
_AFTER_S = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Peak:
    """What is answered at most: the median half second."""

    rate: float
    p99_ms: float

    @classmethod
    def of(cls, load: Load) -> Peak:
        """That of a load which is no overload."""
        good = [window.latencies_ms(_OK) for window in load.windows(_WINDOW_S)]
        return cls(
            rate=statistics.median(len(each) for each in good) / _WINDOW_S,
            p99_ms=statistics.median(percentile(each, 99) for each in good),
        )

    def recovered_after_s(self, load: Load) -> float:
        """The end of the first half second that is as good again, give or take a tenth and twice the latency."""
        for number, window in enumerate(load.windows(_WINDOW_S), 1):
            good = window.latencies_ms(_OK)
            if len(good) / _WINDOW_S >= 0.9 * self.rate and percentile(good, 99) <= 2 * self.p99_ms:
                return number * _WINDOW_S
        return math.inf


def main() -> None:
    """Measure the peak, overload the service, and watch it recover."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=float, default=4.0, help="of the peak are offered (default: 4)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load (default: 10)")
    arguments = parser.parse_args()
    tag = set_up()
    content = request("single", bodies(tag)["single"], SECRET)
    with tempfile.TemporaryDirectory() as name, running(SLIPWAY, Path(name, "service"), tag) as service:
        measure(service, content, arguments.times, arguments.seconds)


def measure(service: Running, content: bytes, times: float, seconds: float) -> None:
    """Load the service three times: as much as it can take, more, and again as much as it can take."""
    usual = Stream(name="usual", request=content, rate=math.inf)
    offer(service.port, [usual], seconds=1, connections=_CONNECTIONS)
    before, share_before = offered(service, usual, seconds, _CONNECTIONS)
    peak = Peak.of(before)
    much = Stream(name="much", request=content, rate=times * peak.rate)
    with sampled(service.pid) as memory_mb:
        ends_at = time.perf_counter() + seconds
        during, share_during = offered(service, much, seconds, MOST_CONNECTIONS)
    begins_at = time.perf_counter()
    after, share_after = offered(service, usual, _AFTER_S, _CONNECTIONS)
    print("\none worker on one core; requests a second; milliseconds from when they were due\n")
    print("| load | of the core | sent | 200 | 503 | 200: median | 99 % | 503: median | 99 % | sent late, 99 % |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    print(row(f"{_CONNECTIONS} connections", before, share_before))
    print(row(f"{times:g} times that", during, share_during))
    print(row("afterwards", after, share_after) + "\n")
    good, busy = during.latencies_ms(_OK), during.latencies_ms(_BUSY)
    verdict("sent / peak", len(during.answers) / seconds / peak.rate, at_least=round(0.98 * times, 2))
    verdict("answered / peak", len(good) / seconds / peak.rate, at_least=0.8)
    verdict("neither answered nor 503", len(during.answers) - len(good) - len(busy), at_most=0)
    verdict("99 % of the 503 / 99 % of the answers", percentile(busy, 99) / percentile(good, 99), at_most=1)
    verdict("PSS, MB", max(memory_mb), at_most=LIMITS_MB[1])
    verdict("recovered after, seconds", begins_at - ends_at + peak.recovered_after_s(after), at_most=5)


def offered(service: Running, stream: Stream, seconds: float, connections: int) -> tuple[Load, float]:
    """A load, and the share of its core that the service had: less than all of it is the doing of others."""
    began, used_s = time.perf_counter(), cpu_s(service.pid)
    load = offer(service.port, [stream], seconds=seconds, connections=connections)
    return load, (cpu_s(service.pid) - used_s) / (time.perf_counter() - began)


def row(name: str, load: Load, share: float) -> str:
    """A row of the table."""
    good, busy = load.latencies_ms(_OK), load.latencies_ms(_BUSY)
    rates = [len(each) / load.seconds for each in (load.answers, good, busy)]
    times = [percentile(each, percent) for each in (good, busy) for percent in (50, 99)]
    late = percentile([(answer.sent - answer.due) * 1000 for answer in load.answers], 99)
    cells = [*(f"{rate:,.0f}" for rate in rates), *(f"{each:.1f}" for each in (*times, late))]
    return f"| {name} | {share:.2f} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
