"""Reads settings from the environment, reporting every malformed one at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar
from urllib.parse import urlsplit

from core.errors import Fault, SettingsError
from core.github.settings import LOOPBACK

T = TypeVar("T")


class SettingsReader:
    """Reads one variable after the other; `finish` raises if any was wrong. An empty variable counts as absent."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._faults: list[Fault] = []

    def read(self, name: str, default: str, parse: Callable[[str], T], *, is_secret: bool = False) -> T:
        """
        The parsed value of a variable.

        Args:
            name: The variable.
            default: The text an absent variable stands for; it must parse.
            parse: Raises ValueError with a sentence such as "takes a port from 1 to 65535".
            is_secret: Whether a value must not be shown, even a malformed one.
        """
        text = self._environment.get(name, "").strip() or default
        try:
            return parse(text)
        except ValueError as error:
            found = "" if is_secret else f", found {text[:60]!r}"
            self._faults.append(Fault(place=name, problem=f"{error}{found}"))
            return parse(default)

    def refuse(self, name: str, problem: str) -> None:
        """Add a fault of a value that parses and may not be."""
        self._faults.append(Fault(place=name, problem=problem))

    def finish(self) -> None:
        """
        Raises:
            SettingsError: naming every malformed variable and what it takes.
        """
        if self._faults:
            raise SettingsError("environment", self._faults)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers within low..high."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 18 or not low <= int(text) <= high:
            raise ValueError(f"takes a whole number from {low} to {high}")
        return int(text)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser of a few words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"takes {' or '.join(choices)}")
        return text

    return parse


def day(text: str) -> date | None:
    """A day; None for an empty text."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("takes a day as YYYY-MM-DD") from error


def service_key(text: str) -> str:
    """A key that is sent to a service of ours; empty for none."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("takes one key, as python -m app keys new shows it")
    return text


def service_url(url: str) -> str:
    """An address that a key may be sent to."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("takes the URL of a service, such as https://slipway.example.org") from error
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("takes the URL of a service and nothing else in it; its key comes from SERVICE_KEY")
    if parts.scheme == "https" and host and port != 0:
        return url
    # Neither the key nor the rows may go over a network in plain text.
    if parts.scheme != "http" or host not in LOOPBACK:
        raise ValueError("takes an https URL, or http on this machine (127.0.0.1, ::1, localhost)")
    return url


def names(text: str) -> frozenset[str]:
    """Names parted by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())
