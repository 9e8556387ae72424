from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread

import pytest
import requests

from doubles.github import (
    AnswerLost,
    Before,
    CutDownload,
    CutUpload,
    GitHub,
    Slow,
    Status,
    Truncated,
    WrongByte,
    WrongDigest,
)
from doubles.github.faults import Faults, Planted
from tests.github import Caller, made, refusal

UPLOADS = "/repos/*/releases/*/assets"


@pytest.fixture
def download(github: GitHub, owner: Caller) -> str:
    """The address of an asset whose content is `0123456789`."""
    [asset] = owner.released(content=b"0123456789")["assets"]
    github.calls.clear()
    return str(asset["browser_download_url"])


def fetch(url: str) -> requests.Response:
    return requests.get(url, timeout=10)


def names(caller: Caller, release: dict[str, str]) -> list[tuple[str, str]]:
    return [(asset["name"], asset["state"]) for asset in caller.ask("GET", release["assets_url"]).json()]


class TestWhichCallsAreStruck:
    """The order and number of strikes."""

    def test_a_fault_strikes_once_unless_told_otherwise(self) -> None:
        faults = Faults()
        faults.plant(Planted(fault=Status(status=500)))
        assert [faults.strike("api", "GET", "/rate_limit") for _ in range(2)] == [Status(status=500), None]

    def test_a_fault_lets_the_first_calls_pass_if_told_to(self) -> None:
        faults = Faults()
        faults.plant(Planted(fault=AnswerLost(), skip=1, times=2))
        struck = [faults.strike("api", "GET", "/rate_limit") is not None for _ in range(4)]
        assert struck == [False, True, True, False]

    def test_a_call_meets_the_fault_that_was_planted_first(self) -> None:
        faults = Faults()
        faults.plant(Planted(fault=Status(status=502)))
        faults.plant(Planted(fault=Status(status=503)))
        assert [faults.strike("api", "GET", "/") for _ in range(2)] == [Status(status=502), Status(status=503)]

    @pytest.mark.parametrize(
        ("method", "path", "site"), [("POST", "*", "*"), ("*", "/repos/*", "*"), ("*", "*", "uploads")]
    )
    def test_a_fault_waits_for_its_method_path_and_host(self, method: str, path: str, site: str) -> None:
        faults = Faults()
        faults.plant(Planted(fault=AnswerLost(), method=method, path=path, site=site))
        assert faults.strike("api", "GET", "/rate_limit") is None
        assert faults.waiting == 1

    def test_faults_can_be_cleared(self) -> None:
        faults = Faults()
        faults.plant(Planted(fault=AnswerLost()))
        faults.clear()
        assert faults.strike("api", "GET", "/") is None


def test_a_planted_status_is_answered_and_nothing_is_done(github: GitHub, owner: Caller) -> None:
    github.plant(Status(status=500, body="oh"), method="POST", path="/repos/*/issues")
    response = owner.ask("POST", "issues", {"title": "Drift"})
    assert (response.status_code, response.text) == (500, "oh")
    assert owner.ask("GET", "issues").json() == []


def test_a_planted_status_brings_its_headers(github: GitHub, owner: Caller) -> None:
    github.plant(Status(status=429, headers={"retry-after": "7"}))
    response = owner.ask("GET", "releases")
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_an_upload_that_fails_may_leave_a_stub_whose_name_is_taken(github: GitHub, owner: Caller) -> None:
    draft = owner.draft()
    github.plant(Status(status=502, leaves_starter=True), path=UPLOADS, site="uploads")
    assert owner.upload(draft).status_code == 502
    assert names(owner, draft) == [("model.onnx", "starter")]
    assert refusal(owner.upload(draft)) == (422, "already_exists")


def test_a_stub_can_be_deleted_and_uploaded_again(github: GitHub, owner: Caller) -> None:
    draft = owner.draft()
    github.plant(Status(status=502, leaves_starter=True), path=UPLOADS, site="uploads")
    owner.upload(draft)
    [stub] = owner.ask("GET", draft["assets_url"]).json()
    assert (stub["size"], stub["digest"]) == (0, None)
    assert owner.ask("DELETE", stub["url"]).status_code == 204
    assert owner.upload(draft).status_code == 201


