from __future__ import annotations

from typing import Any

from doubles.github import GitHub
from tests.github import REPOSITORY, Caller, made, refusal


def deploy(caller: Caller, **wish: Any) -> dict[str, Any]:
    return made(caller.ask("POST", "deployments", {"ref": "main", "environment": "staging"} | wish))


def succeed(caller: Caller, deployment: dict[str, Any], **wish: Any) -> dict[str, Any]:
    return made(caller.ask("POST", deployment["statuses_url"], {"state": "success"} | wish))


def states(caller: Caller, deployment: dict[str, Any]) -> list[str]:
    return [status["state"] for status in caller.ask("GET", deployment["statuses_url"]).json()]


def test_a_deployment_is_of_the_commit_that_its_ref_stands_for(github: GitHub, owner: Caller) -> None:
    owner.released("model-v1.0.0")
    deployment = deploy(owner, ref="model-v1.0.0", payload={"model_tag": "model-v1.0.0"})
    assert deployment["sha"] == github.repository(REPOSITORY).head.sha
    assert deployment["payload"] == {"model_tag": "model-v1.0.0"}


def test_a_deployment_of_a_ref_that_is_not_there_is_refused(owner: Caller) -> None:
    response = owner.ask("POST", "deployments", {"ref": "nowhere"})
    assert refusal(response) == (422, "No ref found for: nowhere")


def test_deployments_are_listed_from_the_newest_by_environment(owner: Caller) -> None:
    first, second = deploy(owner), deploy(owner)
    deploy(owner, environment="production")
    found = owner.ask("GET", "deployments", query={"environment": "staging"}).json()
    assert [deployment["id"] for deployment in found] == [second["id"], first["id"]]


def test_statuses_are_listed_from_the_newest(owner: Caller) -> None:
    deployment = deploy(owner)
    owner.ask("POST", deployment["statuses_url"], {"state": "in_progress"})
    succeed(owner, deployment)
    assert states(owner, deployment) == ["success", "in_progress"]


def test_a_success_makes_what_succeeded_before_it_inactive(owner: Caller) -> None:
    old, failed, other, new = deploy(owner), deploy(owner), deploy(owner, environment="test"), deploy(owner)
    succeed(owner, old)
    succeed(owner, other)
    owner.ask("POST", failed["statuses_url"], {"state": "failure"})
    succeed(owner, new)
    assert states(owner, old) == ["inactive", "success"]
    assert states(owner, failed) == ["failure"]
    assert states(owner, other) == ["success"]


def test_a_success_leaves_others_alone_if_it_says_so(owner: Caller) -> None:
    old, new = deploy(owner), deploy(owner)
    succeed(owner, old)
    succeed(owner, new, auto_inactive=False)
    assert states(owner, old) == ["success"]


def test_a_transient_environment_is_left_alone(owner: Caller) -> None:
    old, new = deploy(owner, transient_environment=True), deploy(owner)
    succeed(owner, old)
    succeed(owner, new)
    assert states(owner, old) == ["success"]


def test_production_can_be_left_alone_as_the_documentation_has_it(github: GitHub, owner: Caller) -> None:
    github.repository(REPOSITORY).retires_production = False
    old, new = deploy(owner, environment="production"), deploy(owner, environment="production")
    succeed(owner, old)
    succeed(owner, new)
    assert states(owner, old) == ["success"]


def test_an_active_deployment_cannot_be_deleted_beside_others(owner: Caller) -> None:
    active, other = deploy(owner), deploy(owner)
    succeed(owner, active)
    assert owner.ask("DELETE", active["url"]).status_code == 422
    assert owner.ask("DELETE", other["url"]).status_code == 204
    assert owner.ask("DELETE", active["url"]).status_code == 204
    assert owner.ask("GET", active["url"]).status_code == 404


def test_a_deployment_makes_its_environment(owner: Caller) -> None:
    deploy(owner, environment="staging")
    assert [each["name"] for each in made(owner.ask("GET", "environments"))["environments"]] == ["staging"]


def test_a_long_description_is_refused(owner: Caller) -> None:
    wish = {"state": "failure", "description": "x" * 141}
    assert owner.ask("POST", deploy(owner)["statuses_url"], wish).status_code == 422
