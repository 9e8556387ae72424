"""From the start of the service, its journal still to be made, to its first 200 from /readyz."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.server import SLIPWAY, Server, running, set_up, verdict

_LIMIT_S = 1.0
_COMMANDS = {"gunicorn": SLIPWAY.command, "python -m app serve": ["-m", "app", "serve"]}


def main() -> None:
    """Start it again and again, and print how long that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=7, help="of each kind (default: 7)")
    arguments = parser.parse_args()
    tag = set_up()
    servers = [replace(SLIPWAY, name=name, command=command) for name, command in _COMMANDS.items()]
    found: dict[str, list[float]] = {server.name: [] for server in servers}
    with tempfile.TemporaryDirectory() as name:
        for number in range(arguments.starts + 1):
            for index, server in enumerate(servers):
                found[server.name].append(seconds_to_ready(server, Path(name, f"{number}-{index}"), tag))
            print(f"round {number} of {arguments.starts}", file=sys.stderr)
    # At the very first, Python compiles what it has not seen before, and the files come from the disk.
    show({name: figures[1:] for name, figures in found.items()})


def seconds_to_ready(server: Server, folder: Path, tag: str) -> float:
    """How long one start takes."""
    started = time.perf_counter()
    with running(server, folder, tag):
        return time.perf_counter() - started


def show(found: dict[str, list[float]]) -> None:
    """Print the table and what is wanted of it."""
    print("\nfrom the start to the first 200 from /readyz, on one core, files in the page cache\n")
    print("| command | starts | median s | from | to |\n|---|---|---|---|---|")
    for command, figures in found.items():
        spread = f"{statistics.median(figures):.2f} | {min(figures):.2f} | {max(figures):.2f}"
        print(f"| {command} | {len(figures)} | {spread} |")
    print()
    for command, figures in found.items():
        verdict(f"{command}, seconds", statistics.median(figures), at_most=_LIMIT_S)


if __name__ == "__main__":
    main()
