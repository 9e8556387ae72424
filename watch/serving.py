"""Starts the receiver in gunicorn: one process, so that one alert is told by one thread at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from core.logs import configure_logs
from watch.receiver import create_app
from watch.receiving import open_teller
from watch.settings import ReceiverSettings


class Receiver(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn with a receiver in it; `run` returns when it is told to stop."""

    def __init__(self, settings: ReceiverSettings) -> None:
        """
        Args:
            settings: Of the receiver.
        """
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """What gunicorn is told."""
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": 1,
            "worker_class": "gthread",
            # While one waits for GitHub, the others wait for it, but for who asks whether it is alive.
            "threads": 4,
            "timeout": 120,
            "graceful_timeout": 30,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "forwarder_headers": "",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """What answers, made in the process that does."""
        configure_logs(self._settings.log_level)
        teller = open_teller(self._settings.alerts)
        return create_app(self._settings.token, teller, now=lambda: datetime.now(UTC))
