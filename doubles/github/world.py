"""What a request is answered from: the state, the clock, the contents and the addresses."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from doubles.github.rates import Rates
from doubles.github.refusals import NotFound
from doubles.github.state import Asset, Repository, State
from doubles.github.storage import Storage

SIGNED_FOR_S = 300


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the four hosts of GitHub are: its API, its pages, its uploads, and the store of released assets."""

    api: str
    web: str
    uploads: str
    assets: str


@dataclass(kw_only=True)
class World:
    """Everything behind the routes; whoever touches it while requests come in holds the double's lock."""

    state: State
    storage: Storage
    addresses: Addresses
    rates: Rates = field(default_factory=Rates)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def now(self) -> datetime:
        """The clock that was set, or else the real one, to the second."""
        return self.state.clock or datetime.now(UTC).replace(microsecond=0)

    def new_id(self) -> int:
        """A number that nothing has yet."""
        self.state.last_id += 1
        return self.state.last_id

    def repository(self, full_name: str) -> Repository:
        """
        A repository by owner and name, whose case does not matter.

        Raises:
            NotFound: if there is none.
        """
        repository = self.state.repositories.get(full_name.lower())
        if repository is None:
            raise NotFound
        return repository

    def signed_url(self, repository: Repository, asset: Asset) -> str:
        """Where an asset can be had for five minutes, without a token."""
        path = f"/github-production-release-asset/{repository.id}/{asset.id}/{asset.name}"
        expires = str(int(self.now.timestamp()) + SIGNED_FOR_S)
        query = {
            "se": expires,
            "sp": "r",
            "sig": self._signature(path, expires),
            "response-content-disposition": f"attachment; filename={asset.name}",
            "response-content-type": asset.content_type,
        }
        return f"{self.addresses.assets}{quote(path)}?{urlencode(query)}"

    def is_signed(self, path: str, query: Mapping[str, str]) -> bool:
        """Was this address signed here, and not too long ago?"""
        expires = query.get("se", "0")
        genuine = hmac.compare_digest(query.get("sig", ""), self._signature(path, expires))
        return genuine and self.now.timestamp() < int(expires)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def at(moment: datetime) -> str:
    """A time as GitHub writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def at_or_null(moment: datetime | None) -> Any:
    """A time that may not have come yet."""
    return None if moment is None else at(moment)
