"""One host for tests: two slots and a Caddy on free ports, all ended at the end; models for them."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from core.journal.sqlite import SqliteStore
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from deploy.platforms.detached import Detached
from deploy.platforms.host import HostPlatform
from deploy.platforms.host_settings import HostSettings, open_host
from tests.factories import make_bundle

FIRST, SECOND, THIRD = (ModelTag.parse(f"model-v{number}.0.0") for number in (1, 2, 3))
ROW = b'{"age": 30, "city": "Oslo"}'
LOOPBACK = "127.0.0.1"
_READY_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Host:
    """A folder in which everything lies, and the environment that leads there."""

    folder: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def settings(self) -> HostSettings:
        """As a deployment reads them."""
        return HostSettings.from_env(self.environment)

    @property
    def active(self) -> Path:
        """The file that says which slot serves."""
        return self.settings.active_file

    def open(self) -> HostPlatform:
        """As a deployment that was just started sees it: it remembers nothing."""
        return open_host(self.environment)

    def ask(self, path: str = "/readyz", *, data: bytes | None = None, **headers: str) -> requests.Response:
        """What the public gets."""
        method = "GET" if data is None else "POST"
        sent = {"Content-Type": "application/json", **headers}
        return requests.request(method, f"{self.settings.url}{path}", data=data, headers=sent, timeout=15)

    def served(self) -> Any:
        """The tag that the public gets."""
        return self.ask().json().get("model_tag")

    def deploy(self, green: ModelTag, blue: ModelTag | None = None) -> HostPlatform:
        """Every step of a deployment up to the switch, and that included."""
        platform = self.open()
        platform.clear(platform.observe())
        wait_until_ready(platform.start(green, blue=blue).green, green, platform)
        platform.switch(green, blue=blue)
        return platform

    def journalled(self) -> list[str]:
        """The ids of the answers that the journal holds."""
        with closing(SqliteStore(self.folder / "journal" / "journal.db")) as store:
            return [stored.record.id for stored in store.predictions(limit=1_000_000)]

    def pids(self, mark: str) -> list[int]:
        """Processes of this host with such a file on their command line, such as `blue.pid`."""
        folder = self.settings.folder
        return Detached(str(folder / mark), folder / "log").processes()

    def kill(self, mark: str) -> None:
        """End them as a crash does."""
        for pid in self.pids(mark):
            # One ends another, as a worker does whose master is gone.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self.pids(mark))


@contextmanager
def one_host(folder: Path, registry: Path, **variables: str) -> Iterator[Host]:
    """A host on which nothing runs; whatever runs at the end is ended."""
    port, admin, *slots = _free_ports(4)
    environment = {
        "PATH": os.environ["PATH"],
        "MODEL_REGISTRY": f"directory:{registry}",
        "JOURNAL_DIR": str(folder / "journal"),
        "DEPLOY_DIR": str(folder / "host"),
        "PORT": str(port),
        "SLOT_PORTS": ",".join(map(str, slots)),
        "CADDY_ADMIN": f"{LOOPBACK}:{admin}",
        **variables,
    }
    host = Host(folder=folder, environment=environment)
    try:
        yield host
    finally:
        for mark in ("blue.pid", "green.pid", "caddy.pid"):
            host.kill(mark)


def publish_three(folder: Path) -> Path:
    """A registry of three small models."""
    registry = DirectoryRegistry(folder / "registry")
    for tag in (FIRST, SECOND, THIRD):
        registry.publish(make_bundle(folder / str(tag), tag=str(tag)))
    return folder / "registry"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(count)]
        return [int(listener.getsockname()[1]) for listener in listeners]


def wait_until_ready(address: str, tag: ModelTag, platform: HostPlatform) -> None:
    """Ask a slot until it is ready, and is what it should be."""

    def is_ready() -> bool:
        assert not platform.has_died(), platform.said()
        try:
            answer = requests.get(f"{address}/readyz", timeout=5)
        except requests.RequestException:
            return False
        return answer.status_code == 200 and answer.json()["model_tag"] == str(tag)

    wait_for(is_ready)


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _READY_S
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)
