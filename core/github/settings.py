"""Which repository, at which GitHub, with what token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DEFAULT_API_URL, DEFAULT_SERVER_URL = "https://api.github.com", "https://github.com"
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, kw_only=True, slots=True)
class GitHubSettings:
    """
    A repository and the way to it.

    Attributes:
        repository: owner/name.
        api_url: GITHUB_API_URL, as Actions sets it.
        server_url: GITHUB_SERVER_URL, as Actions sets it.
        token: GITHUB_TOKEN, or GH_TOKEN; empty for what everybody may read.
    """

    repository: str
    api_url: str = DEFAULT_API_URL
    server_url: str = DEFAULT_SERVER_URL
    token: str = field(default="", repr=False)

    @classmethod
    def from_env(cls, repository: str, environment: Mapping[str, str]) -> GitHubSettings:
        """
        Args:
            repository: owner/name.
            environment: Variables.

        Raises:
            ValueError: saying what would be right.
        """
        if not is_repository(repository):
            raise ValueError("takes github:OWNER/NAME")
        return cls(
            repository=repository,
            api_url=_url(environment, "GITHUB_API_URL", DEFAULT_API_URL),
            server_url=_url(environment, "GITHUB_SERVER_URL", DEFAULT_SERVER_URL),
            token=_token(environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or ""),
        )

    @property
    def page(self) -> str:
        """The repository, as people see it."""
        return f"{self.server_url}/{self.repository}"


def is_repository(text: str) -> bool:
    """Whether this is OWNER/NAME."""
    return _REPOSITORY.fullmatch(text) is not None


def _token(text: str) -> str:
    token = text.strip()
    # The library would repeat in its error what cannot go into a header.
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("needs GITHUB_TOKEN to be one token, without spaces or line ends")
    return token


def _url(environment: Mapping[str, str], name: str, default: str) -> str:
    url = (environment.get(name) or default).rstrip("/")
    parts = urlsplit(url)
    # A token must not go over a network in plain text.
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError(f"needs {name} to be an https URL")
    return url
