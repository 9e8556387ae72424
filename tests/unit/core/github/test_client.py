"""The client: pages, what did not change, waits, and where the token goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import GitHubAway, GitHubRefused
from core.github.client import GitHub
from core.github.release import Release, releases_of
from core.github.settings import GitHubSettings
from core.github.transport import Transport
from doubles import github as double
from tests.github import REPOSITORY, Caller, make_client


def token(github: double.GitHub) -> str:
    return github.token(contents="write", issues="write")


def release(github_client: GitHub, number: int) -> None:
    github_client.send("POST", "releases", body={"tag_name": f"v1.0.{number}", "draft": True})


def test_every_page_is_read(github: double.GitHub, github_client: GitHub) -> None:
    for number in range(7):
        release(github_client, number)
    before = len(github.calls)
    found = list(github_client.pages(Release, "releases", per_page=3))
    assert sorted(each.tag_name for each in found) == [f"v1.0.{number}" for number in range(7)]
    assert len(github.calls) == before + 3


def test_what_did_not_change_costs_nothing_of_the_allowance(github: double.GitHub, github_client: GitHub) -> None:
    release(github_client, 1)
    first = list(releases_of(github_client))
    assert list(releases_of(github_client)) == first
    assert [call.status for call in github.calls][-2:] == [200, 304]
    release(github_client, 2)
    assert len(list(releases_of(github_client))) == 2


def test_a_call_waits_as_long_as_it_is_told_and_no_longer_than_its_patience(github: double.GitHub) -> None:
    waits: list[float] = []
    settings = make_client(github, token(github)).settings
    client = GitHub(settings, Transport(settings, patience_s=50, sleep=waits.append))
    github.plant(double.Status(status=429, headers={"retry-after": "20"}))
    assert list(releases_of(client)) == []
    assert len(waits) == 1
    assert 20 <= waits[0] <= 24
    github.plant(double.Status(status=429, headers={"retry-after": "3600"}))
    with pytest.raises(GitHubRefused, match="too much was asked of it; try again later") as caught:
        list(releases_of(client))
    assert caught.value.is_limited
    assert len(waits) == 1


def test_who_is_not_told_how_long_to_wait_waits_a_minute(github: double.GitHub) -> None:
    waits: list[float] = []
    settings = make_client(github, token(github)).settings
    client = GitHub(settings, Transport(settings, sleep=waits.append))
    github.plant(double.Status(status=429))
    assert list(releases_of(client)) == []
    assert len(waits) == 1
    assert 60 <= waits[0] <= 70


def test_a_change_to_a_repository_that_moved_is_not_taken_for_done(
    github: double.GitHub, github_client: GitHub
) -> None:
    moved = double.Status(status=307, headers={"location": f"{github.api_url}/repositories/7/releases"})
    github.plant(moved, method="POST")
    with pytest.raises(GitHubRefused, match="the repository was renamed or moved; use its new name"):
        release(github_client, 1)


def test_the_rest_of_a_list_is_not_fetched_from_elsewhere_and_not_passed_over(
    github: double.GitHub, github_client: GitHub
) -> None:
    elsewhere = {"link": '<https://evil.example/repos?page=2>; rel="next"', "content-type": "application/json"}
    github.plant(double.Status(status=200, body="[]", headers=elsewhere))
    with pytest.raises(GitHubAway, match="it names another host for the rest of the list"):
        list(releases_of(github_client))


def test_a_stranger_who_asked_too_much_is_told_that_a_token_helps(github: double.GitHub) -> None:
    limited = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999"}
    github.plant(double.Status(status=403, headers=limited))
    with pytest.raises(GitHubRefused, match="try again later, or set GITHUB_TOKEN"):
        list(releases_of(make_client(github)))


def test_nobody_there_is_told_so() -> None:
    settings = GitHubSettings(repository=REPOSITORY, api_url="http://127.0.0.1:9", token="")
    client = GitHub(settings, Transport(settings, sleep=lambda _: None))
    with pytest.raises(GitHubAway, match="it cannot be reached, or cut the connection; try again later"):
        list(releases_of(client))


def test_an_answer_that_is_not_what_it_should_be_is_told_so(github: double.GitHub, github_client: GitHub) -> None:
    github.plant(double.Status(status=200, body="<html>a captive portal</html>"))
    with pytest.raises(GitHubAway, match="its answer cannot be read"):
        list(releases_of(github_client))


def test_the_token_goes_to_the_api_and_to_uploads_only(
    github: double.GitHub, github_client: GitHub, tmp_path: Path
) -> None:
    Caller(github=github, token=token(github)).released()
    (asset,) = github_client.get(Release, "releases", "tags", "model-v1.0.0").assets
    before = len(github.calls)
    assert b"".join(github_client.download(asset.url)) == b"model"
    assert [(call.site, call.with_token) for call in github.calls[before:]] == [("api", True), ("assets", False)]


def test_a_password_of_the_users_own_goes_nowhere(
    github: double.GitHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\nmachine localhost login ada password secret\n")
    netrc.chmod(0o600)
    Caller(github=github, token=token(github)).released()
    monkeypatch.setenv("NETRC", str(netrc))
    stranger = make_client(github)
    url = f"{github.server_url}/{REPOSITORY}/releases/download/model-v1.0.0/model.onnx"
    before = len(github.calls)
    assert b"".join(stranger.download(url)) == b"model"
    assert not any(call.with_token for call in github.calls[before:])


@pytest.mark.parametrize(
    ("api_url", "url", "is_ours"),
    [
        ("https://api.github.com", "https://api.github.com/repos", True),
        ("https://api.github.com", "https://uploads.github.com/repos", True),
        ("https://api.github.com", "http://api.github.com/repos", False),
        ("https://api.github.com", "https://github.com/acme", False),
        ("https://api.github.com", "https://release-assets.githubusercontent.com/a", False),
        ("https://api.github.com", "https://api.github.com.evil.example/repos", False),
        ("https://api.github.com", "https://uploads.evil.example/repos", False),
        ("https://api.github.com", "https://uploads.github.com:8443/repos", False),
        ("https://api.github.com", "https://api.github.com@evil.example/repos", False),
        ("https://ghe.acme.com/api/v3", "https://ghe.acme.com/api/uploads/repos", True),
        ("https://ghe.com/api/v3", "https://uploads.com/repos", False),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8081/upload", True),
        ("http://127.0.0.1:8080", "http://localhost:8081/upload", False),
    ],
)
def test_whose_a_url_is_is_told_by_its_host(api_url: str, url: str, is_ours: bool) -> None:
    transport = Transport(GitHubSettings(repository=REPOSITORY, api_url=api_url))
    assert transport.is_ours(url) is is_ours


def test_a_place_for_files_that_is_not_githubs_gets_none(
    github: double.GitHub, github_client: GitHub, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"model")
    before = len(github.calls)
    with pytest.raises(GitHubAway, match="does not belong to the API"):
        github_client.upload(Release, f"{github.assets_url}/upload", tmp_path / "model.onnx")
    assert len(github.calls) == before


def test_the_token_is_in_no_text(github: double.GitHub) -> None:
    secret = token(github)
    client = make_client(github, secret)
    said: list[Any] = [client, client.settings, repr(client.settings)]
    github.plant(double.Status(status=500), times=99)
    with pytest.raises(GitHubAway) as caught:
        list(releases_of(client))
    assert all(secret not in str(each) for each in [*said, caught.value, repr(caught.value)])
