"""Starts and stops what is measured: on core 0, while core 1 makes the load and measures."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.keys import Scope, new_key
from core.places import open_registry

ROOT = Path(__file__).resolve().parent.parent
REGISTRY = os.environ.get("MODEL_REGISTRY", f"directory:{ROOT}/.slipway/registry")
SECRET, KEY = new_key("bench", [Scope.PREDICT])
_READY_S, _STOP_S = 30.0, 40.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """
    Something that serves.

    Attributes:
        name: As the tables have it.
        command: Python's arguments; {port} stands for the port.
        variables: Of its environment, beside those that all have.
        health: Answers once the server can work.
        python: Runs the command.
    """

    name: str
    command: Sequence[str]
    variables: dict[str, str] = field(default_factory=dict)
    health: str = "/"
    python: str = sys.executable


SLIPWAY = Server(
    name="slipway, everything on",
    command=["-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "app.wsgi:application"],
    variables={"API_KEYS": str(KEY)},
    health="/readyz",
)


def set_up() -> str:
    """Leave core 0 to the servers, and say which tag they serve: the newest."""
    os.sched_setaffinity(0, {1})
    tags = open_registry(REGISTRY, {}).tags()
    if not tags:
        sys.exit("error: no model is published; run scripts/train first")
    return str(tags[-1])


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that is ready to answer."""

    pid: int
    port: int


@contextlib.contextmanager
def running(server: Server, folder: Path, tag: str) -> Iterator[Running]:
    """
    A server, from its start until it is ready, and stopped at the end.

    Args:
        server: What to start.
        folder: For its journal and its log; made if need be.
        tag: Of the model it serves.
    """
    folder.mkdir(exist_ok=True)
    port = free_port()
    variables = {
        "MODEL_REGISTRY": REGISTRY,
        "PYTHONPATH": str(ROOT),
        "MODEL_TAG": tag,
        "PORT": str(port),
        "JOURNAL_DIR": str(folder / "journal"),
        "DEPLOYMENT_LEDGER": f"file:{folder / 'ledger.jsonl'}",
        "PATH": os.environ["PATH"],
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", "0", server.python, *(part.format(port=port) for part in server.command)],
            # gunicorn takes a gunicorn.conf.py of its folder for its own.
            cwd=folder,
            env=variables | server.variables,
            stdout=log,
            stderr=log,
        )
        try:
            if not _is_ready(process, port, server.health):
                sys.exit(f"{server.name} did not start:\n{(folder / 'log').read_text()}")
            yield Running(pid=process.pid, port=port)
        finally:
            process.terminate()
            process.wait(_STOP_S)


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _is_ready(process: subprocess.Popen[bytes], port: int, path: str) -> bool:
    """Ask every 10 ms, until the answer is no failure of the server's."""
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return True
        except OSError:
            pass
        else:
            return True
        time.sleep(0.01)
    return False


def verdict(what: str, measured: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    """Print a figure beside the one bound that is wanted of it."""
    wanted = f"at most {at_most:g}" if at_least is None else f"at least {at_least:g}"
    is_met = (at_least is None or measured >= at_least) and (at_most is None or measured <= at_most)
    print(f"{what}: {measured:.2f}, wanted {wanted}: {'reached' if is_met else 'NOT REACHED'}")
