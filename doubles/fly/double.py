"""Sets the double up, and answers as the public address of its app."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

from doubles.fly.world import TOKEN, World, changing, write

_ROOT = Path(__file__).resolve().parents[2]


class Fly:
    """One app; its address answers as long as the context lasts."""

    def __init__(self, folder: Path, app: str = "forecast", program: str = "flyctl") -> None:
        """
        Args:
            folder: Empty; holds the state and, in `bin`, the program.
            app: Its name.
            program: What the tool is called.
        """
        self.folder, self.app = folder, app
        write(folder, World(app=app))
        self.bin = folder / "bin"
        self.bin.mkdir()
        script = self.bin / program
        # It needs the standard library alone, and so starts in half the time.
        python = shlex.join(["env", f"PYTHONPATH={_ROOT}", sys.executable, "-S", "-m", "doubles.fly", str(folder)])
        script.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
        script.chmod(0o755)
        self._server = _Public(self)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.token = TOKEN

    def changing(self) -> AbstractContextManager[World]:
        """Its state, to be looked at or changed."""
        return changing(self.folder)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Public(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, fly: Fly) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fly = fly


class _Handler(BaseHTTPRequestHandler):
    server: _Public

    def do_GET(self) -> None:
        with self.server.fly.changing() as world:
            routed = world.routed()
            world.asked += 1
            machine = routed[world.asked % len(routed)] if routed else None
            if machine is not None and self.path == "/readyz":
                machine["state"] = "started"
        if machine is None or self.path != "/readyz":
            self._send(503 if machine is None else 404, {"title": "no machine"})
        else:
            self._send(200, {"status": "ready", "model_tag": machine["config"]["env"].get("MODEL_TAG", "")})

    def _send(self, status: int, document: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The world counts what is asked."""
