from __future__ import annotations

import pytest

from doubles.github import GitHub
from doubles.github.resources.workflows import triggers
from doubles.github.state import Workflow
from tests.github import REPOSITORY, Caller, made, refusal

DEPLOY = """
name: Deploy
on:
  workflow_dispatch:
    inputs:
      model_tag: {required: true}
      target: {type: choice, options: [staging, production], default: staging}
jobs: {}
"""
DISPATCH = "actions/workflows/deploy.yml/dispatches"
WISH = {"ref": "main", "inputs": {"model_tag": "model-v1.0.0"}}


@pytest.fixture
def workflow(github: GitHub) -> Workflow:
    return github.add_workflow(REPOSITORY, ".github/workflows/deploy.yml", DEPLOY)


@pytest.mark.usefixtures("workflow")
class TestDispatch:
    """A workflow that waits for dispatches."""

    def test_it_queues_a_run_with_all_inputs(self, github: GitHub, owner: Caller) -> None:
        assert owner.ask("POST", DISPATCH, WISH).status_code == 204
        [run] = github.repository(REPOSITORY).runs.values()
        assert (run.status, run.event) == ("queued", "workflow_dispatch")
        assert run.inputs == {"model_tag": "model-v1.0.0", "target": "staging"}

    def test_it_tells_the_run_if_it_is_asked_to(self, github: GitHub, owner: Caller) -> None:
        answer = made(owner.ask("POST", DISPATCH, WISH | {"return_run_details": True}))
        assert [answer["workflow_run_id"]] == list(github.repository(REPOSITORY).runs)

    def test_a_workflows_own_token_may_start_it(self, github: GitHub) -> None:
        workflow = Caller(github=github, token=github.token(actions="write"))
        assert workflow.ask("POST", DISPATCH, WISH).status_code == 204

    def test_an_input_that_is_not_declared_is_refused(self, owner: Caller) -> None:
        wish = {"ref": "main", "inputs": {"model_tag": "model-v1.0.0", "tag": "model-v1.0.0"}}
        assert refusal(owner.ask("POST", DISPATCH, wish)) == (422, 'Unexpected inputs provided: ["tag"]')

    def test_an_input_that_is_required_must_come(self, owner: Caller) -> None:
        response = owner.ask("POST", DISPATCH, {"ref": "main"})
        assert refusal(response) == (422, "Required input 'model_tag' not provided")

    def test_a_choice_must_be_one_of_its_options(self, owner: Caller) -> None:
        wish = {"ref": "main", "inputs": {"model_tag": "model-v1.0.0", "target": "moon"}}
        assert owner.ask("POST", DISPATCH, wish).status_code == 422

    def test_a_ref_that_is_not_there_is_refused(self, owner: Caller) -> None:
        assert refusal(owner.ask("POST", DISPATCH, WISH | {"ref": "nowhere"})) == (422, "No ref found for: nowhere")


def test_a_workflow_is_found_by_file_name_and_by_number(owner: Caller, workflow: Workflow) -> None:
    by_name = made(owner.ask("GET", "actions/workflows/deploy.yml"))
    by_number = made(owner.ask("GET", f"actions/workflows/{workflow.id}"))
    assert by_name == by_number
    assert (by_name["name"], by_name["state"]) == ("Deploy", "active")


def test_a_workflow_that_is_not_there_is_not_found(owner: Caller) -> None:
    assert owner.ask("POST", DISPATCH, WISH).status_code == 404


def test_a_workflow_that_waits_for_something_else_is_refused(github: GitHub, owner: Caller) -> None:
    github.add_workflow(REPOSITORY, ".github/workflows/deploy.yml", "on: push\njobs: {}")
    response = owner.ask("POST", DISPATCH, WISH)
    assert refusal(response) == (422, "Workflow does not have 'workflow_dispatch' trigger")


def test_a_disabled_workflow_is_refused_until_it_is_enabled(owner: Caller, workflow: Workflow) -> None:
    workflow.state = "disabled_inactivity"
    assert owner.ask("POST", DISPATCH, WISH).status_code == 422
    assert owner.ask("PUT", "actions/workflows/deploy.yml/enable").status_code == 204
    assert owner.ask("POST", DISPATCH, WISH).status_code == 204


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("on: push", {"push"}),
        ("on: [push, workflow_dispatch]", {"push", "workflow_dispatch"}),
        ("on: {schedule: [{cron: '17 3 * * 1'}], workflow_dispatch: }", {"schedule", "workflow_dispatch"}),
    ],
)
def test_triggers_are_read_however_they_are_written(workflow: Workflow, text: str, events: set[str]) -> None:
    workflow.text = text
    assert triggers(workflow).keys() == events


def test_an_event_of_a_type_starts_the_workflows_that_wait_for_it(github: GitHub, owner: Caller) -> None:
    for name, types in (("retrain", "[drift]"), ("deploy", "[released]")):
        text = f"on: {{repository_dispatch: {{types: {types}}}}}"
        github.add_workflow(REPOSITORY, f".github/workflows/{name}.yml", text)
    wish = {"event_type": "drift", "client_payload": {"model_tag": "model-v1.0.0"}}
    assert owner.ask("POST", "dispatches", wish).status_code == 204
    [run] = github.repository(REPOSITORY).runs.values()
    assert run.payload == {"action": "drift", "client_payload": {"model_tag": "model-v1.0.0"}}


@pytest.mark.parametrize(
    "wish",
    [{"event_type": "x" * 101}, {"event_type": "drift", "client_payload": {str(key): 1 for key in range(11)}}],
)
def test_an_event_has_a_short_type_and_a_small_payload(github: GitHub, owner: Caller, wish: dict[str, object]) -> None:
    assert owner.ask("POST", "dispatches", wish).status_code == 422
    assert github.violations
    github.violations.clear()
