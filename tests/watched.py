"""A service that is watched: two workers, Caddy in front of them, and a real Prometheus that looks at both."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from tests.commands import ROOT
from tests.compose import composed, free_ports
from tests.integration.test_gunicorn import free_port, serving, wait_for_workers
from tests.needs import lacking
from tests.rules import MONITORING

REMEDY: Final = "apt-get install prometheus prometheus-alertmanager"
CADDY: Final = Path(sys.executable).with_name("caddy")
_START_S: Final = 60


def program(*names: str) -> str:
    """Where a program is, under the first of its names that this machine knows."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or lacking(f"{names[0]} is not installed", REMEDY)


@contextmanager
def running(url: str, log: Path, command: Sequence[str], **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program, from when it answers until the end of the block."""
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=log.parent, env=os.environ | variables, stdout=output, stderr=output) as process,
    ):
        try:
            deadline = time.monotonic() + _START_S
            while not answers(url):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()


def answers(url: str) -> bool:
    """Whether something answers there, and well."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


class Prometheus:
    """A Prometheus that answers queries."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[Any]:
        """The series that an expression gives now, each with labels and value."""
        answer = requests.get(f"{self.url}/api/v1/query", {"query": expression}, timeout=30).json()
        assert answer["status"] == "success", (expression, answer)
        result: list[Any] = answer["data"]["result"]
        return result


@contextmanager
def caddy(folder: Path, *, blue: str, green: str, site: int, window: int) -> Iterator[None]:
    """
    The proxy that docker compose starts, with one slot or two behind it.

    Args:
        folder: For what it writes down.
        blue, green: host:port of each slot; blue has the callers.
        site: The port to which the public comes.
        window: The port of its metrics.
    """
    admin, _ = free_ports()
    shutil.copytree(ROOT / "proxy", folder / "proxy", dirs_exist_ok=True)
    file = folder / "proxy/compose.Caddyfile"
    file.write_text(file.read_text().replace(":2020", f":{window}").replace(":2019", f":{admin}"))
    (folder / "active").write_text("blue")
    variables = {
        **composed()["services"]["caddy"]["environment"],
        "SITE": f"http://:{site}",
        "BIND": "127.0.0.1",
        "BLUE": blue,
        "GREEN": green,
        "ACTIVE_FILE": str(folder / "active"),
        "CADDY_ADMIN": f"127.0.0.1:{admin}",
        "XDG_CONFIG_HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
    }
    command = [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(file)]
    with running(f"http://127.0.0.1:{window}/metrics", folder / "caddy.log", command, **variables):
        yield


def configure(
    folder: Path, targets: Mapping[str, str], *, every: str = "1s", change: Callable[[str], str] = str
) -> Path:
    """
    The configuration that docker compose gives Prometheus, with other targets, and more often.

    Args:
        folder: Where it is written, with the rules beside it.
        targets: What stands in place of each target.
        every: How often it scrapes and judges.
        change: Is given each file of rules.

    Returns:
        Of the file.
    """
    (folder / "rules").mkdir()
    for path in (MONITORING / "rules").glob("*.yml"):
        rules = re.sub(r"^( +interval:) \w+$", rf"\1 {every}", path.read_text(), flags=re.MULTILINE)
        (folder / "rules" / path.name).write_text(change(rules))
    text = (MONITORING / "prometheus.yml").read_text()
    text = re.sub(r"(scrape|evaluation)_interval: \w+", rf"\1_interval: {every}", text)
    for target, other in targets.items():
        assert f'"{target}"' in text, target
        text = text.replace(f'"{target}"', f'"{other}"')
    (folder / "prometheus.yml").write_text(text)
    return folder / "prometheus.yml"


@contextmanager
def prometheus(folder: Path, file: Path, port: int) -> Iterator[Prometheus]:
    """
    A Prometheus on loopback.

    Args:
        folder: For what it keeps.
        file: Its configuration.
        port: Where it listens.
    """
    url = f"http://127.0.0.1:{port}"
    command = [
        program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        # What fires before it has found Alertmanager is sent again, by default a minute later.
        "--rules.alert.resend-delay=1s",
    ]
    with running(f"{url}/-/ready", folder / "prometheus.log", command):
        yield Prometheus(url)


@contextmanager
def alertmanager(folder: Path, file: Path, port: int) -> Iterator[None]:
    """
    An Alertmanager on loopback, with no neighbours.

    Args:
        folder: For what it keeps.
        file: Its configuration.
        port: Where it listens.
    """
    command = [
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'alerts'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(f"http://127.0.0.1:{port}/-/ready", folder / "alertmanager.log", command):
        yield


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """
    A service that is watched.

    Attributes:
        url: To which the public comes.
        slot: Of the service itself, behind its proxy.
        prometheus: That looks at it.
        active: The file that says which slot is to serve.
    """

    url: str
    slot: str
    prometheus: Prometheus
    active: Path

    def post_to_nobody(self) -> None:
        """Send a request while the empty slot is to serve."""
        self.active.write_text("green")
        assert requests.post(f"{self.url}/v1/predict", timeout=30).status_code == 502
        self.active.write_text("blue")


@contextmanager
def watched(folder: Path, **variables: str) -> Iterator[Watched]:
    """
    Everything that docker compose starts but for the databases: two workers, their proxy, and who watches both.

    Args:
        folder: With the registry; for what they write.
        variables: Of the service.
    """
    port, (own, alerts), (site, window) = free_port(), free_ports(), free_ports()
    with ExitStack() as stack:
        server = stack.enter_context(serving(folder, WEB_CONCURRENCY="2", METRICS_PORT=str(port), **variables))
        wait_for_workers(server, 2)
        slot = f"127.0.0.1:{server.port}"
        stack.enter_context(caddy(folder, blue=slot, green="127.0.0.1:9", site=site, window=window))
        stack.enter_context(alertmanager(folder, MONITORING / "alertmanager.yml", alerts))
        targets = {
            "blue:9091": f"127.0.0.1:{port}",
            "green:9091": "127.0.0.1:9",
            "caddy:2020": f"127.0.0.1:{window}",
            "127.0.0.1:9090": f"127.0.0.1:{own}",
            "alertmanager:9093": f"127.0.0.1:{alerts}",
        }
        found = stack.enter_context(prometheus(folder, configure(folder, targets), own))
        yield Watched(url=f"http://127.0.0.1:{site}", slot=f"http://{slot}", prometheus=found, active=folder / "active")
