from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from doubles.github import GitHub
from tests.github import EVERYTHING, REPOSITORY, Caller, made


def test_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with GitHub(tmp_path) as github:
        github.add_repository(REPOSITORY)
        token = github.token(**EVERYTHING)
        owner = Caller(github=github, token=token)
        owner.released("model-v1.0.0", content=b"model")
        number = owner.issue(labels=["drift-alert"])["number"]
    with GitHub(tmp_path) as again:
        owner = Caller(github=again, token=token)
        [asset] = made(owner.ask("GET", "releases/tags/model-v1.0.0"))["assets"]
        content = owner.ask("GET", asset["url"], headers={"Accept": "application/octet-stream"}).content
        assert content == b"model"
        assert made(owner.ask("GET", f"issues/{number}"))["labels"][0]["name"] == "drift-alert"
        assert again.violations == []


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    with GitHub(tmp_path) as github:
        first = github.add_repository("acme/forecast").id
    with GitHub(tmp_path) as again:
        assert again.add_repository("acme/churn").id > first


def test_two_can_run_side_by_side() -> None:
    with GitHub() as one, GitHub() as other:
        one.add_repository(REPOSITORY)
        assert Caller(github=one).ask("GET", "releases").status_code == 200
        assert Caller(github=other).ask("GET", "releases").status_code == 404


def test_many_callers_at_once_get_numbers_of_their_own(owner: Caller) -> None:
    with ThreadPoolExecutor(8) as threads:
        issues = list(threads.map(lambda _: owner.issue(), range(40)))
    assert sorted(issue["number"] for issue in issues) == list(range(1, 41))


def test_a_call_is_recorded_with_its_host_and_whether_a_token_came(github: GitHub, owner: Caller) -> None:
    owner.ask("GET", "releases", query={"per_page": "5"})
    [call] = github.calls
    assert (call.site, call.method, call.path, call.query) == (
        "api",
        "GET",
        "/repos/acme/forecast/releases",
        "per_page=5",
    )
    assert (call.status, call.with_token) == (200, True)
    assert f"http://{call.host}" == github.api_url


def test_a_release_of_seven_files_takes_less_than_a_second(owner: Caller) -> None:
    began = time.perf_counter()
    draft = owner.draft()
    for number in range(7):
        made(owner.upload(draft, name=f"{number}.bin", content=bytes(100_000)))
    made(owner.publish(draft))
    assert time.perf_counter() - began < 1
