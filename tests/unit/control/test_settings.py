"""What the control plane's commands read from the environment."""

from __future__ import annotations

import pytest

from control.settings import read_settings
from core.errors import SettingsError
from core.github.settings import GitHubSettings


def settings(repository: str | None = None, origin: str | None = None, **environment: str) -> GitHubSettings:
    return read_settings(environment, repository=repository, origin=lambda: origin)


@pytest.mark.parametrize(
    ("asked", "named", "origin", "chosen"),
    [
        ("a/asked", "b/named", "c/origin", "a/asked"),
        (None, "b/named", "c/origin", "b/named"),
        (None, "", "c/origin", "c/origin"),
    ],
)
def test_the_repository_is_what_was_asked_for_or_named_or_that_of_the_checkout(
    asked: str | None, named: str, origin: str, chosen: str
) -> None:
    assert settings(asked, origin, GITHUB_REPOSITORY=named).repository == chosen


def test_without_any_repository_the_error_says_how_to_give_one() -> None:
    with pytest.raises(SettingsError, match="use --repository OWNER/NAME"):
        settings()


def test_a_malformed_repository_is_told() -> None:
    with pytest.raises(SettingsError, match="GITHUB_REPOSITORY: takes OWNER/NAME, found 'forecast'"):
        settings(GITHUB_REPOSITORY="forecast")


def test_a_malformed_way_to_github_is_told() -> None:
    with pytest.raises(SettingsError, match="needs GITHUB_API_URL to be an https URL"):
        settings("a/b", GITHUB_API_URL="http://api.example")


def test_the_token_is_not_shown() -> None:
    assert "ghp_secret" not in repr(settings("a/b", GITHUB_TOKEN="ghp_secret"))  # noqa: S106  # nobody's
