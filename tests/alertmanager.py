"""What Alertmanager sends to a webhook, and a receiver that takes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from doubles.github import GitHub
from tests.commands import ROOT
from tests.compose import free_ports
from tests.github import REPOSITORY

TOKEN = "a-token-of-a-test"  # noqa: S105  # of no account
BEGAN = datetime(2026, 11, 26, 21, tzinfo=UTC)
_NEVER = "0001-01-01T00:00:00Z"


def sent(name: str = "ManyErrors", *, firing: bool = True, **changes: Any) -> dict[str, Any]:
    """An alert of a message; `labels` and `annotations` are added to those that it has."""
    labels = {"alertname": name, "severity": "page", "kind": "availability"} | changes.pop("labels", {})
    annotations = {
        "summary": "2% of requests fail; 0.1% may.",
        "remedy": "Go back.",
        "runbook_url": f"docs/runbook.md#{name.lower()}",
    } | changes.pop("annotations", {})
    return {
        "status": "firing" if firing else "resolved",
        "labels": labels,
        "annotations": annotations,
        "startsAt": BEGAN.isoformat(),
        "endsAt": _NEVER if firing else datetime(2026, 11, 26, 22, tzinfo=UTC).isoformat(),
        "generatorURL": "http://localhost:9090/graph?g0.expr=up%20(1)&g0.tab=1",
        "fingerprint": "f1",
    } | changes


def message(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A message of a group of one alert."""
    name = alerts[0]["labels"]["alertname"]
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
        "receiver": "page",
        "groupLabels": {"alertname": name},
        "commonLabels": alerts[0]["labels"],
        "commonAnnotations": {},
        "externalURL": "http://localhost:9093",
        "alerts": list(alerts),
    } | changes


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """A receiver that runs, and what it logs."""

    url: str
    log: Path
    token: str = field(default=TOKEN, repr=False)

    def post(self, body: object, *, token: str | None = None) -> requests.Response:
        """Send a message, or bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return requests.post(f"{self.url}/alerts", data=data, headers=headers, timeout=60)

    def events(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


def variables(github: GitHub, token: str) -> dict[str, str]:
    """What leads a command to the double."""
    return {
        "PATH": os.environ["PATH"],
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.server_url,
        "GITHUB_TOKEN": token,
        "WATCH_ALERTS": f"github:{REPOSITORY}",
    }


@contextmanager
def receiving(folder: Path, environment: dict[str, str]) -> Iterator[Receiver]:
    """`python -m watch receive`, until the end of the block; it ends with status 0."""
    port, _ = free_ports()
    url, log = f"http://127.0.0.1:{port}", folder / "receiver.log"
    own = {"PATH": os.environ["PATH"], "WATCH_PORT": str(port), "WATCH_TOKEN": TOKEN}
    with log.open("wb") as output:
        command = [sys.executable, "-m", "watch", "receive"]
        process = subprocess.Popen(command, cwd=ROOT, env=own | environment, stdout=output, stderr=output)
        try:
            _wait_until_alive(process, url, log)
            yield Receiver(url=url, log=log)
        finally:
            process.terminate()
            assert process.wait(60) == 0, log.read_text()


def _wait_until_alive(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(f"{url}/livez", timeout=5).ok:
                return
        except requests.ConnectionError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
