"""What the control routes take, as typed documents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct, field

from doubles.github.faults import Planted, RemoteFault
from doubles.github.state import Level


class Plant(Struct, kw_only=True, forbid_unknown_fields=True):
    """A fault, and the calls it strikes, as in `doubles.github.faults.Planted`."""

    fault: RemoteFault
    method: str = "*"
    path: str = "*"
    site: str = "*"
    skip: int = 0
    times: int = 1

    @property
    def planted(self) -> Planted:
        """The same, ready to be planted."""
        return Planted(
            fault=self.fault, method=self.method, path=self.path, site=self.site, skip=self.skip, times=self.times
        )


class Clock(Struct, kw_only=True, forbid_unknown_fields=True):
    """A time to hold the clock at, seconds to move it on by, or neither, which lets it go."""

    now: datetime | None = None
    advance_s: float | None = None

    def held(self, now: datetime) -> datetime | None:
        """Where the clock is held from now on."""
        return self.now if self.advance_s is None else now + timedelta(seconds=self.advance_s)


class NewToken(Struct, kw_only=True, forbid_unknown_fields=True):
    """A token to be made; it may be given instead of drawn."""

    permissions: dict[str, Level]
    login: str = "github-actions[bot]"
    kind: Literal["installation", "user"] = "installation"
    repositories: list[str] | None = None
    rate_limit: int | None = None
    token: str | None = None


class NewRepository(Struct, kw_only=True, forbid_unknown_fields=True):
    """A repository to be made."""

    full_name: str
    private: bool = False
    default_branch: str = "main"


class Switches(Struct, kw_only=True, forbid_unknown_fields=True):
    """A repository's switches; what is left out stays."""

    private: bool | None = None
    has_issues: bool | None = None
    immutable_releases: bool | None = None
    enforced_by_owner: bool | None = None
    retires_production: bool | None = None


class NewCommit(Struct, kw_only=True, forbid_unknown_fields=True):
    """A commit to be made."""

    sha: str | None = None
    date: datetime | None = None
    branch: str | None = None
    changes_workflows: bool = False


class WorkflowFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """A workflow file."""

    path: str
    text: str
    state: Literal["active", "disabled_manually", "disabled_inactivity"] = "active"


class EnvironmentRules(Struct, kw_only=True, forbid_unknown_fields=True):
    """An environment and its rules, as GitHub answers them."""

    name: str
    protection_rules: list[dict[str, Any]] = field(default_factory=list)
    branch_policy: dict[str, bool] | None = None


class SecretNames(Struct, kw_only=True, forbid_unknown_fields=True):
    """The names of all secrets."""

    names: list[str]


class NewRun(Struct, kw_only=True, forbid_unknown_fields=True):
    """A run to be queued."""

    repository: str
    workflow: str
    event: str
    ref: str | None = None
    actor: str = "github"
    inputs: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)


class RunProgress(Struct, kw_only=True, forbid_unknown_fields=True):
    """How far a run is."""

    status: Literal["queued", "in_progress", "completed"]
    conclusion: str | None = None
