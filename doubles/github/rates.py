"""How many requests a caller has left in the hour, as GitHub counts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from doubles.github.refusals import Refusal

ANONYMOUS, INSTALLATION, USER = 60, 1000, 5000
SEARCH, SEARCH_ANONYMOUS = 30, 10


@dataclass(kw_only=True)
class Quota:
    """One caller's requests of one kind in one window."""

    resource: str
    limit: int
    reset: int
    used: int = 0

    @property
    def remaining(self) -> int:
        """How many requests are left."""
        return max(self.limit - self.used, 0)

    @property
    def headers(self) -> dict[str, str]:
        """The quota as GitHub's headers."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-resource": self.resource,
        }

    @property
    def overview(self) -> dict[str, int]:
        """The quota as `GET /rate_limit` tells it."""
        return {"limit": self.limit, "remaining": self.remaining, "reset": self.reset, "used": self.used}

    def refuse_if_spent(self) -> None:
        """
        Let nobody through who has none left.

        Raises:
            Refusal: as GitHub's primary limit does, with status 403.
        """
        if self.remaining == 0:
            raise Refusal(403, "API rate limit exceeded for this caller.", headers=self.headers)


class Rates:
    """Every caller's quotas, and the secondary limit on what creates content."""

    def __init__(self) -> None:
        self._quotas: dict[tuple[str, str], Quota] = {}
        self._created: dict[str, list[datetime]] = {}
        self.content_per_minute: int | None = None

    def quota(self, caller: str, resource: str, limit: int, now: datetime) -> Quota:
        """A caller's quota of a resource, a new one when the last one's hour (for search, minute) is over."""
        quota = self._quotas.get((caller, resource))
        if quota is None or now.timestamp() >= quota.reset:
            length = 60 if resource == "search" else 3600
            quota = Quota(resource=resource, limit=limit, reset=int(now.timestamp()) + length)
            self._quotas[caller, resource] = quota
        quota.limit = limit
        return quota

    def create(self, caller: str, now: datetime) -> None:
        """
        Count a request that creates content.

        Raises:
            Refusal: as GitHub's secondary limit does, if the limit is switched on and there were too many in a minute.
        """
        recent = [moment for moment in self._created.get(caller, []) if 0 <= (now - moment).total_seconds() < 60]
        if self.content_per_minute is not None and len(recent) >= self.content_per_minute:
            raise Refusal(403, "You have exceeded a secondary rate limit.", headers={"retry-after": "60"})
        self._created[caller] = [*recent, now]
