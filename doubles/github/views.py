"""The parts that many of GitHub's JSON documents share: people and repositories."""

from __future__ import annotations

from typing import Any

from doubles.github.state import Repository
from doubles.github.world import World

_OF_A_USER = (
    "events_url",
    "followers_url",
    "following_url",
    "gists_url",
    "organizations_url",
    "received_events_url",
    "repos_url",
    "starred_url",
    "subscriptions_url",
)
_OF_A_REPOSITORY = (
    "archive_url",
    "assignees_url",
    "blobs_url",
    "branches_url",
    "collaborators_url",
    "comments_url",
    "commits_url",
    "compare_url",
    "contents_url",
    "contributors_url",
    "deployments_url",
    "downloads_url",
    "events_url",
    "forks_url",
    "git_commits_url",
    "git_refs_url",
    "git_tags_url",
    "hooks_url",
    "issue_comment_url",
    "issue_events_url",
    "issues_url",
    "keys_url",
    "labels_url",
    "languages_url",
    "merges_url",
    "milestones_url",
    "notifications_url",
    "pulls_url",
    "releases_url",
    "stargazers_url",
    "statuses_url",
    "subscribers_url",
    "subscription_url",
    "tags_url",
    "teams_url",
    "trees_url",
)


def user_view(world: World, login: str) -> dict[str, Any]:
    """A person, or a bot."""
    url = f"{world.addresses.api}/users/{login.replace('[', '%5B').replace(']', '%5D')}"
    return {
        "login": login,
        "id": sum(login.encode()),
        "node_id": f"U_{login}",
        "avatar_url": f"{url}/avatar",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{world.addresses.web}/{login.removesuffix('[bot]')}",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    } | {name: f"{url}/{name.removesuffix('_url')}" for name in _OF_A_USER}


def repository_view(world: World, repository: Repository) -> dict[str, Any]:
    """A repository, as runs mention it."""
    url = api_url(world, repository)
    return {
        "id": repository.id,
        "node_id": f"R_{repository.id}",
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": user_view(world, repository.owner),
        "private": repository.private,
        "html_url": web_url(world, repository),
        "description": None,
        "fork": False,
        "url": url,
    } | {name: f"{url}/{name.removesuffix('_url')}" for name in _OF_A_REPOSITORY}


def api_url(world: World, repository: Repository) -> str:
    """Where the API has a repository."""
    return f"{world.addresses.api}/repos/{repository.full_name}"


def web_url(world: World, repository: Repository) -> str:
    """Where people see a repository."""
    return f"{world.addresses.web}/{repository.full_name}"
