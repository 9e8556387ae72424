"""Memory of the service with everything on: after a warm-up, at most, and whether it grows with what was answered."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.bodies import bodies
from bench.processes import LIMITS_MB, pss_mb, sampled
from bench.server import SLIPWAY, Running, running, set_up, verdict
from bench.wrk import load, require_wrk, write_script

_CONNECTIONS = 8
_MOST_GROWTH_PERCENT = 5
_WARM_UP = 10_000
# A median of so many samples, one a second, is a figure.
_SAMPLES = 5
# So long the journal may take to be shipped after the load.
_SHIPPING_S = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Memory at the start and once a second from the warm-up on, until the journal is shipped; and the answers."""

    start_mb: float
    samples_mb: Sequence[float]
    answered: int
    refused: int
    spooled_mb: float

    @property
    def warm_mb(self) -> float:
        """After the warm-up."""
        return statistics.median(self.samples_mb[:_SAMPLES])

    @property
    def end_mb(self) -> float:
        """When all is done."""
        return statistics.median(self.samples_mb[-_SAMPLES:])

    @property
    def growth_percent(self) -> float:
        """From the warm-up to the end."""
        return (self.end_mb / self.warm_mb - 1) * 100


def main() -> None:
    """Run, and print a row for each number of workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000, help="to be answered (default: 200000)")
    parser.add_argument("--batch-every", type=int, default=1000, help="one of so many holds 1,000 rows (default: 1000)")
    arguments = parser.parse_args()
    require_wrk()
    tag = set_up()
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder, body = Path(name), bodies(tag)
        script = write_script(
            folder / "mixed.lua",
            {kind: body[kind] for kind in ("single", "batch")},
            every=arguments.batch_every,
        )
        for workers in LIMITS_MB:
            server = replace(SLIPWAY, variables=SLIPWAY.variables | {"WEB_CONCURRENCY": str(workers)})
            with running(server, folder / str(workers), tag) as service:
                found[workers] = measure(service, script, folder / str(workers), arguments.requests)
    show(found, arguments.batch_every)


def measure(service: Running, script: Path, folder: Path, requests: int) -> Measured:
    """Warm up, load the service until it has answered enough, or refuses, and let it ship its journal."""
    start_mb = pss_mb(service.pid)
    answered = refused = 0
    while answered < _WARM_UP:
        answered += load(service.port, script, seconds=2, connections=_CONNECTIONS).answered
    with sampled(service.pid) as samples_mb:
        while answered < requests and not refused:
            figures = load(service.port, script, seconds=5, connections=_CONNECTIONS, may_refuse=True)
            answered += figures.answered - figures.refused
            refused += figures.refused
        spool = folder / "journal/spool"
        spooled_mb = sum(path.stat().st_size for path in spool.glob("*.ndjson")) / 1e6
        ends_at = time.monotonic() + _SHIPPING_S
        while any(spool.glob("*.ndjson")) and time.monotonic() < ends_at:
            time.sleep(1)
        time.sleep(_SAMPLES + 1)
    return Measured(start_mb=start_mb, samples_mb=samples_mb, answered=answered, refused=refused, spooled_mb=spooled_mb)


def show(found: dict[int, Measured], every: int) -> None:
    """Print the table and what is wanted of it."""
    print(f"\nPSS in MB, {_CONNECTIONS} connections, one request of {every:,} with 1,000 rows, the others with one\n")
    print("| workers | requests | at the start | warmed up | at most | at the end | growth | not yet shipped, MB |")
    print("|---|---|---|---|---|---|---|---|")
    for workers, each in found.items():
        memory = [each.start_mb, each.warm_mb, max(each.samples_mb), each.end_mb]
        cells = " | ".join(f"{value:.1f}" for value in memory)
        print(f"| {workers} | {each.answered:,} | {cells} | {each.growth_percent:+.1f} % | {each.spooled_mb:.1f} |")
    print()
    for workers, each in found.items():
        verdict(f"PSS with workers={workers}, MB", max(each.samples_mb), at_most=LIMITS_MB[workers])
        verdict(f"growth with workers={workers}, percent", each.growth_percent, at_most=_MOST_GROWTH_PERCENT)
        verdict(f"refused with workers={workers}", each.refused, at_most=0)


if __name__ == "__main__":
    main()
