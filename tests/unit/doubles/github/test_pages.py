from __future__ import annotations

import urllib.request
from datetime import timedelta
from urllib.error import HTTPError

import pytest
import requests

from doubles.github import GitHub
from tests.github import REPOSITORY, TIMEOUT_S, Caller

OCTETS = {"Accept": "application/octet-stream"}


@pytest.fixture
def location(owner: Caller) -> str:
    """A signed address of an asset whose content is `model`."""
    [asset] = owner.released(content=b"model")["assets"]
    return owner.ask("GET", asset["url"], headers=OCTETS, follow=False).headers["Location"]


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=TIMEOUT_S)


def test_a_signed_address_needs_no_token(location: str) -> None:
    assert get(location).content == b"model"


def test_a_token_at_a_signed_address_is_refused_and_counts_as_a_leak(github: GitHub, location: str) -> None:
    response = get(location, Authorization="Bearer secret")
    assert response.status_code == 400
    assert "Only one auth mechanism allowed" in response.text
    assert [leak.site for leak in github.leaks] == ["assets"]
    github.leaks.clear()


def test_a_client_that_takes_its_token_along_a_redirect_is_caught(github: GitHub, owner: Caller) -> None:
    [asset] = owner.released()["assets"]
    headers = {"Authorization": f"Bearer {owner.token}"} | OCTETS
    request = urllib.request.Request(asset["url"], headers=headers)  # noqa: S310  # the address is the double's own
    with pytest.raises(HTTPError) as refused, urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310  # as above
        pass
    refused.value.close()
    assert (refused.value.code, len(github.leaks)) == (400, 1)
    github.leaks.clear()


def test_a_token_is_never_kept_in_a_record(github: GitHub, location: str) -> None:
    get(location, Authorization="Bearer secret")
    assert "secret" not in repr(github.records)
    github.leaks.clear()


def test_a_signed_address_expires(github: GitHub, location: str) -> None:
    github.advance_clock(timedelta(minutes=6))
    assert get(location).status_code == 403


def test_a_signature_is_for_one_asset(location: str) -> None:
    assert get(location.replace("model.onnx", "model.json")).status_code == 403


def test_a_public_release_is_downloaded_from_its_page_without_a_token(github: GitHub, owner: Caller) -> None:
    owner.released("model-v1.0.0", content=b"model")
    url = f"{github.server_url}/{REPOSITORY}/releases/download/model-v1.0.0/model.onnx"
    assert get(url).content == b"model"


def test_a_download_from_a_page_is_no_call_of_the_api(github: GitHub, owner: Caller) -> None:
    [asset] = owner.released()["assets"]
    before = len([call for call in github.calls if call.site == "api"])
    get(asset["browser_download_url"])
    assert len([call for call in github.calls if call.site == "api"]) == before


def test_a_private_release_is_not_found_without_a_token(github: GitHub, owner: Caller) -> None:
    [asset] = owner.released()["assets"]
    github.repository(REPOSITORY).private = True
    assert get(asset["browser_download_url"]).status_code == 404
    assert get(asset["browser_download_url"], Authorization=f"Bearer {owner.token}").content == b"model"


def test_a_draft_is_not_found_on_its_page(owner: Caller, github: GitHub) -> None:
    owner.upload(owner.draft("model-v1.0.0"))
    url = f"{github.server_url}/{REPOSITORY}/releases/download/model-v1.0.0/model.onnx"
    assert get(url).status_code == 404


def test_another_page_is_an_unknown_call(github: GitHub) -> None:
    assert get(f"{github.server_url}/{REPOSITORY}").status_code == 404
    assert [violation.reason for violation in github.violations] == ["unknown call"]
    github.violations.clear()


def test_downloads_are_counted(location: str, owner: Caller) -> None:
    get(location)
    [release] = owner.ask("GET", "releases").json()
    assert release["assets"][0]["download_count"] == 1
