"""
Throughput and latency of the service beside a floor and its peers, in one run.

Every server gets one worker on one core, wrk another; rounds are interleaved and medians are shown, because machines
are noisy and only the ratios of one run can be compared.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.keys import Scope, new_key
from core.registry import open_registry

ROOT = Path(__file__).resolve().parent.parent
REGISTRY = os.environ.get("MODEL_REGISTRY", f"directory:{ROOT}/.slipway/registry")
SECRET, KEY = new_key("bench", [Scope.PREDICT])
ROUTES = {"single": "/v1/predict", "batch": "/v1/predict/batch", "columns": "/v1/predict/batch"}
_RATE, _P99 = re.compile(r"Requests/sec:\s+([\d.]+)"), re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, kw_only=True)
class Server:
    """One of those compared, and which kinds of request it takes."""

    name: str
    command: Sequence[str]
    kinds: frozenset[str]
    variables: dict[str, str] = field(default_factory=dict)


def gunicorn(module: str, *options: str) -> list[str]:
    """A gunicorn with the worker class and threads that the service itself uses."""
    return [
        "-m",
        "gunicorn",
        "--bind",
        "127.0.0.1:{port}",
        "--worker-class",
        "gthread",
        "--threads",
        "2",
        *options,
        module,
    ]


def uvicorn(module: str) -> list[str]:
    """A uvicorn with its fast parts."""
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return ["-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", *options, module]


SINGLE, ROWS, ALL = frozenset({"single"}), frozenset({"single", "batch"}), frozenset(ROUTES)
SERVERS = (
    Server(name="hello (floor)", command=gunicorn("bench.peers.hello:application"), kinds=SINGLE),
    Server(
        name="slipway, everything on",
        command=["-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "app.wsgi:application"],
        kinds=ALL,
        variables={"API_KEYS": str(KEY)},
    ),
    Server(name="json + ONNX Runtime, no checks", command=gunicorn("bench.peers.unchecked:application"), kinds=ROWS),
    Server(name="flask-smorest + exporter", command=gunicorn("bench.peers.smorest:application"), kinds=ROWS),
    Server(name="FastAPI + pydantic", command=uvicorn("bench.peers.fast:application"), kinds=ROWS),
    Server(
        name="FastAPI + pydantic, same duties",
        command=uvicorn("bench.peers.fast:application"),
        kinds=ROWS,
        variables={"DUTIES": "yes", "KEY_DIGEST": KEY.digest.hex()},
    ),
)


@contextlib.contextmanager
def running(server: Server, port: int, folder: Path, tag: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server on core 0, ready to answer."""
    command = [part.format(port=port) for part in server.command]
    variables = {
        "MODEL_REGISTRY": REGISTRY,
        "PYTHONPATH": str(ROOT),
        "MODEL_TAG": tag,
        "PORT": str(port),
        "JOURNAL_DIR": str(folder / "journal"),
        "PATH": os.environ["PATH"],
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", "0", sys.executable, *command],
            # gunicorn takes a gunicorn.conf.py of its folder for its own.
            cwd=folder,
            env=variables | server.variables,
            stdout=log,
            stderr=log,
        )
        try:
            if not is_ready(port, process):
                sys.exit(f"{server.name} did not start:\n{(folder / 'log').read_text()}")
            yield process
        finally:
            process.terminate()
            process.wait(20)


def is_ready(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the port answers anything at all."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def load(port: int, kind: str, body: Path, seconds: int, connections: int) -> tuple[float, float]:
    """Requests a second and the 99th percentile in milliseconds; nothing but 200 is accepted."""
    script = body.with_suffix(".lua")
    done = subprocess.run(
        [
            *("taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"),
            *("-s", str(script), f"http://127.0.0.1:{port}{ROUTES[kind]}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"errors under load:\n{done.stdout}")
    rate, p99 = _RATE.search(done.stdout), _P99.search(done.stdout)
    if rate is None or p99 is None:
        sys.exit(f"wrk printed no figures:\n{done.stdout}")
    return float(rate[1]), float(p99[1]) * _MS[p99[2]]


def bodies(folder: Path, tag: str) -> dict[str, Path]:
    """The golden rows as request bodies, and the scripts that make wrk send them."""
    registry = open_registry(REGISTRY)
    bundle = next(registry.fetch(known) for known in registry.tags() if str(known) == tag)
    rows = [dict(entry.row) for entry in bundle.golden().rows]
    many = (rows * (1000 // len(rows) + 1))[:1000]
    contents: dict[str, Any] = {
        "single": rows[0],
        "batch": {"rows": many},
        "columns": {"columns": {name: [row.get(name) for row in many] for name in bundle.contract.names}},
    }
    found = {}
    for kind, content in contents.items():
        path = found[kind] = folder / f"{kind}.json"
        path.write_text(json.dumps(content))
        path.with_suffix(".lua").write_text(
            f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
            f'wrk.headers["Authorization"] = "Bearer {SECRET}"\n'
            f'local file = io.open("{path}", "rb")\nwrk.body = file:read("*a")\nfile:close()\n'
        )
    return found


def main() -> None:
    """Run, and print a table for each kind of request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    parser.add_argument("--seconds", type=int, default=4, help="of load in each (default: 4)")
    parser.add_argument("--kind", choices=list(ROUTES), action="append", help="default: all")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("error: wrk is not installed; on Debian: apt-get install wrk")
    registry = open_registry(REGISTRY)
    if not registry.tags():
        sys.exit("error: no model is published; run scripts/train first")
    tag = str(registry.tags()[-1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        body = bodies(folder, tag)
        for kind in arguments.kind or list(ROUTES):
            compare(kind, body[kind], folder, tag, arguments.rounds, arguments.seconds)


def compare(kind: str, body: Path, folder: Path, tag: str, rounds: int, seconds: int) -> None:
    """One kind of request over every server that takes it, round by round."""
    connections = 8 if kind == "single" else 2
    taking = [server for server in SERVERS if kind in server.kinds or (kind == "columns" and "batch" in server.kinds)]
    found: dict[str, list[tuple[float, float]]] = {server.name: [] for server in taking}
    for number in range(rounds):
        for index, server in enumerate(taking):
            sent = kind if kind in server.kinds else "batch"
            content = body if sent == kind else body.with_name("batch.json")
            place = folder / f"{kind}-{number}-{index}"
            place.mkdir()
            with running(server, 8600 + index, place, tag):
                load(8600 + index, sent, content, 1, connections)
                found[server.name].append(load(8600 + index, sent, content, seconds, connections))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    rows = 1 if kind == "single" else 1000
    ours = statistics.median(rate for rate, _ in found["slipway, everything on"])
    print(f"\n{kind}: {connections} connections, one worker on one core, medians of {rounds} rounds\n")
    print("| server | requests/s | rows/s | p99 ms | slipway is |\n|---|---|---|---|---|")
    for name, figures in found.items():
        rate, p99 = (statistics.median(column) for column in zip(*figures, strict=True))
        low, high = min(r for r, _ in figures), max(r for r, _ in figures)
        span = f"{rate:,.0f} ({low:,.0f} to {high:,.0f})"
        print(f"| {name} | {span} | {rate * rows:,.0f} | {p99:.1f} | {ours / rate:.2f} x |")


if __name__ == "__main__":
    main()
