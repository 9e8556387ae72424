"""A real Postgres, of the package pgserver, on a Unix socket."""

from __future__ import annotations

import itertools
import os
import signal
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg


class Postgres:
    """A server that this process started."""

    def __init__(self) -> None:
        # Where root runs the tests it is another user, and every pytest that begins, a nested one too, closes the
        # folder of all its tests to others.
        self._folder = TemporaryDirectory(prefix="slipway-postgres-")
        with warnings.catch_warnings():
            # platformdirs warns where there is no XDG_RUNTIME_DIR, which pgserver does not use.
            warnings.simplefilter("ignore")
            from pgserver.postgres_server import get_server  # noqa: PLC0415  # see above

            self._server = get_server(Path(self._folder.name))
        self._numbers = itertools.count()

    @property
    def url(self) -> str:
        """Of the database that every server has."""
        found: str = self._server.get_uri()
        return found

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
        return self.url.replace("/postgres?", f"/{name}?")

    def stop(self) -> None:
        """End it, and every connection."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 20
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def start(self) -> None:
        """Start it again after `stop`."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """End it for good."""
        self._server.cleanup()
        self._folder.cleanup()
