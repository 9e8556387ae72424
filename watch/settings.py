"""What the `watch` commands read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from core.github.client import GitHub
from core.places import open_alerts
from core.settings import SettingsReader, one_of, service_key, service_url, whole_number

# Alertmanager sends again what could not be told.
_PATIENCE_S: Final = 3.0
_SHORTEST: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiverSettings:
    """
    Settings of the receiver of alerts.

    Attributes:
        host: WATCH_HOST, the address to listen on.
        port: WATCH_PORT.
        token: WATCH_TOKEN, or what WATCH_TOKEN_FILE holds, which a message has to bring.
        alerts: WATCH_ALERTS, the repository in whose issues is told; None for none.
        log_level: LOG_LEVEL.
    """

    host: str
    port: int
    token: str = field(repr=False)
    alerts: GitHub | None
    log_level: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> ReceiverSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        token = reader.read("WATCH_TOKEN", "", _token, is_secret=True)
        in_file = reader.read("WATCH_TOKEN_FILE", "", _token_in)
        if not any(environment.get(name, "").strip() for name in ("WATCH_TOKEN", "WATCH_TOKEN_FILE")):
            wanted = f"{_SHORTEST} letters, digits and signs or more that a message has to bring"
            reader.refuse("WATCH_TOKEN", f"is not set; it takes {wanted}, and WATCH_TOKEN_FILE a file that holds them")
        opened = partial(open_alerts, environment=environment, patience_s=_PATIENCE_S)
        settings = cls(
            host=reader.read("WATCH_HOST", "127.0.0.1", str),
            port=reader.read("WATCH_PORT", "9095", whole_number(1, 65535)),
            token=token or in_file,
            alerts=reader.read("WATCH_ALERTS", "", opened),
            log_level=reader.read("LOG_LEVEL", "info", one_of("debug", "info", "warning", "error")),
        )
        reader.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class LookSettings:
    """
    Settings of a look.

    Attributes:
        url: SERVICE_URL, the service's public address; empty for none, so that only the heartbeat is looked at.
        key: SERVICE_KEY that is sent to it, of the scope admin; empty for none.
        alerts: WATCH_ALERTS, the repository in whose issues is told, and remembered; None for none.
    """

    url: str
    key: str = field(repr=False)
    alerts: GitHub | None

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> LookSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            url=reader.read("SERVICE_URL", "", _url),
            key=reader.read("SERVICE_KEY", "", service_key, is_secret=True),
            alerts=reader.read("WATCH_ALERTS", "", partial(open_alerts, environment=environment)),
        )
        reader.finish()
        return settings


def _url(text: str) -> str:
    return service_url(text) if text else ""


def _token(text: str) -> str:
    if text and (len(text) < _SHORTEST or not text.isascii() or not text.isprintable() or " " in text):
        raise ValueError(f"takes {_SHORTEST} letters, digits and signs or more")
    return text


def _token_in(path: str) -> str:
    if not path:
        return ""
    try:
        text = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"names a file that can be read ({type(error).__name__})") from error
    if not text:
        raise ValueError("names a file with a token in it")
    return _token(text)
