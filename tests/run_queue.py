"""A loopback server that hands out queued runs as the GitHub double does, and writes down what it is told."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any


class RunQueue:
    """
    The server.

    Attributes:
        url: Where it is.
        told: Each request but claims, as method, path and body, in the order in which they came.
    """

    def __init__(self, *claims: Mapping[str, Any]) -> None:
        self.told: Queue[tuple[str, str, Any]] = Queue()
        self._claims = deque(claims)
        queue = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = queue.answer(self.command, self.path, json.loads(content) if content else None)
                self.send_response(204 if answer is None else 200)
                self.end_headers()
                self.wfile.write(b"" if answer is None else json.dumps(answer).encode())

            do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815 (http.server looks for these names)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, path: str, body: Any) -> Any:
        """The answer's body, or None for 204."""
        if path == "/_double/runs/claim":
            return self._claims.popleft() if self._claims else None
        self.told.put((method, path, body))
        return {"/_double/tokens": {"token": "made-for-the-run"}, "/_double/": {"web": "http://127.0.0.1:1"}}.get(path)

    def all_told(self) -> list[tuple[str, str, Any]]:
        """What it was told and nobody has looked at yet."""
        return [self.told.get() for _ in range(self.told.qsize())]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
