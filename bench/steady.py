"""A steady load by `wrk` that knows of every answer which model gave it, and under which id it is in the journal."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

CONNECTIONS = 16
# Each connection waits so long before it asks again: a load that leaves room for a second service to start.
_PAUSE_MS = 10
_SCRIPT = """\
local threads = {}
function setup(thread)
  table.insert(threads, thread)
end
function init()
  wrk.method, wrk.body = "POST", [==[BODY]==]
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer SECRET"
  statuses, tags = {}, {}
  ids = io.open("IDS", "w")
end
function delay()
  return PAUSE
end
function response(status, _, body)
  local key = tostring(status)
  statuses[key] = (statuses[key] or 0) + 1
  local tag = body:match('"model_tag":%s*"([^"]*)"') or "none"
  tags[tag] = (tags[tag] or 0) + 1
  ids:write(body:match('"id":%s*"([^"]*)"') or "", "\\n")
end
local function object(counts)
  local parts = {}
  for name, count in pairs(counts) do
    table.insert(parts, string.format('"%s": %d', name, count))
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end
function done(summary, latency)
  local errors = summary.errors
  local file = io.open("RESULT", "w")
  file:write(string.format(
    '{"seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "most_ms": %.3f, "errors": %s, "statuses": %s, "tags": %s}',
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    object({connect = errors.connect, read = errors.read, write = errors.write, timeout = errors.timeout}),
    object(threads[1]:get("statuses")), object(threads[1]:get("tags"))
  ))
  file:close()
end
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """
    What came of a load.

    Attributes:
        seconds: How long it lasted.
        p50_ms: Half of the answers came within.
        p99_ms: Of a hundred answers, ninety-nine came within.
        most_ms: The slowest came after.
        errors: Requests by what went wrong with their connection: connect, read, write, timeout.
        statuses: Answers by their status.
        tags: Answers by the tag of the model, `none` where an answer names none.
        ids: Of the predictions, in the order of the answers.
    """

    seconds: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    errors: Mapping[str, int]
    statuses: Mapping[str, int]
    tags: Mapping[str, int]
    ids: tuple[str, ...]

    @property
    def failed(self) -> int:
        """Requests that were not answered 200."""
        return sum(self.errors.values()) + sum(self.statuses.values()) - self.statuses.get("200", 0)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds


class Steady:
    """A load that lasts as long as the `with` block, and no longer than it may."""

    def __init__(self, url: str, folder: Path, body: bytes, *, secret: str = "", most_s: int = 300) -> None:
        """
        Args:
            url: What is asked.
            folder: Is made; takes the script and what it finds.
            body: Of each request, as JSON.
            secret: A key of the service.
            most_s: It ends by itself after so long, in seconds.
        """
        folder.mkdir()
        self._folder = folder
        values = {"BODY": body.decode(), "SECRET": secret, "PAUSE": str(_PAUSE_MS)}
        script = _SCRIPT
        for name, value in (values | {"IDS": str(folder / "ids"), "RESULT": str(folder / "result.json")}).items():
            script = script.replace(name, value)
        (folder / "load.lua").write_text(script)
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{most_s}s", "--latency", "-s", str(folder / "load.lua")]
        self._command = ["wrk", *options, url]

    def __enter__(self) -> Self:
        with (self._folder / "log").open("wb") as log:
            self._wrk = subprocess.Popen(self._command, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self._wrk.send_signal(signal.SIGINT)
        self._wrk.wait(30)

    @property
    def answered(self) -> Answered:
        """What came of it; once it has ended."""
        found: dict[str, Any] = json.loads((self._folder / "result.json").read_text())
        return Answered(ids=tuple((self._folder / "ids").read_text().split()), **found)