@pytest.mark.parametrize(("leaves_starter", "left"), [(True, [("model.onnx", "starter")]), (False, [])])
def test_an_uploads_connection_breaks_after_some_bytes(
    github: GitHub, owner: Caller, leaves_starter: bool, left: list[tuple[str, str]]
) -> None:
    draft = owner.draft()
    github.plant(CutUpload(after=1000, leaves_starter=leaves_starter), site="uploads")
    with pytest.raises(requests.ConnectionError):
        owner.upload(draft, content=b"x" * 10_000_000)
    assert names(owner, draft) == left
    assert github.calls[-2].status == 0


def test_a_downloads_connection_breaks_after_some_bytes(github: GitHub, download: str) -> None:
    github.plant(CutDownload(after=4), site="assets")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        fetch(download)


def test_the_bytes_before_the_break_have_arrived(github: GitHub, download: str) -> None:
    github.plant(CutDownload(after=4), site="assets")
    arrived: list[bytes] = []
    with requests.get(download, timeout=10, stream=True) as response:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            arrived.extend(response.iter_content(1))
        assert response.headers["Content-Length"] == "10"
    assert b"".join(arrived) == b"0123"


def test_a_truncated_asset_looks_whole(github: GitHub, download: str) -> None:
    github.plant(Truncated(to=4), site="assets")
    response = fetch(download)
    assert (response.content, response.headers["Content-Length"]) == (b"0123", "4")


def test_one_byte_of_a_download_is_wrong(github: GitHub, download: str) -> None:
    github.plant(WrongByte(at=3), path="*/model.onnx", site="assets")
    assert fetch(download).content == b"012\xcc456789"


@pytest.mark.parametrize("digest", [None, "sha256:0"])
def test_the_digest_of_an_asset_is_wrong_or_null(github: GitHub, owner: Caller, digest: str | None) -> None:
    owner.released("model-v1.0.0")
    github.plant(WrongDigest(digest=digest))
    [asset] = made(owner.ask("GET", "releases/tags/model-v1.0.0"))["assets"]
    assert asset["digest"] == digest


def test_the_digest_of_one_asset_may_be_wrong_alone(github: GitHub, owner: Caller) -> None:
    draft = owner.draft()
    for name in ("model.onnx", "manifest.json"):
        owner.upload(draft, name=name)
    github.plant(WrongDigest(digest=None, name="model.onnx"))
    found = {asset["name"]: asset["digest"] for asset in owner.ask("GET", draft["assets_url"]).json()}
    assert found["model.onnx"] is None
    assert found["manifest.json"] is not None


def test_a_slow_answer_comes_too_late_for_the_caller_though_all_was_done(github: GitHub, owner: Caller) -> None:
    github.plant(Slow(seconds=60), method="POST")
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{github.api_url}/repos/acme/forecast/issues",
            json={"title": "Drift"},
            headers={"Authorization": f"Bearer {owner.token}"},
            timeout=0.2,
        )
    assert len(owner.ask("GET", "issues").json()) == 1


def test_slow_answers_do_not_hold_up_the_end() -> None:
    with GitHub() as github:
        github.plant(Slow(seconds=60))
        caller = Thread(target=fetch, args=[f"{github.api_url}/rate_limit"])
        caller.start()
        until(lambda: len(github.calls) == 1)
        began = time.monotonic()
    caller.join()
    assert time.monotonic() - began < 10


def test_an_answer_is_lost_though_the_asset_was_stored(github: GitHub, owner: Caller) -> None:
    draft = owner.draft()
    github.plant(AnswerLost(), site="uploads")
    with pytest.raises(requests.ConnectionError):
        owner.upload(draft)
    assert names(owner, draft) == [("model.onnx", "uploaded")]


def test_something_else_happens_just_before(github: GitHub, owner: Caller) -> None:
    mine, others = owner.draft("model-v1.0.0"), owner.draft("model-v1.0.0")
    github.plant(Before(action=lambda: made(owner.publish(others))), method="PATCH", path=f"*/{mine['id']}")
    assert refusal(owner.publish(mine)) == (422, "already_exists")


def until(happened: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)
