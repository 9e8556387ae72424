from __future__ import annotations

from doubles.github import GitHub
from doubles.github.state import Variable
from tests.github import REPOSITORY, Caller, made


def test_immutable_releases_are_not_found_while_they_are_off(owner: Caller) -> None:
    assert owner.ask("GET", "immutable-releases").status_code == 404
    owner.ask("PUT", "immutable-releases")
    assert made(owner.ask("GET", "immutable-releases")) == {"enabled": True, "enforced_by_owner": False}


def test_immutable_releases_that_the_owner_enforces_cannot_be_switched_off(github: GitHub, owner: Caller) -> None:
    github.repository(REPOSITORY).enforced_by_owner = True
    assert owner.ask("DELETE", "immutable-releases").status_code == 409


def test_secrets_are_listed_by_name_and_without_their_values(github: GitHub, owner: Caller) -> None:
    secret = Variable(name="FLY_API_TOKEN", created_at=github.world.now)
    github.repository(REPOSITORY).secrets["FLY_API_TOKEN"] = secret
    [found] = made(owner.ask("GET", "actions/secrets"))["secrets"]
    assert found.keys() == {"name", "created_at", "updated_at"}


def test_a_variable_is_made_once_under_a_name_in_capitals(owner: Caller) -> None:
    wish = {"name": "model_tag", "value": "model-v1.0.0"}
    assert owner.ask("POST", "actions/variables", wish).status_code == 201
    assert owner.ask("POST", "actions/variables", wish).status_code == 409
    [found] = made(owner.ask("GET", "actions/variables"))["variables"]
    assert (found["name"], found["value"]) == ("MODEL_TAG", "model-v1.0.0")


def test_variables_come_ten_a_page(owner: Caller) -> None:
    for number in range(11):
        owner.ask("POST", "actions/variables", {"name": f"V{number}", "value": ""})
    answer = made(owner.ask("GET", "actions/variables"))
    assert (answer["total_count"], len(answer["variables"])) == (11, 10)


def test_what_was_not_attested_is_not_found(github: GitHub, owner: Caller) -> None:
    digest = f"sha256:{'0' * 64}"
    assert owner.ask("GET", f"attestations/{digest}").status_code == 404
    github.repository(REPOSITORY).attestations[digest] = [{"mediaType": "application/vnd.dev.sigstore.bundle+json"}]
    assert len(made(owner.ask("GET", f"attestations/{digest}"))["attestations"]) == 1
