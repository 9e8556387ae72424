from __future__ import annotations

import pytest
import requests

from doubles.github import GitHub
from tests.github import EVERYTHING, REPOSITORY, TIMEOUT_S, Caller, refusal

RELEASE = {"tag_name": "model-v1.0.0"}


@pytest.fixture
def visitor(github: GitHub) -> Caller:
    return Caller(github=github)


@pytest.fixture
def reader(github: GitHub) -> Caller:
    return Caller(github=github, token=github.token(contents="read"))


def test_a_wrong_token_is_refused_even_where_none_is_needed(github: GitHub) -> None:
    stranger = Caller(github=github, token="ghp_wrong")  # noqa: S106  # it is wrong
    assert refusal(stranger.ask("GET", "releases")) == (401, "Bad credentials")


def test_public_things_are_read_without_a_token(visitor: Caller) -> None:
    assert visitor.ask("GET", "releases").status_code == 200


def test_nothing_is_written_without_a_token(visitor: Caller) -> None:
    assert refusal(visitor.ask("POST", "releases", RELEASE)) == (401, "Requires authentication")


def test_a_workflows_token_that_lacks_a_permission_is_told_so(reader: Caller) -> None:
    assert refusal(reader.ask("POST", "releases", RELEASE)) == (403, "Resource not accessible by integration")


def test_a_persons_token_that_lacks_a_permission_is_told_so(github: GitHub) -> None:
    person = Caller(github=github, token=github.token(kind="user", contents="read"))
    response = person.ask("POST", "releases", RELEASE)
    assert refusal(response) == (403, "Resource not accessible by personal access token")


def test_settings_need_the_administrators_permission_even_to_be_read(github: GitHub, reader: Caller) -> None:
    github.repository(REPOSITORY).immutable_releases = True
    assert reader.ask("GET", "immutable-releases").status_code == 403


def test_a_private_repository_is_not_there_without_a_token(github: GitHub, visitor: Caller) -> None:
    github.repository(REPOSITORY).private = True
    assert visitor.ask("GET", "releases").status_code == 404


def test_a_private_repository_is_not_there_for_a_token_of_another(github: GitHub) -> None:
    github.repository(REPOSITORY).private = True
    other = Caller(github=github, token=github.token(repositories=["acme/other"], **EVERYTHING))
    assert other.ask("GET", "releases").status_code == 404


def test_a_private_repository_is_read_with_the_permission_only(github: GitHub, reader: Caller) -> None:
    github.repository(REPOSITORY).private = True
    assert reader.ask("GET", "releases").status_code == 200
    assert reader.ask("GET", "issues").status_code == 403


def test_a_repository_that_is_not_there_is_not_found(github: GitHub, owner: Caller) -> None:
    nowhere = Caller(github=github, token=owner.token, repository="acme/nowhere")
    assert nowhere.ask("GET", "releases").status_code == 404


def test_the_case_of_a_repositorys_name_does_not_matter(github: GitHub) -> None:
    assert Caller(github=github, repository="Acme/Forecast").ask("GET", "releases").status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token"])
def test_a_token_may_come_under_several_names(github: GitHub, owner: Caller, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {owner.token}"}
    assert Caller(github=github).ask("POST", "issues", {"title": "Drift"}, headers=headers).status_code == 201


def test_a_token_may_come_as_a_password(github: GitHub, owner: Caller) -> None:
    url = f"{github.api_url}/repos/{REPOSITORY}/actions/secrets"
    response = requests.get(url, auth=("x-access-token", owner.token or ""), timeout=TIMEOUT_S)
    assert response.status_code == 200


def test_the_state_knows_tokens_by_their_hashes_only(github: GitHub, owner: Caller) -> None:
    assert owner.token is not None
    assert owner.token not in repr(github.state)
