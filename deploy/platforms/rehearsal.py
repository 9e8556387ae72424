"""Green and blue as processes of this machine, for platforms that show nobody a green before it serves."""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.tags import ModelTag
from deploy.platform import Addresses
from deploy.platforms.service_process import ROOT, command, environment_of, last_lines

_HOST: Final = "127.0.0.1"
_STOP_S: Final = 30.0
# What would let the rehearsal write where the real service does, or keep its callers out.
_NEUTRAL: Final = {
    "APP_ENV": "development",
    "DATABASE_URL": "",
    "API_KEYS": "",
    "RATE_LIMIT": "",
    "WEB_CONCURRENCY": "1",
}


class Rehearsal:
    """Services on free ports of the loopback, each with a journal of its own that ends with it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """
        Args:
            environment: Of this process; says where bundles are fetched.
        """
        self._environment = environment
        self._folder: Path | None = None
        self._log: Path | None = None
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, green: ModelTag, *, blue: ModelTag | None) -> Addresses:
        """Begin to run green, and blue beside it; see `Platform.start`."""
        self.stop()
        # Whatever ends this process, but a kill, nothing of it is left.
        atexit.register(self.stop)
        self._folder = Path(tempfile.mkdtemp(prefix="slipway-rehearsal-"))
        self._log = self._folder / "green" / "log"
        beside = self._run("blue", blue, self._folder / "blue") if blue is not None else None
        return Addresses(green=self._run("green", green, self._folder / "green"), blue=beside)

    def _run(self, name: str, tag: ModelTag, folder: Path) -> str:
        with socket.create_server((_HOST, 0)) as listener:
            port = int(listener.getsockname()[1])
        folder.mkdir()
        others = {**_NEUTRAL, "JOURNAL_DIR": str(folder / "journal")}
        variables = environment_of(self._environment, tag, host=_HOST, port=port, **others)
        with (folder / "log").open("ab") as log:
            self._running[name] = subprocess.Popen(command(), cwd=ROOT, env=variables, stdout=log, stderr=log)
        return f"http://{_HOST}:{port}"

    def has_died(self) -> bool:
        """See `Platform.has_died`."""
        green = self._running.get("green")
        return green is None or green.poll() is not None

    def said(self) -> str:
        """See `Platform.said`."""
        return last_lines(self._log)

    def stop(self) -> None:
        """End whatever runs, and leave nothing behind, even where nobody wants to wait for that."""
        try:
            for process in self._running.values():
                process.terminate()
            for process in self._running.values():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_S)
        finally:
            for process in self._running.values():
                process.kill()
                process.wait()
            self._running = {}
            atexit.unregister(self.stop)
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = self._log = None


class Rehearsed:
    """What platforms do alike that show nobody a green before it serves; see `deploy.platform.Platform`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """
        Args:
            environment: Of this process.
        """
        self._rehearsal = Rehearsal(environment)

    def start(self, green: ModelTag, *, blue: ModelTag | None) -> Addresses:
        """See `Platform.start`."""
        return self._rehearsal.start(green, blue=blue)

    def has_died(self) -> bool:
        """See `Platform.has_died`."""
        return self._rehearsal.has_died()

    def said(self) -> str:
        """See `Platform.said`."""
        return self._rehearsal.said()
