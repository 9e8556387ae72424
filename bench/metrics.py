"""
What counting costs those who ask, as ratios in one run: the service, and the same without any of its counters.

One worker on one core, wrk on the other; rounds are interleaved, medians are shown. Every second the metrics are read
on their own port, as a Prometheus would every fifteen.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import urllib.request
from dataclasses import replace
from pathlib import Path

from bench.bodies import bodies
from bench.server import SLIPWAY, Server, free_port, running, set_up, verdict
from bench.wrk import Figures, load, require_wrk, write_script

_CONNECTIONS = {"single": 8, "batch": 2}
_WANTED = 0.9
UNMETERED = replace(
    SLIPWAY, name="without", command=[*SLIPWAY.command[:-1], "bench.unmetered:application"], variables=SLIPWAY.variables
)


def main() -> None:
    """Run, and print a table and what is wanted of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds (default: 9)")
    parser.add_argument("--seconds", type=int, default=3, help="of load in each (default: 3)")
    arguments = parser.parse_args()
    require_wrk()
    tag = set_up()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sent = {kind: body for kind, body in bodies(tag).items() if kind in _CONNECTIONS}
        scripts = {kind: write_script(folder / f"{kind}.lua", {kind: body}) for kind, body in sent.items()}
        for kind, script in scripts.items():
            show(kind, compare(kind, script, tag, arguments.rounds, arguments.seconds))


def compare(kind: str, script: Path, tag: str, rounds: int, seconds: int) -> dict[str, list[Figures]]:
    """The same load on both, round by round."""
    found: dict[str, list[Figures]] = {"with": [], "without": []}
    for number in range(rounds):
        port = free_port()
        metered = replace(SLIPWAY, name="with", variables={**SLIPWAY.variables, "METRICS_PORT": str(port)})
        for server, scraped in ((metered, port), (UNMETERED, None)):
            folder = script.with_name(f"{kind}-{number}-{server.name}")
            found[server.name].append(measure(server, folder, tag, script, seconds, _CONNECTIONS[kind], scraped))
        print(f"{kind}: round {number + 1} of {rounds}", file=sys.stderr)
    return found


def measure(
    server: Server, folder: Path, tag: str, script: Path, seconds: int, connections: int, scraped: int | None
) -> Figures:
    """One of the two, from its start to its end."""
    over = threading.Event()

    def scrape() -> None:
        while not over.wait(1):
            urllib.request.urlopen(f"http://127.0.0.1:{scraped}/metrics", timeout=10).read()

    with running(server, folder, tag) as service:
        reader = threading.Thread(target=scrape)
        if scraped is not None:
            reader.start()
        load(service.port, script, seconds=1, connections=connections)
        figures = load(service.port, script, seconds=seconds, connections=connections)
        over.set()
        if scraped is not None:
            reader.join()
    return figures


def show(kind: str, found: dict[str, list[Figures]]) -> None:
    """A kind of request as a table."""
    print(f"\n{kind}\n\n| metrics | requests/s | p99 ms |\n|---|---|---|")
    rates = {name: [each.rate for each in figures] for name, figures in found.items()}
    for name, figures in found.items():
        p99 = statistics.median(each.p99_ms for each in figures)
        print(f"| {name} | {statistics.median(rates[name]):,.0f} | {p99:.1f} |")
    ratio = statistics.median(rates["with"]) / statistics.median(rates["without"])
    verdict(f"{kind}: throughput with metrics over that without", ratio, at_least=_WANTED)


if __name__ == "__main__":
    main()
