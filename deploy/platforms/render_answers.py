"""What Render's API answers, as far as it matters here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

_RUNNING: Final = frozenset(
    {"created", "queued", "build_in_progress", "pre_deploy_in_progress", "update_in_progress"},
)
_FAILED: Final = frozenset({"build_failed", "pre_deploy_failed", "update_failed", "canceled"})
# What was live and has been followed by another did succeed.
_SUCCEEDED: Final = frozenset({"live", "deactivated"})
_ADVICE: Final[Mapping[str, str]] = {
    "build_failed": "see the build's log in Render's dashboard",
    "pre_deploy_failed": "`python -m app check` did not pass there; see the deploy's log in Render's dashboard",
    "update_failed": "green did not get healthy there; see the deploy's log in Render's dashboard",
    "canceled": "it took too long, or somebody gave it up; see the deploy's log in Render's dashboard",
}


class Details(msgspec.Struct, rename="camel"):
    """What a web service has beside every other."""

    url: str = ""
    plan: str = ""
    num_instances: int = 1


class Service(msgspec.Struct, rename="camel"):
    """A service, as far as it matters here."""

    id: str
    name: str
    suspended: str = "not_suspended"
    service_details: Details = msgspec.field(default_factory=Details)

    @property
    def may_sleep(self) -> bool:
        """Whether Render stops it when nobody asks, as it does on its free plan."""
        return self.service_details.plan == "free"


class Deploy(msgspec.Struct, rename="camel"):
    """A deploy; its times are ISO 8601 with a time zone, and empty where there is none yet."""

    id: str
    status: str
    trigger: str = ""
    created_at: str = ""
    finished_at: str | None = None

    @property
    def has_begun_to_serve(self) -> bool:
        """Of one that failed: whether it may have replaced some of several machines, which Render does one by one."""
        return self.status in {"update_failed", "canceled"}

    @property
    def since(self) -> datetime | None:
        """When it ended; None if Render does not say so in a way that can be read."""
        try:
            moment = datetime.fromisoformat(self.finished_at or "")
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def __str__(self) -> str:
        return f"deploy {self.id} ({self.trigger or 'of unknown cause'}) is {self.status}"

    @property
    def advice(self) -> str:
        """What to do about one that failed."""
        return _ADVICE.get(self.status, "look at Render's dashboard")

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.status in _RUNNING

    @property
    def has_ended(self) -> bool:
        """Whether it has; a status that is not known is taken for one on the way."""
        return self.has_succeeded or self.status in _FAILED

    @property
    def has_succeeded(self) -> bool:
        """Whether it has ended, and served at least for a while."""
        return self.status in _SUCCEEDED


class Variable(msgspec.Struct):
    """An environment variable."""

    key: str
    value: str = ""


class OfServices(msgspec.Struct):
    """A service in a list."""

    service: Service
    cursor: str = ""


class OfVariables(msgspec.Struct, rename="camel"):
    """A variable in a list."""

    env_var: Variable
    cursor: str = ""


class OfDeploys(msgspec.Struct):
    """A deploy in a list."""

    deploy: Deploy
    cursor: str = ""
