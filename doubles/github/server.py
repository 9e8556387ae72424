"""Serves the hosts on loopback ports, each in a thread of its own."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Handler(WSGIRequestHandler):
    """Says nothing of requests, and takes one a connection."""

    def run_wsgi(self) -> None:
        """Answer; a connection that was cut on purpose must not wait for another request."""
        super().run_wsgi()
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The double keeps a list of calls instead."""


class Listener:
    """A loopback port that is taken at once, and served once there is something to serve."""

    def __init__(self, name: str, port: int) -> None:
        self._server: BaseWSGIServer = make_server("127.0.0.1", port, _nothing, threaded=True, request_handler=Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.url = f"http://{name}:{self._server.port}"

    def serve(self, application: WSGIApplication) -> None:
        """Begin to answer."""
        self._server.app = application
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, and give the port back."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _nothing(*_: Any) -> list[bytes]:
    return []
