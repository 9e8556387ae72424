from __future__ import annotations

import hashlib

import pytest
import requests

from doubles.github import GitHub, Status
from doubles.github.resources.assets import github_name
from tests.github import TIMEOUT_S, Caller, made, refusal


def test_an_asset_tells_its_size_and_digest(owner: Caller) -> None:
    asset = made(owner.upload(owner.draft(), content=b"model"))
    assert (asset["size"], asset["digest"]) == (5, f"sha256:{hashlib.sha256(b'model').hexdigest()}")
    assert asset["state"] == "uploaded"


def test_an_asset_of_the_same_name_is_refused(owner: Caller) -> None:
    draft = owner.draft()
    owner.upload(draft, name="model.onnx")
    assert refusal(owner.upload(draft, name="model.onnx")) == (422, "already_exists")


def test_a_name_is_free_again_when_its_asset_was_deleted(owner: Caller) -> None:
    draft = owner.draft()
    asset = made(owner.upload(draft))
    assert owner.ask("DELETE", asset["url"]).status_code == 204
    assert owner.upload(draft).status_code == 201


def test_an_empty_asset_is_refused(owner: Caller) -> None:
    response = owner.upload(owner.draft(), content=b"")
    assert refusal(response) == (422, "size must be greater than or equal to 1")


def test_an_upload_that_does_not_tell_its_length_is_refused(owner: Caller) -> None:
    url = owner.draft()["upload_url"].partition("{")[0]
    response = requests.post(
        url,
        params={"name": "model.onnx"},
        data=iter([b"mo", b"del"]),
        headers={"Authorization": f"Bearer {owner.token}", "Content-Type": "application/octet-stream"},
        timeout=TIMEOUT_S,
    )
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("model.onnx", "model.onnx"),
        ("model card (final).md", "model.card.final.md"),
        (".hidden", "hidden"),
        ("größe.json", "gr.e.json"),
        ("a+b~c.json", "a+b.c.json"),
    ],
)
def test_names_with_special_characters_are_changed(given: str, kept: str) -> None:
    assert github_name(given) == kept


def test_the_changed_name_is_the_one_that_is_answered(owner: Caller) -> None:
    asset = made(owner.upload(owner.draft(), name="model card.md"))
    assert asset["name"] == "model.card.md"


def test_an_asset_can_be_renamed_but_not_to_a_name_that_is_taken(owner: Caller) -> None:
    draft = owner.draft()
    asset = made(owner.upload(draft, name="a.json"))
    owner.upload(draft, name="b.json")
    assert made(owner.ask("PATCH", asset["url"], {"name": "c.json"}))["name"] == "c.json"
    assert refusal(owner.ask("PATCH", asset["url"], {"name": "b.json"})) == (422, "already_exists")


def test_an_asset_is_downloaded_from_another_host(owner: Caller) -> None:
    asset = made(owner.upload(owner.draft(), content=b"model"))
    redirect = owner.ask("GET", asset["url"], headers={"Accept": "application/octet-stream"}, follow=False)
    assert redirect.status_code == 302
    assert redirect.headers["Location"].startswith("http://localhost:")
    followed = owner.ask("GET", asset["url"], headers={"Accept": "application/octet-stream"})
    assert followed.content == b"model"


def test_an_asset_without_content_cannot_be_downloaded(github: GitHub, owner: Caller) -> None:
    draft = owner.draft()
    github.plant(Status(status=502, leaves_starter=True), site="uploads")
    owner.upload(draft)
    [stub] = owner.ask("GET", draft["assets_url"]).json()
    assert owner.ask("GET", stub["url"], headers={"Accept": "application/octet-stream"}).status_code == 404


def test_uploads_are_called_with_the_token(github: GitHub, owner: Caller) -> None:
    owner.upload(owner.draft())
    assert [call.with_token for call in github.calls if call.site == "uploads"] == [True]
