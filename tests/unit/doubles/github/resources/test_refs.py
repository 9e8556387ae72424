from __future__ import annotations

import pytest

from doubles.github import GitHub
from tests.github import REPOSITORY, Caller, made, refusal


def test_a_commit_is_found_by_branch_tag_and_sha(github: GitHub, owner: Caller) -> None:
    owner.released("model-v1.0.0")
    sha = github.repository(REPOSITORY).head.sha
    found = {made(owner.ask("GET", f"commits/{name}"))["sha"] for name in ("main", "model-v1.0.0", sha)}
    assert found == {sha}


def test_the_sha_alone_can_be_asked_for(github: GitHub, owner: Caller) -> None:
    response = owner.ask("GET", "commits/main", headers={"Accept": "application/vnd.github.sha"})
    assert response.text == github.repository(REPOSITORY).head.sha


def test_a_commit_that_is_not_there_is_refused(owner: Caller) -> None:
    assert owner.ask("GET", "commits/nowhere").status_code == 422


def test_a_ref_that_exists_is_refused(github: GitHub, owner: Caller) -> None:
    wish = {"ref": "refs/tags/model-v1.0.0", "sha": github.repository(REPOSITORY).head.sha}
    assert owner.ask("POST", "git/refs", wish).status_code == 201
    assert refusal(owner.ask("POST", "git/refs", wish)) == (422, "Reference already exists")


@pytest.mark.parametrize("ref", ["model-v1.0.0", "refs/model-v1.0.0"])
def test_a_ref_needs_its_whole_name(github: GitHub, owner: Caller, ref: str) -> None:
    wish = {"ref": ref, "sha": github.repository(REPOSITORY).head.sha}
    assert owner.ask("POST", "git/refs", wish).status_code == 422


def test_a_ref_to_nothing_is_refused(owner: Caller) -> None:
    response = owner.ask("POST", "git/refs", {"ref": "refs/tags/model-v1.0.0", "sha": "0" * 40})
    assert refusal(response) == (422, "Object does not exist")


def test_the_tag_of_a_deleted_immutable_release_cannot_be_made(github: GitHub, owner: Caller) -> None:
    github.repository(REPOSITORY).spent_tags.append("model-v1.0.0")
    wish = {"ref": "refs/tags/model-v1.0.0", "sha": github.repository(REPOSITORY).head.sha}
    assert "restricted" in refusal(owner.ask("POST", "git/refs", wish))[1]
