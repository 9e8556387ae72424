"""Whether GitHub answers to the token, and what the token may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from control.finding import Finding, good, missing, unknown
from core.errors import GitHubRefused
from core.github.client import GitHub
from core.github.release import Release, releases_of
from core.github.settings import GitHubSettings

_UNTOLD: Final = "whether the token may write releases and deployments"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """
    What is known of the token's permissions.

    Attributes:
        scopes: Of a classic token; None for others, whose permissions GitHub does not tell.
        sees_drafts: Whether it was shown a draft of a release, which only those see who may write.
    """

    scopes: frozenset[str] | None = None
    sees_drafts: bool = False


def examine_access(github: GitHub) -> Iterator[Finding]:
    """Whether the token is set and valid, and sees the repository; without either, nothing else can be looked at."""
    settings = github.settings
    if not settings.token:
        yield missing("no token is set", with_token(settings.repository))
        return
    try:
        github.token_scopes()
    except GitHubRefused as error:
        if error.status != 401:
            raise
        yield missing(
            "GITHUB_TOKEN is not valid, or no longer", f"gh auth login, then {with_token(settings.repository)}"
        )
        return
    yield good("the token is valid")
    try:
        github.get(list[Release], "releases", per_page=1)
    except GitHubRefused as error:
        if error.is_limited or error.status not in {403, 404}:
            raise
        yield missing(
            f"there is no {settings.repository}, or the token may not read it",
            f"gh repo view {settings.repository}; a fine-grained token needs it among its repositories, and Contents: "
            f"{_tokens(settings)}",
        )
        return
    yield good(f"{settings.repository} answers")


def examine_rights(github: GitHub) -> Iterator[Finding]:
    """What can be told of the token's permission to write releases and deployments, without writing any."""
    sees_drafts = any(release.draft for release in releases_of(github))
    yield judge_rights(Rights(scopes=github.token_scopes(), sees_drafts=sees_drafts), _tokens(github.settings))


def with_token(repository: str) -> str:
    """The command that asks with the token of whoever is logged in."""
    return f"GITHUB_TOKEN=$(gh auth token) scripts/doctor --repository {repository}"


def judge_rights(rights: Rights, page: str) -> Finding:
    """What to say of the token's permissions; the page is that of fine-grained tokens."""
    if rights.scopes is None:
        told = "the token may write releases; whether deployments too" if rights.sees_drafts else _UNTOLD
        return unknown(
            f"{told} shows only when it does",
            "a workflow grants `contents: write` and `deployments: write`, a fine-grained token has Contents and "
            f"Deployments: {page}",
        )
    if "repo" in rights.scopes:
        return good("the token's scope repo lets it write releases and deployments, as far as its owner may")
    if {"public_repo", "repo_deployment"} <= rights.scopes:
        return good("the token's scopes let it write releases and deployments of a public repository")
    return missing("the token's scopes do not let it write releases and deployments", "gh auth refresh --scopes repo")


def _tokens(settings: GitHubSettings) -> str:
    return f"{settings.server_url}/settings/personal-access-tokens"
