"""Filling the double with what GitHub's API does not make: repositories, commits, workflow files, tokens."""

from __future__ import annotations

import secrets
from datetime import datetime

from doubles.github.access import token_hash
from doubles.github.refusals import Unprocessable
from doubles.github.resources.refs import new_sha
from doubles.github.state import Commit, Issue, Repository, Token, Workflow
from doubles.github.world import World


def add_repository(world: World, full_name: str, *, private: bool = False, default_branch: str = "main") -> Repository:
    """
    A new repository with one commit.

    Raises:
        Unprocessable: if there is one of this name.
    """
    if full_name.lower() in world.state.repositories:
        raise Unprocessable(f"{full_name} is there already")
    owner, name = full_name.split("/")
    repository = Repository(
        id=world.new_id(),
        owner=owner,
        name=name,
        created_at=world.now,
        private=private,
        default_branch=default_branch,
    )
    world.state.repositories[full_name.lower()] = repository
    add_commit(world, repository)
    return repository


def add_commit(
    world: World,
    repository: Repository,
    *,
    sha: str | None = None,
    date: datetime | None = None,
    branch: str | None = None,
    changes_workflows: bool = False,
) -> Commit:
    """A commit on a branch, the default one if none is named; the branch points at it."""
    message = f"Commit {len(repository.commits) + 1}"
    commit = Commit(
        sha=sha or new_sha(repository, message),
        date=date or world.now,
        message=message,
        changes_workflows=changes_workflows,
    )
    repository.commits[commit.sha] = commit
    repository.refs[f"refs/heads/{branch or repository.default_branch}"] = commit.sha
    return commit


def add_workflow(world: World, repository: Repository, path: str, text: str) -> Workflow:
    """A workflow file, or its new text."""
    workflow = repository.workflow(path)
    if workflow is None:
        workflow = Workflow(id=world.new_id(), path=path, text=text, created_at=world.now, updated_at=world.now)
        repository.workflows[workflow.id] = workflow
    workflow.text, workflow.updated_at = text, world.now
    return workflow


def add_pull_request(world: World, repository: Repository, title: str, *, author: str = "octocat") -> Issue:
    """A pull request, of which the double knows what the list of issues shows."""
    number = max(repository.issues, default=0) + 1
    pull_request = Issue(
        id=world.new_id(),
        number=number,
        title=title,
        author=author,
        created_at=world.now,
        updated_at=world.now,
        pull_request=True,
    )
    repository.issues[number] = pull_request
    return pull_request


def add_token(world: World, token: Token, value: str | None = None) -> str:
    """A token with these permissions; the double keeps its hash only."""
    kind = "ghs" if token.kind == "installation" else "ghp"
    value = value or f"{kind}_{secrets.token_hex(18)}"
    world.state.tokens[token_hash(value)] = token
    return value
