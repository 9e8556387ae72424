"""The double as a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.commands import ROOT

TIMEOUT_S = 20


@contextmanager
def running(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    """The addresses of a double that runs until the end, when a SIGTERM must stop it."""
    command = [sys.executable, "-m", "doubles.github", "--state", str(folder), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0


def free_ports() -> int:
    """A port that is free, and with it the three above it."""
    return next(first for first in range(20000, 30000, 4) if all(is_free(first + more) for more in range(4)))


def is_free(port: int) -> bool:
    with socket.socket() as candidate:
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_it_is_stopped_and_started_again_with_everything_still_there(tmp_path: Path) -> None:
    with running(tmp_path, "--repository", "acme/forecast") as urls:
        token = requests.post(
            f"{urls['api']}/_double/tokens", json={"permissions": {"issues": "write"}}, timeout=TIMEOUT_S
        ).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        issues = f"{urls['api']}/repos/acme/forecast/issues"
        assert requests.post(issues, json={"title": "Drift"}, headers=headers, timeout=TIMEOUT_S).status_code == 201
    with running(tmp_path, "--repository", "acme/forecast") as urls:
        issues = f"{urls['api']}/repos/acme/forecast/issues"
        [issue] = requests.get(issues, headers=headers, timeout=TIMEOUT_S).json()
        assert issue["title"] == "Drift"


def test_its_ports_can_be_known_beforehand(tmp_path: Path) -> None:
    port = free_ports()
    with running(tmp_path, "--port", str(port)) as urls:
        assert urls == {
            "api": f"http://127.0.0.1:{port}",
            "web": f"http://127.0.0.1:{port + 1}",
            "uploads": f"http://127.0.0.1:{port + 2}",
            "assets": f"http://localhost:{port + 3}",
        }
