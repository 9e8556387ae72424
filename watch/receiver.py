"""The receiver of Alertmanager's messages, over HTTP: who has the token is heard, and told to come again if need be."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from core.errors import SlipwayError
from watch.receiving import Teller
from watch.webhook import Unreadable, read_message

MOST_BYTES: Final = 1_000_000
_ALIVE: Final = "/livez"
_LOG: Any = structlog.get_logger()


def create_app(token: str, teller: Teller, *, now: Callable[[], datetime]) -> Flask:
    """
    The receiver.

    Args:
        token: That a message has to bring.
        teller: Tells of it.
        now: The clock, with a time zone.
    """
    app = Flask(__name__, static_folder=None)
    # A larger body is refused before it is read.
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    wanted = f"Bearer {token}".encode()

    @app.get(_ALIVE)
    def show_alive() -> Response:
        return _answer({"status": "alive"})

    @app.post("/alerts")
    def receive() -> Response:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted):
            return _problem(401, "Unauthorized", "this needs the token of WATCH_TOKEN as a bearer token")
        return _answer({"done": teller.tell(read_message(request.get_data()), now())})

    app.register_error_handler(Unreadable, _unreadable)
    app.register_error_handler(SlipwayError, _away)
    app.register_error_handler(
        HTTPException, lambda error: _problem(error.code or 500, error.name, "see docs/adr/0030")
    )
    app.register_error_handler(Exception, _unexpected)
    _log_every_request(app)
    return app


def _log_every_request(app: Flask) -> None:
    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        # Somebody looks every few seconds whether it is alive.
        if request.path != _ALIVE:
            took_ms = round((time.perf_counter() - g.started) * 1000, 2)
            _LOG.info(
                "request", method=request.method, path=request.path, status=response.status_code, duration_ms=took_ms
            )
        return response


def _unreadable(error: Unreadable) -> Response:
    """Alertmanager does not send again what is refused."""
    _LOG.error("a message is no alert that can be told, and lost", problem=str(error))
    return _problem(422, "Unprocessable content", str(error))


def _away(error: SlipwayError) -> Response:
    """Alertmanager sends again what is answered with a status of 500 or more, and nothing else."""
    _LOG.error("an alert cannot be told now", problem=str(error))
    return _problem(503, "Service unavailable", "this cannot be told now; send it again")


def _unexpected(error: Exception) -> Response:
    _LOG.error("an alert cannot be told", exc_info=error)
    return _problem(500, "Internal server error", "this cannot be told; the log says why")


def _answer(content: object) -> Response:
    return Response(msgspec.json.encode(content), content_type="application/json")


def _problem(status: int, title: str, detail: str) -> Response:
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return Response(
        msgspec.json.encode(content), status=status, headers=headers, content_type="application/problem+json"
    )
