"""Which repository a checkout belongs to."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from core.github.settings import is_repository

_SCP: Final = re.compile(r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)")


def origin_of(checkout: Path, server_url: str) -> str | None:
    """
    The repository that the git remote `origin` of a checkout leads to; None if there is none on that server.

    Args:
        checkout: A folder.
        server_url: Of GitHub.
    """
    try:
        command = ["git", "remote", "get-url", "origin"]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return repository_of(done.stdout.strip(), server_url)


def repository_of(url: str, server_url: str) -> str | None:
    """
    The owner/name that the URL of a git remote leads to; None if it leads elsewhere.

    Args:
        url: As git shows it, which may hold a password.
        server_url: Of GitHub.
    """
    short = _SCP.fullmatch(url)
    try:
        host, path = short.groups() if short else (urlsplit(url).hostname, urlsplit(url).path)
    except ValueError:
        return None
    repository = path.strip("/").removesuffix(".git")
    is_there = host == urlsplit(server_url).hostname and is_repository(repository)
    return repository if is_there else None
