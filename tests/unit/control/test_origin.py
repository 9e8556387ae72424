"""The repository that a git remote leads to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from control.origin import origin_of, repository_of

GITHUB = "https://github.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/forecast",
        "https://github.com/acme/forecast.git",
        "https://github.com/acme/forecast/",
        "https://x-access-token:secret@github.com/acme/forecast.git",
        "git@github.com:acme/forecast.git",
        "github.com:acme/forecast",
        "ssh://git@github.com/acme/forecast.git",
        "ssh://git@github.com:22/acme/forecast.git",
        "git://github.com/acme/forecast.git",
    ],
)
def test_every_way_to_write_a_remote_is_understood(url: str) -> None:
    assert repository_of(url, GITHUB) == "acme/forecast"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/git/forecast.git",
        "../forecast",
        "C:/acme/forecast",
        "https://gitlab.com/acme/forecast",
        "git@gitlab.com:acme/forecast.git",
        "https://github.com.example/acme/forecast",
        "https://github.com/acme",
        "https://github.com/acme/forecast/tree/main",
        "http://[",
    ],
)
def test_what_leads_elsewhere_is_no_repository_of_github(url: str) -> None:
    assert repository_of(url, GITHUB) is None


def test_another_server_has_repositories_of_its_own() -> None:
    assert repository_of("git@git.example:acme/forecast.git", "https://git.example") == "acme/forecast"


def test_the_origin_of_a_checkout_is_asked_of_git(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    assert origin_of(tmp_path, GITHUB) is None
    command = ["git", "remote", "add", "origin", "git@github.com:acme/forecast.git"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert origin_of(tmp_path, GITHUB) == "acme/forecast"


def test_a_folder_outside_of_git_has_no_origin(tmp_path: Path) -> None:
    assert origin_of(tmp_path, GITHUB) is None


def test_without_git_there_is_no_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert origin_of(tmp_path, GITHUB) is None
