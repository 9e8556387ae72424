from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from doubles.github import GitHub
from tests.github import REPOSITORY, TIMEOUT_S, Caller, made

WORKFLOW = {"path": ".github/workflows/retrain.yml", "text": "on: [schedule, workflow_dispatch]\njobs: {}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """Somebody in another process, who steers the double."""

    github: GitHub

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, f"{self.github.api_url}/_double/{path}", json=body, timeout=TIMEOUT_S)


@pytest.fixture
def control(github: GitHub) -> Control:
    return Control(github=github)


def test_it_tells_the_addresses(github: GitHub, control: Control) -> None:
    assert made(control.ask("GET", ""))["uploads"] == github.uploads_url


def test_a_token_is_made_with_its_permissions(github: GitHub, control: Control) -> None:
    answer = made(control.ask("POST", "tokens", {"permissions": {"issues": "write"}, "login": "bob", "kind": "user"}))
    caller = Caller(github=github, token=answer["token"])
    assert caller.issue()["user"]["login"] == "bob"
    assert caller.ask("POST", "releases", {"tag_name": "model-v1.0.0"}).status_code == 403


def test_a_token_may_be_given(github: GitHub, control: Control) -> None:
    control.ask("POST", "tokens", {"permissions": {"issues": "write"}, "token": "ghs_known"})
    assert Caller(github=github, token="ghs_known").issue()["number"] == 1  # noqa: S106  # it is made up


def test_a_fault_is_planted_and_cleared(owner: Caller, control: Control) -> None:
    fault = {"kind": "status", "status": 429, "headers": {"retry-after": "7"}}
    assert control.ask("POST", "faults", {"fault": fault, "path": "*/releases", "times": 2}).status_code == 204
    assert owner.ask("GET", "releases").status_code == 429
    control.ask("DELETE", "faults")
    assert owner.ask("GET", "releases").status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut_upload", "after": 1, "leaves_starter": True},
        {"kind": "cut_download", "after": 1},
        {"kind": "truncated", "to": 1},
        {"kind": "wrong_byte", "at": 1},
        {"kind": "wrong_digest", "digest": None},
        {"kind": "slow", "seconds": 1},
        {"kind": "answer_lost"},
    ],
)
def test_every_kind_of_fault_can_be_planted(github: GitHub, control: Control, fault: dict[str, Any]) -> None:
    assert control.ask("POST", "faults", {"fault": fault}).status_code == 204
    assert github.faults.waiting == 1


def test_a_fault_of_no_known_kind_is_refused(control: Control) -> None:
    assert control.ask("POST", "faults", {"fault": {"kind": "earthquake"}}).status_code == 422


def test_the_clock_is_held_moved_on_and_let_go(github: GitHub, control: Control) -> None:
    control.ask("PUT", "clock", {"now": "2026-01-01T00:00:00Z"})
    control.ask("PUT", "clock", {"advance_s": 60})
    assert github.world.now == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    control.ask("PUT", "clock", {})
    assert github.world.now > datetime(2026, 6, 1, tzinfo=UTC)


def test_a_repository_is_made_with_a_commit_of_a_given_sha(github: GitHub, control: Control) -> None:
    control.ask("POST", "repositories", {"full_name": "acme/churn", "private": True})
    control.ask("POST", "repositories/acme/churn/commits", {"sha": "a" * 40, "date": "2026-01-01T00:00:00Z"})
    repository = github.repository("acme/churn")
    assert (repository.head.sha, repository.private) == ("a" * 40, True)


def test_a_repository_is_not_made_twice(control: Control) -> None:
    assert control.ask("POST", "repositories", {"full_name": REPOSITORY}).status_code == 422


def test_a_repositorys_switches_are_set_one_by_one(github: GitHub, control: Control) -> None:
    control.ask("PATCH", f"repositories/{REPOSITORY}", {"has_issues": False})
    repository = github.repository(REPOSITORY)
    assert (repository.has_issues, repository.private) == (False, False)


def test_a_switch_that_is_not_there_is_refused(control: Control) -> None:
    assert control.ask("PATCH", f"repositories/{REPOSITORY}", {"has_isues": False}).status_code == 422


def test_a_repository_that_is_not_there_is_not_found(control: Control) -> None:
    assert control.ask("PATCH", "repositories/acme/nowhere", {}).status_code == 404


def test_environments_and_secrets_are_put(owner: Caller, control: Control) -> None:
    control.ask("PUT", f"repositories/{REPOSITORY}/environments", {"name": "production"})
    control.ask("PUT", f"repositories/{REPOSITORY}/secrets", {"names": ["FLY_API_TOKEN"]})
    assert made(owner.ask("GET", "environments"))["total_count"] == 1
    assert made(owner.ask("GET", "actions/secrets"))["total_count"] == 1


class TestRuns:
    """A runner that takes runs and tells how they ended."""

    @pytest.fixture(autouse=True)
    def _workflow(self, control: Control) -> None:
        assert control.ask("PUT", f"repositories/{REPOSITORY}/workflows", WORKFLOW).ok

    def test_there_may_be_none_to_claim(self, control: Control) -> None:
        assert control.ask("POST", "runs/claim").status_code == 204

    def test_the_run_that_has_waited_longest_is_claimed_once(self, owner: Caller, control: Control) -> None:
        owner.ask("POST", "actions/workflows/retrain.yml/dispatches", {"ref": "main"})
        control.ask("POST", "runs", {"repository": REPOSITORY, "workflow": "retrain.yml", "event": "schedule"})
        claimed = [control.ask("POST", "runs/claim") for _ in range(3)]
        assert [made(claim)["event"] for claim in claimed[:2]] == ["workflow_dispatch", "schedule"]
        assert claimed[2].status_code == 204

    def test_a_claim_tells_what_a_runner_needs(self, github: GitHub, owner: Caller, control: Control) -> None:
        owner.ask("POST", "actions/workflows/retrain.yml/dispatches", {"ref": "main"})
        claim = made(control.ask("POST", "runs/claim"))
        assert claim | {"id": 0} == {
            "id": 0,
            "run_number": 1,
            "repository": REPOSITORY,
            "workflow": ".github/workflows/retrain.yml",
            "event": "workflow_dispatch",
            "ref": "main",
            "sha": github.repository(REPOSITORY).head.sha,
            "actor": "ada",
            "inputs": {},
            "payload": {},
        }

    def test_a_claimed_run_is_in_progress_and_then_ends(self, owner: Caller, control: Control) -> None:
        control.ask("POST", "runs", {"repository": REPOSITORY, "workflow": "retrain.yml", "event": "schedule"})
        claim = made(control.ask("POST", "runs/claim"))
        [run] = made(owner.ask("GET", "actions/runs"))["workflow_runs"]
        assert (run["status"], run["conclusion"]) == ("in_progress", None)
        control.ask("PATCH", f"runs/{claim['id']}", {"status": "completed", "conclusion": "failure"})
        [run] = made(owner.ask("GET", "actions/runs"))["workflow_runs"]
        assert (run["status"], run["conclusion"]) == ("completed", "failure")

    def test_a_run_of_a_workflow_that_is_not_there_is_not_found(self, control: Control) -> None:
        wish = {"repository": REPOSITORY, "workflow": "deploy.yml", "event": "schedule"}
        assert control.ask("POST", "runs", wish).status_code == 404

    def test_a_run_that_is_not_there_cannot_end(self, control: Control) -> None:
        assert control.ask("PATCH", "runs/1", {"status": "completed"}).status_code == 404


def test_a_workflow_that_is_put_again_keeps_its_number(github: GitHub, control: Control) -> None:
    path = f"repositories/{REPOSITORY}/workflows"
    first = made(control.ask("PUT", path, WORKFLOW))
    assert made(control.ask("PUT", path, WORKFLOW | {"state": "disabled_inactivity"})) == first
    assert github.repository(REPOSITORY).workflows[first["id"]].state == "disabled_inactivity"


@pytest.mark.parametrize("kind", ["calls", "violations"])
def test_records_are_read_and_forgotten(github: GitHub, owner: Caller, control: Control, kind: str) -> None:
    owner.ask("GET", "relaeses")
    assert len(control.ask("GET", kind).json()) == 1
    control.ask("DELETE", kind)
    assert control.ask("GET", kind).json() == []
    github.violations.clear()


def test_leaks_are_read(github: GitHub, control: Control) -> None:
    requests.get(github.assets_url, headers={"Authorization": "Bearer secret"}, timeout=TIMEOUT_S)
    [leak] = control.ask("GET", "leaks").json()
    assert (leak["site"], leak["with_token"]) == ("assets", True)
    github.leaks.clear()


def test_control_routes_are_no_calls_of_github(github: GitHub, control: Control) -> None:
    control.ask("GET", "calls")
    assert control.ask("GET", "nothing").status_code == 404
    assert github.calls == []
