from __future__ import annotations

from datetime import UTC, datetime

import pytest

from doubles.github import GitHub
from tests.github import REPOSITORY, Caller, made, refusal

OLD, YOUNG = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def visitor(github: GitHub) -> Caller:
    return Caller(github=github)


def test_publishing_makes_the_tag_on_the_target(github: GitHub, owner: Caller) -> None:
    sha = github.add_commit(REPOSITORY).sha
    github.add_commit(REPOSITORY)
    owner.released("model-v1.0.0", target_commitish=sha)
    assert made(owner.ask("GET", "git/ref/tags/model-v1.0.0"))["object"]["sha"] == sha


def test_a_draft_makes_no_tag(owner: Caller) -> None:
    owner.draft("model-v1.0.0")
    assert owner.ask("GET", "git/ref/tags/model-v1.0.0").status_code == 404


def test_a_tag_that_exists_stays_where_it_is(github: GitHub, owner: Caller) -> None:
    sha = github.repository(REPOSITORY).head.sha
    made(owner.ask("POST", "git/refs", {"ref": "refs/tags/model-v1.0.0", "sha": sha}))
    github.add_commit(REPOSITORY)
    owner.released("model-v1.0.0")
    assert made(owner.ask("GET", "git/ref/tags/model-v1.0.0"))["object"]["sha"] == sha


def test_several_drafts_may_name_the_same_tag(owner: Caller) -> None:
    first, second = owner.draft("model-v1.0.0"), owner.draft("model-v1.0.0")
    assert first["id"] != second["id"]


def test_a_second_release_of_a_tag_is_refused(owner: Caller) -> None:
    owner.released("model-v1.0.0")
    response = owner.ask("POST", "releases", {"tag_name": "model-v1.0.0"})
    assert refusal(response) == (422, "already_exists")


def test_publishing_a_second_draft_of_a_tag_is_refused_and_leaves_it_a_draft(owner: Caller) -> None:
    late = owner.draft("model-v1.0.0")
    owner.released("model-v1.0.0")
    assert refusal(owner.publish(late)) == (422, "already_exists")
    assert made(owner.ask("GET", late["url"]))["draft"]


def test_a_release_of_a_target_that_is_not_there_is_refused(owner: Caller) -> None:
    response = owner.ask("POST", "releases", {"tag_name": "model-v1.0.0", "target_commitish": "nowhere"})
    assert refusal(response) == (422, "invalid")


def test_a_draft_is_not_found_by_its_tag(owner: Caller) -> None:
    owner.draft("model-v1.0.0")
    assert owner.ask("GET", "releases/tags/model-v1.0.0").status_code == 404


def test_drafts_are_invisible_without_push_access(owner: Caller, visitor: Caller) -> None:
    draft = owner.draft()
    assert visitor.ask("GET", draft["url"]).status_code == 404
    assert visitor.ask("GET", "releases").json() == []
    assert [release["id"] for release in owner.ask("GET", "releases").json()] == [draft["id"]]


def test_the_assets_of_a_draft_are_invisible_without_push_access(owner: Caller, visitor: Caller) -> None:
    draft = owner.draft()
    asset = made(owner.upload(draft))
    assert visitor.ask("GET", asset["url"]).status_code == 404
    assert visitor.ask("GET", draft["assets_url"]).status_code == 404


def test_releases_are_listed_from_the_newest(owner: Caller) -> None:
    tags = ["model-v1.0.0", "model-v1.1.0", "model-v1.2.0"]
    for tag in tags:
        owner.released(tag)
    assert [release["tag_name"] for release in owner.ask("GET", "releases").json()] == tags[::-1]


def test_a_release_is_as_old_as_its_commit(github: GitHub, owner: Caller) -> None:
    github.add_commit(REPOSITORY, date=OLD)
    assert owner.released()["created_at"] == "2026-01-01T00:00:00Z"


