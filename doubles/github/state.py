"""What the double remembers: repositories and everything in them, callers' tokens, and the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

Level = Literal["read", "write", "admin"]


class Commit(Struct, kw_only=True):
    """A commit; a token without the Workflows permission may not release one that changes workflows."""

    sha: str
    date: datetime
    message: str = ""
    changes_workflows: bool = False


class Asset(Struct, kw_only=True):
    """A release's file; its bytes are in the contents, under their sha256."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    uploader: str
    label: str | None = None
    state: Literal["uploaded", "starter"] = "uploaded"
    content_type: str = "application/octet-stream"
    size: int = 0
    sha256: str | None = None
    downloads: int = 0


class Release(Struct, kw_only=True):
    """A draft, or what was published under a tag."""

    id: int
    tag_name: str
    target_commitish: str
    author: str
    created_at: datetime
    name: str | None = None
    body: str | None = None
    draft: bool = False
    prerelease: bool = False
    immutable: bool = False
    published_at: datetime | None = None
    assets: list[Asset] = field(default_factory=list)


class Label(Struct, kw_only=True):
    """A repository's label."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


class Comment(Struct, kw_only=True):
    """A comment below an issue."""

    id: int
    body: str
    author: str
    created_at: datetime


class Issue(Struct, kw_only=True):
    """An issue, or a pull request, which GitHub lists among the issues."""

    id: int
    number: int
    title: str
    author: str
    created_at: datetime
    updated_at: datetime
    body: str | None = None
    state: Literal["open", "closed"] = "open"
    state_reason: Literal["completed", "reopened", "not_planned", "duplicate"] | None = None
    closed_at: datetime | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    pull_request: bool = False
    locked: bool = False


class DeploymentStatus(Struct, kw_only=True):
    """What was said of a deployment at one time."""

    id: int
    state: str
    creator: str
    created_at: datetime
    environment: str
    description: str = ""
    environment_url: str = ""
    log_url: str = ""


class Deployment(Struct, kw_only=True):
    """A request to bring a commit into an environment; statuses from the oldest to the newest."""

    id: int
    sha: str
    ref: str
    environment: str
    creator: str
    created_at: datetime
    updated_at: datetime
    task: str = "deploy"
    payload: Any = field(default_factory=dict)
    description: str | None = None
    transient: bool = False
    production: bool = False
    statuses: list[DeploymentStatus] = field(default_factory=list)


class Environment(Struct, kw_only=True):
    """An environment; its rules are kept as GitHub answers them."""

    id: int
    name: str
    created_at: datetime
    protection_rules: list[dict[str, Any]] = field(default_factory=list)
    branch_policy: dict[str, bool] | None = None


class Workflow(Struct, kw_only=True):
    """A workflow file, its text as it was registered."""

    id: int
    path: str
    text: str
    created_at: datetime
    updated_at: datetime
    state: Literal["active", "disabled_manually", "disabled_inactivity"] = "active"

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", maxsplit=1)[-1]


class Run(Struct, kw_only=True):
    """One run of a workflow."""

    id: int
    number: int
    workflow_id: int
    event: str
    ref: str
    sha: str
    actor: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    status: Literal["queued", "in_progress", "completed"] = "queued"
    conclusion: str | None = None


class Variable(Struct, kw_only=True):
    """A variable of Actions; of a secret only the name and the times are known, so its value stays empty."""

    name: str
    created_at: datetime
    value: str = ""


class Repository(Struct, kw_only=True):
    """
    A repository and all that is in it.

    Attributes:
        spent_tags: Tags of immutable releases that were deleted.
        retires_production: Does a success make earlier deployments to production inactive? GitHub's documentation says
            no, its changelog of 16 October 2018 yes.
    """

    id: int
    owner: str
    name: str
    created_at: datetime
    private: bool = False
    default_branch: str = "main"
    has_issues: bool = True
    immutable_releases: bool = False
    enforced_by_owner: bool = False
    retires_production: bool = True
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    latest_id: int | None = None
    spent_tags: list[str] = field(default_factory=list)
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    workflows: dict[int, Workflow] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    secrets: dict[str, Variable] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    attestations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """The owner's and the repository's name."""
        return f"{self.owner}/{self.name}"

    @property
    def head(self) -> Commit:
        """The newest commit of the default branch."""
        return self.commits[self.refs[f"refs/heads/{self.default_branch}"]]

    def workflow(self, name: str) -> Workflow | None:
        """A workflow by its number, its path, or its file name."""
        found = (each for each in self.workflows.values() if name in {str(each.id), each.path, each.file_name})
        return next(found, None)


class Token(Struct, kw_only=True):
    """
    What a token may do.

    An installation's token is like a workflow's GITHUB_TOKEN; a user's is a person's. Tokens themselves are known by
    their hashes only.
    """

    login: str
    kind: Literal["installation", "user"] = "installation"
    permissions: dict[str, Level] = field(default_factory=dict)
    repositories: list[str] | None = None
    rate_limit: int | None = None


class State(Struct, kw_only=True):
    """Everything that outlives a restart."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    clock: datetime | None = None
    last_id: int = 1000
