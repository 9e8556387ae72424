"""Stands in for a service that is started in a slot: says which tag it serves, as /readyz does, or why it cannot."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BROKEN = "model-v9.0.0"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # http.server calls it so
        body = json.dumps({"status": "ready", "model_tag": os.environ["MODEL_TAG"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


def main() -> None:
    """Answer until told to end."""
    if os.environ["MODEL_TAG"] == BROKEN:
        sys.exit(f"error: {BROKEN} is not published")
    server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), _Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
