from __future__ import annotations

from doubles.github import GitHub
from tests.github import Caller, made


def test_a_request_that_githubs_document_does_not_allow_is_refused_and_noted(github: GitHub, owner: Caller) -> None:
    response = owner.ask("POST", "releases", {"tag_name": "model-v1.0.0", "make_latest": False})
    assert response.status_code == 422
    assert "$.make_latest" in take_violations(github)[0]


def test_a_body_that_is_no_json_is_a_bad_request(github: GitHub, owner: Caller) -> None:
    response = owner.ask("POST", "issues", data=b"{title", headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["message"]) == (400, "Problems parsing JSON")
    assert take_violations(github)


def test_a_body_that_does_not_say_it_is_json_is_refused(github: GitHub, owner: Caller) -> None:
    assert owner.ask("POST", "issues", data=b'{"title": "Drift"}').status_code == 422
    assert take_violations(github)


def test_a_path_that_the_document_does_not_have_is_an_unknown_call(github: GitHub, owner: Caller) -> None:
    assert owner.ask("GET", "relaeses").status_code == 404
    assert take_violations(github) == ["unknown call"]


def test_a_method_that_the_document_does_not_have_is_an_unknown_call(github: GitHub, owner: Caller) -> None:
    assert owner.ask("DELETE", "releases").status_code == 404
    assert take_violations(github) == ["unknown call"]


def test_an_upload_to_the_api_instead_of_the_uploads_host_is_an_unknown_call(github: GitHub, owner: Caller) -> None:
    draft = owner.draft()
    response = owner.ask("POST", draft["assets_url"], data=b"model", query={"name": "model.onnx"})
    assert response.status_code == 404
    assert take_violations(github) == ["unknown call"]


def test_a_release_number_that_is_none_breaks_the_contract(github: GitHub, owner: Caller) -> None:
    assert owner.ask("GET", "releases/newest").status_code == 422
    assert take_violations(github)


def test_an_answer_of_the_doubles_own_that_breaks_the_contract_is_an_error_and_noted(
    github: GitHub, owner: Caller
) -> None:
    made(owner.ask("POST", "deployments", {"ref": "main", "environment": "production"}))
    github.repository("acme/forecast").environments["production"].protection_rules = [{"id": "first"}]
    assert owner.ask("GET", "environments").status_code == 500
    [violation, *_] = take_violations(github)
    assert "the double's answer 200" in violation


def test_a_failure_inside_the_double_is_noted_with_its_place(github: GitHub, owner: Caller) -> None:
    made(owner.ask("POST", "issues", {"title": "Drift", "labels": ["drift"]}))
    github.repository("acme/forecast").labels.clear()
    assert owner.ask("GET", "issues").status_code == 500
    [violation] = take_violations(github)
    assert "KeyError" in violation


def test_refs_and_tags_may_hold_slashes(owner: Caller) -> None:
    owner.released("models/v1")
    assert made(owner.ask("GET", "releases/tags/models/v1"))["tag_name"] == "models/v1"
    assert made(owner.ask("GET", "git/ref/tags/models/v1"))["ref"] == "refs/tags/models/v1"


def test_an_upload_of_another_type_is_sound_as_github_takes_any(owner: Caller) -> None:
    upload_url = owner.draft()["upload_url"].partition("{")[0]
    headers = {"Content-Type": "text/markdown"}
    asset = made(owner.ask("POST", upload_url, data=b"# Card", query={"name": "card.md"}, headers=headers))
    assert asset["content_type"] == "text/markdown"


def take_violations(github: GitHub) -> list[str]:
    """The reasons noted so far, which the test expected."""
    reasons = [violation.reason for violation in github.violations]
    github.violations.clear()
    return reasons