def test_the_latest_release_is_that_of_the_youngest_commit_and_not_the_one_published_last(
    github: GitHub, owner: Caller
) -> None:
    old = github.add_commit(REPOSITORY, date=OLD).sha
    young = github.add_commit(REPOSITORY, date=YOUNG).sha
    made(owner.publish(owner.draft("model-v1.0.0", target_commitish=young), make_latest="false"))
    made(owner.publish(owner.draft("model-v1.1.0", target_commitish=old), make_latest="false"))
    assert made(owner.ask("GET", "releases/latest"))["tag_name"] == "model-v1.0.0"


def test_the_latest_release_is_the_one_that_was_marked(owner: Caller) -> None:
    owner.released("model-v1.0.0")
    made(owner.publish(owner.draft("model-v1.1.0"), make_latest="false"))
    assert made(owner.ask("GET", "releases/latest"))["tag_name"] == "model-v1.0.0"


def test_a_prerelease_is_never_the_latest(owner: Caller) -> None:
    owner.released(prerelease=True)
    assert owner.ask("GET", "releases/latest").status_code == 404


def test_deleting_a_release_leaves_its_tag(owner: Caller) -> None:
    release = owner.released("model-v1.0.0")
    assert owner.ask("DELETE", release["url"]).status_code == 204
    assert owner.ask("GET", "git/ref/tags/model-v1.0.0").ok
    assert owner.released("model-v1.0.0")["tag_name"] == "model-v1.0.0"


class TestImmutable:
    """Releases that are published while the repository's setting is on."""

    @pytest.fixture(autouse=True)
    def _immutable(self, owner: Caller) -> None:
        assert owner.ask("PUT", "immutable-releases").status_code == 204

    def test_a_release_says_so(self, owner: Caller) -> None:
        assert owner.released()["immutable"]

    def test_a_release_from_before_stays_as_it_was(self, owner: Caller) -> None:
        owner.ask("DELETE", "immutable-releases")
        release = owner.released()
        owner.ask("PUT", "immutable-releases")
        assert not made(owner.ask("GET", release["url"]))["immutable"]

    def test_a_draft_still_takes_assets(self, owner: Caller) -> None:
        assert owner.upload(owner.draft()).status_code == 201

    def test_assets_cannot_be_added(self, owner: Caller) -> None:
        response = owner.upload(owner.released(), name="late.json")
        assert refusal(response) == (422, "Cannot upload assets to an immutable release.")

    def test_assets_cannot_be_deleted(self, owner: Caller) -> None:
        [asset] = owner.released()["assets"]
        assert owner.ask("DELETE", asset["url"]).status_code == 422

    def test_assets_cannot_be_renamed(self, owner: Caller) -> None:
        [asset] = owner.released()["assets"]
        assert owner.ask("PATCH", asset["url"], {"name": "other.onnx"}).status_code == 422

    def test_only_title_and_notes_can_change(self, owner: Caller) -> None:
        release = owner.released(prerelease=True)
        assert owner.ask("PATCH", release["url"], {"prerelease": False}).status_code == 422
        assert made(owner.ask("PATCH", release["url"], {"body": "Withdrawn"}))["body"] == "Withdrawn"

    def test_the_tag_of_a_deleted_one_can_never_be_used_again(self, owner: Caller) -> None:
        release = owner.released("model-v1.0.0")
        owner.ask("DELETE", release["url"])
        owner.ask("DELETE", "immutable-releases")
        response = owner.ask("POST", "releases", {"tag_name": "model-v1.0.0"})
        assert refusal(response) == (422, "tag_name was used by an immutable release")


def test_a_commit_that_changes_workflows_cannot_be_released_by_a_workflows_token(github: GitHub) -> None:
    sha = github.add_commit(REPOSITORY, branch="bot", changes_workflows=True).sha
    workflow = Caller(github=github, token=github.token(contents="write"))
    response = workflow.ask("POST", "releases", {"tag_name": "model-v1.0.0", "target_commitish": sha})
    assert refusal(response) == (403, "Resource not accessible by integration")
