"""Load by `wrk`: a fixed number of connections, each of which asks again as soon as it is answered."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.bodies import ROUTES
from bench.server import SECRET

_REQUESTS, _REFUSED = re.compile(r"(\d+) requests in "), re.compile(r"Non-2xx or 3xx responses: (\d+)")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_HEAD = """\
local function content(path)
  local file = io.open(path, "rb")
  local text = file:read("*a")
  file:close()
  return text
end
local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer SECRET"}
local made, sent = {}, 0
"""
_KINDS = """\
function init()
  made = {MADE}
end
function request()
  sent = sent + 1
  return made[sent % EVERY == 0 and #made or 1]
end
"""
_SUBJECTS = """\
function init()
  for number = 1, COUNT do
    headers["X-Subject"] = "customer-" .. number
    made[number] = wrk.format("POST", "ROUTE", headers, content("FILE"))
  end
end
function request()
  sent = sent + 1
  return made[sent % #made + 1]
end
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What wrk measured: answers, how many of them were refusals, answers a second, and the 99th percentile."""

    answered: int
    refused: int
    rate: float
    p99_ms: float


def require_wrk() -> None:
    """End here if it is not installed."""
    if shutil.which("wrk") is None:
        sys.exit("error: wrk is not installed; on Debian: apt-get install wrk")


def write_script(path: Path, bodies: Mapping[str, bytes], *, every: int = 1) -> Path:
    """
    Write the script that makes wrk send bodies by their kinds.

    Args:
        path: Of the script; the bodies are written beside it.
        bodies: One, or two.
        every: So many requests hold the second body once.
    """
    made = []
    for kind, body in bodies.items():
        file = path.with_name(f"{path.stem}-{kind}.json")
        file.write_bytes(body)
        made.append(f'wrk.format("POST", "{ROUTES[kind]}", headers, content("{file}"))')
    return _write(path, _KINDS.replace("MADE", ", ".join(made)).replace("EVERY", str(every)))


def write_script_of_subjects(path: Path, body: bytes, *, count: int) -> Path:
    """
    Write the script that makes wrk ask for one row about so many subjects in turn.

    Args:
        path: Of the script; the body is written beside it.
        body: Of every request.
        count: How many subjects there are.
    """
    file = path.with_suffix(".json")
    file.write_bytes(body)
    script = _SUBJECTS.replace("COUNT", str(count)).replace("ROUTE", ROUTES["single"]).replace("FILE", str(file))
    return _write(path, script)


def _write(path: Path, script: str) -> Path:
    path.write_text(_HEAD.replace("SECRET", SECRET) + script)
    return path


def load(port: int, script: Path, *, seconds: int, connections: int, may_refuse: bool = False) -> Figures:
    """Load a server from core 1; nothing but 200 is accepted, unless it may refuse."""
    done = subprocess.run(
        [
            *("taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"),
            *("-s", str(script), f"http://127.0.0.1:{port}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    answered, refused, rate, p99 = (found.search(done.stdout) for found in (_REQUESTS, _REFUSED, _RATE, _P99))
    if (refused and not may_refuse) or "Socket errors" in done.stdout:
        sys.exit(f"errors under load:\n{done.stdout}")
    if answered is None or rate is None or p99 is None:
        sys.exit(f"wrk printed no figures:\n{done.stdout}")
    return Figures(
        answered=int(answered[1]),
        refused=int(refused[1]) if refused else 0,
        rate=float(rate[1]),
        p99_ms=float(p99[1]) * _MS[p99[2]],
    )
