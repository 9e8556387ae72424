"""
Throughput and latency of the service beside a floor and its peers, in one run.

Every server gets one worker on one core, wrk another; rounds are interleaved and medians are shown, because machines
are noisy and only the ratios of one run can be compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from bench.bodies import BATCH_ROWS, bodies
from bench.server import KEY, SLIPWAY, Server, running, set_up
from bench.wrk import Figures, load, require_wrk, write_script

KINDS = ("single", "batch", "columns")
SINGLE, ROWS, ALL = frozenset({"single"}), frozenset({"single", "batch"}), frozenset(KINDS)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """
    One of those compared.

    Attributes:
        server: What serves.
        kinds: Of request that it takes; in place of columns it may get a batch.
        body: What it takes as a single row.
    """

    server: Server
    kinds: frozenset[str] = ROWS
    body: str = "single"

    def sent(self, kind: str) -> str:
        """The body that it gets where others get one of this kind."""
        return self.body if kind == "single" else kind if kind in self.kinds else "batch"


def gunicorn(name: str, module: str) -> Server:
    """A gunicorn with the threads that the service itself uses."""
    options = ["--bind", "127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "2"]
    return Server(name=name, command=["-m", "gunicorn", *options, module])


def uvicorn(name: str, module: str, **variables: str) -> Server:
    """A uvicorn with its fast parts."""
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    command = ["-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", *options, module]
    return Server(name=name, command=command, variables=variables)


STOCK = replace(
    SLIPWAY,
    name="the same with gunicorn's own worker",
    variables={**SLIPWAY.variables, "GUNICORN_CMD_ARGS": "--worker-class gthread"},
)
FAST = "bench.peers.fast:application"
PEERS = (
    Peer(server=gunicorn("hello (floor)", "bench.peers.hello:application"), kinds=SINGLE),
    Peer(server=SLIPWAY, kinds=ALL),
    Peer(server=STOCK, kinds=ALL),
    Peer(server=gunicorn("json + ONNX Runtime, no checks", "bench.peers.unchecked:application")),
    Peer(server=gunicorn("flask-smorest + exporter", "bench.peers.smorest:application")),
    Peer(server=uvicorn("FastAPI + pydantic", FAST)),
    Peer(server=uvicorn("FastAPI + pydantic, same duties", FAST, DUTIES="yes", KEY_DIGEST=KEY.digest.hex())),
)
# An environment with mlflow and requirements.txt: it is too large to be installed by the way.
MLFLOW_PYTHON = os.environ.get("MLFLOW_PYTHON")
if MLFLOW_PYTHON:
    PEERS += tuple(
        Peer(
            server=Server(
                name=name,
                python=MLFLOW_PYTHON,
                command=["-m", "bench.peers.mlflow_model", "model", "{port}", *options],
                health="/ping",
            ),
            kinds=SINGLE,
            body="record",
        )
        for name, options in (("MLflow", []), ("MLflow with a schema", ["--schema"]))
    )


def main() -> None:
    """Run, and print a table for each kind of request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    parser.add_argument("--seconds", type=int, default=4, help="of load in each (default: 4)")
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: all")
    arguments = parser.parse_args()
    require_wrk()
    tag = set_up()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scripts = {kind: write_script(folder / f"{kind}.lua", {kind: body}) for kind, body in bodies(tag).items()}
        for kind in arguments.kind or KINDS:
            compare(kind, scripts, tag, arguments.rounds, arguments.seconds)


def compare(kind: str, scripts: dict[str, Path], tag: str, rounds: int, seconds: int) -> None:
    """One kind of request over every server that takes it, round by round."""
    connections = 8 if kind == "single" else 2
    taking = [peer for peer in PEERS if kind in peer.kinds or (kind == "columns" and "batch" in peer.kinds)]
    found: dict[str, list[Figures]] = {peer.server.name: [] for peer in taking}
    for number in range(rounds):
        for index, peer in enumerate(taking):
            script = scripts[peer.sent(kind)]
            with running(peer.server, script.with_name(f"{kind}-{number}-{index}"), tag) as server:
                load(server.port, script, seconds=1, connections=connections)
                found[peer.server.name].append(load(server.port, script, seconds=seconds, connections=connections))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    rows = 1 if kind == "single" else BATCH_ROWS
    ours = statistics.median(figures.rate for figures in found[SLIPWAY.name])
    print(f"\n{kind}: {connections} connections, one worker on one core, medians of {rounds} rounds\n")
    print("| server | requests/s | rows/s | p99 ms | slipway is |\n|---|---|---|---|---|")
    for name, figures in found.items():
        rates, p99s = [each.rate for each in figures], [each.p99_ms for each in figures]
        rate = statistics.median(rates)
        span = f"{rate:,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
        print(f"| {name} | {span} | {rate * rows:,.0f} | {statistics.median(p99s):.1f} | {ours / rate:.2f} x |")


if __name__ == "__main__":
    main()
