"""What is known of a token without using it."""

from __future__ import annotations

import pytest

from core.errors import GitHubRefused
from doubles.github import GitHub, Status
from tests.github import make_client


def test_the_scopes_of_a_classic_token_are_those_that_github_names(github: GitHub) -> None:
    github.plant(Status(status=200, headers={"X-OAuth-Scopes": "gist, repo, workflow"}), path="/rate_limit")
    assert make_client(github, github.token()).token_scopes() == frozenset({"gist", "repo", "workflow"})


def test_a_classic_token_for_nothing_has_no_scopes(github: GitHub) -> None:
    github.plant(Status(status=200, headers={"X-OAuth-Scopes": ""}), path="/rate_limit")
    assert make_client(github, github.token()).token_scopes() == frozenset()


def test_other_tokens_do_not_tell(github: GitHub) -> None:
    assert make_client(github, github.token()).token_scopes() is None


def test_a_token_that_is_not_valid_is_told(github: GitHub) -> None:
    with pytest.raises(GitHubRefused, match="set GITHUB_TOKEN to a token that has not expired"):
        make_client(github, "ghp_old").token_scopes()  # nobody's
