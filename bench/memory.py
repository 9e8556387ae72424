"""Memory of the service with everything on: after a warm-up, at most, and whether it grows with what was answered."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.bodies import bodies
from bench.processes import LIMITS_MB, pss_mb, sampled
from bench.server import SLIPWAY, Running, running, set_up, verdict
from bench.wrk import load, require_wrk, write_script

_MOST_GROWTH_PERCENT = 5
_WARM_UP = 10_000
# A median of so many samples, one a second, is a figure.
_SAMPLES = 5


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
                found[workers] = (pss_mb(service.pid), *measure(service, script, arguments.requests))
    show(found, arguments.batch_every)


def measure(service: Running, script: Path, requests: int) -> tuple[int, list[float]]:
    """Warm up, then load the service; how much it answered altogether, and its memory once a second."""
    answered = 0
    while answered < _WARM_UP:
        answered += load(service.port, script, seconds=2, connections=8).answered
    with sampled(service.pid) as samples:
        while answered < requests or len(samples) < 2 * _SAMPLES:
            answered += load(service.port, script, seconds=5, connections=8).answered
    return answered, samples


def show(found: dict[int, tuple[float, int, list[float]]], every: int) -> None:
    """Print the table and what is wanted of it."""
    print(f"\nPSS in MB, 8 connections, one request of {every:,} with 1,000 rows, the others with one\n")
    print("| workers | requests | at the start | warmed up | at most | at the end | growth |")
    print("|---|---|---|---|---|---|---|")
    growths = {}
    for workers, (start, answered, samples) in found.items():
        warm, end = statistics.median(samples[:_SAMPLES]), statistics.median(samples[-_SAMPLES:])
        growths[workers] = (end / warm - 1) * 100
        row = f"{start:.1f} | {warm:.1f} | {max(samples):.1f} | {end:.1f} | {growths[workers]:+.1f} %"
        print(f"| {workers} | {answered:,} | {row} |")
    print()
    for workers, (_, _, samples) in found.items():
        verdict(f"PSS with workers={workers}, MB", max(samples), at_most=LIMITS_MB[workers])
        verdict(f"growth with workers={workers}, percent", growths[workers], at_most=_MOST_GROWTH_PERCENT)


if __name__ == "__main__":
    main()
