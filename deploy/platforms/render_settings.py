"""The way to Render's API, from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from core.github.settings import LOOPBACK

DEFAULT_API_URL: Final = "https://api.render.com/v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderSettings:
    """
    The way to Render.

    Attributes:
        api_url: RENDER_API_URL; another than Render's own on loopback only.
        key: RENDER_API_KEY.
        service_url: SERVICE_URL that the public asks; empty for the address that Render gave the service.
        answer_s: So long one call may take, in seconds.
    """

    api_url: str = DEFAULT_API_URL
    key: str = field(repr=False)
    service_url: str = ""
    answer_s: float = 30.0

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> RenderSettings:
        """
        Raises:
            ValueError: saying what would be right; without the key.
        """
        key = environment.get("RENDER_API_KEY", "").strip()
        # The library would repeat in its error what cannot go into a header.
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("needs RENDER_API_KEY, one key of Render's API without spaces")
        api_url = (environment.get("RENDER_API_URL") or DEFAULT_API_URL).rstrip("/")
        if api_url != DEFAULT_API_URL and not _is_on_loopback(api_url):
            raise ValueError(f"needs RENDER_API_URL to be {DEFAULT_API_URL}, or an http URL on loopback")
        service_url = environment.get("SERVICE_URL", "").strip().rstrip("/")
        parts = urlsplit(service_url)
        if service_url and not (parts.scheme == "https" and parts.hostname) and not _is_on_loopback(service_url):
            raise ValueError("needs SERVICE_URL to be an https URL")
        return cls(api_url=api_url, key=key, service_url=service_url)


def _is_on_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK
