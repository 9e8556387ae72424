"""API keys: who may do what. A key is shown once; the service knows only its hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

# Of 32 random bytes, so that a plain hash is as good as a slow one: nobody guesses the key behind it.
_KEY_BYTES = 32
_PREFIX = "slip_"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BEARER = "Bearer "


class Scope(StrEnum):
    """What a key may be used for; none includes another."""

    PREDICT = "predict"
    OUTCOMES = "outcomes"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A key as the service knows it."""

    name: str
    scopes: frozenset[Scope]
    digest: bytes

    def __str__(self) -> str:
        """The entry of API_KEYS."""
        return f"{self.name}:{'+'.join(sorted(self.scopes))}:{self.digest.hex()}"


def new_key(name: str, scopes: Iterable[Scope]) -> tuple[str, ApiKey]:
    """
    Make a key.

    Returns:
        The key itself, for whoever will use it, and what the service is told of it.

    Raises:
        ValueError: if the name has other characters than letters, digits, dots, underscores and dashes.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("a name takes 1 to 40 letters, digits, dots, underscores and dashes")
    secret = _PREFIX + secrets.token_urlsafe(_KEY_BYTES)
    return secret, ApiKey(name=name, scopes=frozenset(scopes), digest=_digest(secret))


def read_keys(text: str) -> tuple[ApiKey, ...]:
    """
    Read API_KEYS: entries `name:scope+scope:sha256`, parted by commas. Two entries of one name serve a rotation.

    Raises:
        ValueError: if an entry is malformed; the text is not repeated, as it may hold a key by mistake.
    """
    return tuple(_read_key(entry.strip(), number) for number, entry in enumerate(text.split(","), 1) if entry.strip())


def _read_key(entry: str, number: int) -> ApiKey:
    name, _, rest = entry.partition(":")
    scopes, _, digest = rest.partition(":")
    known = set(scopes.split("+"))
    if not _NAME.fullmatch(name) or not known <= set(Scope) or not _DIGEST.fullmatch(digest):
        raise ValueError(
            f"takes entries name:scope+scope:sha256, as python -m app keys new prints them, parted by commas; "
            f"entry {number} is none"
        )
    return ApiKey(name=name, scopes=frozenset(map(Scope, known)), digest=bytes.fromhex(digest))


def find_key(keys: Sequence[ApiKey], authorization: str) -> ApiKey | None:
    """
    The key that a request's Authorization header carries.

    Every key is compared, in constant time, so that the time taken says nothing about any of them.
    """
    if not authorization.startswith(_BEARER):
        return None
    digest = _digest(authorization[len(_BEARER) :])
    found = None
    for key in keys:
        if hmac.compare_digest(digest, key.digest):
            found = key
    return found


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
