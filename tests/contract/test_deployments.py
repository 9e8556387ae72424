"""Deployments as the ledger: what counts, what is passed over, and what a broken call leaves."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import DeploymentRuns, LedgerError
from core.github.client import GitHub
from core.github.deployments import DeploymentsLedger
from core.github.holding import DeploymentHold
from core.ledger import Deployment, Environment, champion
from core.tags import ModelTag
from doubles import github as double
from tests.github import REPOSITORY, make_client
from tests.one_host import wait_for

V1, V2 = ModelTag(1, 0, 0), ModelTag(1, 1, 0)
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
TROUBLE = {
    "500": double.Status(status=500),
    "429": double.Status(status=429, headers={"retry-after": "1"}),
    "answer lost": double.AnswerLost(),
}


@pytest.fixture
def ledger(github: double.GitHub, github_client: GitHub) -> DeploymentsLedger:
    """In a repository that has a git tag for each of two models."""
    sha = github.repository(REPOSITORY).refs["refs/heads/main"]
    for tag in (V1, V2):
        github_client.send("POST", "git", "refs", body={"ref": f"refs/tags/{tag}", "sha": sha})
    return DeploymentsLedger(github_client, run_url=f"{github.server_url}/{REPOSITORY}/actions/runs/7")


@pytest.fixture
def other(github: double.GitHub, github_client: GitHub, ledger: DeploymentsLedger) -> DeploymentsLedger:
    """The same, as another workflow run sees it."""
    return DeploymentsLedger(github_client, run_url=f"{github.server_url}/{REPOSITORY}/actions/runs/8")


def record(ledger: DeploymentsLedger, tag: ModelTag) -> Deployment:
    return ledger.record(Environment.PRODUCTION, tag, at=NOON, reason="a test's")


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
@pytest.mark.parametrize("number", range(4))
def test_a_record_is_there_or_an_error_says_that_it_may_not_be(
    github: double.GitHub, ledger: DeploymentsLedger, trouble: double.Status, number: int
) -> None:
    record(ledger, V1)
    github.plant(trouble, skip=number)
    try:
        record(ledger, V2)
    except LedgerError:
        # What has no status yet did not happen; where only the answer was lost, it did.
        assert champion(ledger.history(Environment.PRODUCTION)) in {V1, V2}
        record(ledger, V2)
    github.faults.clear()
    assert champion(ledger.history(Environment.PRODUCTION)) == V2


def test_what_others_deploy_to_the_environment_is_passed_over(ledger: DeploymentsLedger, github_client: GitHub) -> None:
    record(ledger, V1)
    # As Actions does for a job with an environment.
    body = {"ref": "main", "environment": "production", "auto_merge": False, "required_contexts": []}
    github_client.send("POST", "deployments", body=body)
    assert [entry.tag for entry in ledger.history(Environment.PRODUCTION)] == [V1]


def test_a_deployment_without_a_status_does_not_count(github: double.GitHub, ledger: DeploymentsLedger) -> None:
    github.plant(double.Status(status=500), path="*/statuses", method="POST")
    with pytest.raises(LedgerError, match=r"model-v1\.0\.0 could not be recorded in github:acme/forecast: .*500"):
        record(ledger, V1)
    assert ledger.history(Environment.PRODUCTION) == []


def test_the_page_of_the_run_is_linked(github: double.GitHub, ledger: DeploymentsLedger) -> None:
    record(ledger, V1)
    (deployment,) = github.repository(REPOSITORY).deployments.values()
    (status,) = deployment.statuses
    assert status.log_url == f"{github.server_url}/{REPOSITORY}/actions/runs/7"
    assert (deployment.environment, deployment.ref) == ("production", "model-v1.0.0")


def test_what_succeeded_is_not_asked_for_again(github: double.GitHub, ledger: DeploymentsLedger) -> None:
    for tag in (V1, V2, V1):
        record(ledger, tag)
    ledger.history(Environment.PRODUCTION)
    before = len(github.calls)
    ledger.history(Environment.PRODUCTION)
    assert len(github.calls) == before + 1


def test_a_tag_that_the_repository_does_not_have_is_refused(ledger: DeploymentsLedger) -> None:
    with pytest.raises(LedgerError, match=r"model-v3\.0\.0 could not be recorded .*422"):
        record(ledger, ModelTag(3, 0, 0))


def test_a_token_that_may_not_deploy_is_told_so(github: double.GitHub, ledger: DeploymentsLedger) -> None:
    reader = DeploymentsLedger(make_client(github, github.token(contents="read", deployments="read")))
    with pytest.raises(LedgerError, match=r"403 .*the token may lack a permission"):
        record(reader, V1)


def test_a_damaged_entry_is_named(github: double.GitHub, ledger: DeploymentsLedger) -> None:
    record(ledger, V1)
    (deployment,) = github.repository(REPOSITORY).deployments.values()
    deployment.payload = {"tag": "model-v1.0.0"}
    with pytest.raises(LedgerError, match=f"deployment {deployment.id}.*mend or delete that deployment"):
        ledger.history(Environment.PRODUCTION)


def holds(github: double.GitHub) -> list[str]:
    """The holds that are there, each by its newest status."""
    found = [each for each in github.repository(REPOSITORY).deployments.values() if each.task == "slipway-hold"]
    return [each.statuses[-1].state if each.statuses else "new" for each in found]


def test_a_hold_says_what_is_being_done_and_is_gone_at_the_end(
    github: double.GitHub, ledger: DeploymentsLedger
) -> None:
    with ledger.hold(Environment.PRODUCTION, V1) as held:
        held.reach("watch")
        (deployment,) = github.repository(REPOSITORY).deployments.values()
        assert [(each.state, each.description) for each in deployment.statuses] == [
            ("in_progress", "begin"),
            ("in_progress", "watch"),
        ]
        assert deployment.statuses[-1].log_url.endswith("/actions/runs/7")
    assert holds(github) == []


def test_a_step_that_takes_long_is_told_of_again_until_the_end(
    github: double.GitHub, github_client: GitHub, ledger: DeploymentsLedger
) -> None:
    with ledger.hold(Environment.PRODUCTION, V1):
        (number,) = github.repository(REPOSITORY).deployments
        held = DeploymentHold(github_client, Environment.PRODUCTION, number, "", again_s=0.01)
        held.begin()
        held.reach("watch")
        statuses = github.repository(REPOSITORY).deployments[number].statuses
        wait_for(lambda: [each.description for each in statuses].count("watch") > 2)
        held.end()
        calls = len(github.calls)
        time.sleep(0.1)
        assert len(github.calls) == calls
    assert holds(github) == []


def test_a_hold_of_whoever_was_killed_is_passed_over_after_a_while(
    github: double.GitHub, ledger: DeploymentsLedger, other: DeploymentsLedger
) -> None:
    abandoned = ledger.hold(Environment.PRODUCTION, V1)
    github.world.state.clock = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=14)
    abandoned.__enter__()
    with pytest.raises(DeploymentRuns, match="passed over 15 minutes later"), other.hold(Environment.PRODUCTION, V2):
        pass
    (deployment,) = github.repository(REPOSITORY).deployments.values()
    older = deployment.statuses[-1].created_at - timedelta(minutes=2)
    deployment.statuses[-1].created_at = older
    with other.hold(Environment.PRODUCTION, V2):
        assert holds(github) == ["in_progress", "in_progress"]


@pytest.mark.parametrize("number", range(4))
def test_whoever_cannot_tell_that_nobody_else_deploys_does_not(
    github: double.GitHub, ledger: DeploymentsLedger, other: DeploymentsLedger, number: int
) -> None:
    with ledger.hold(Environment.PRODUCTION, V1):
        github.plant(double.Status(status=404), skip=number, times=1)
        with pytest.raises(LedgerError), other.hold(Environment.PRODUCTION, V2):
            pass
        github.faults.clear()


def test_another_attempt_of_the_same_run_passes_over_the_one_before(ledger: DeploymentsLedger) -> None:
    abandoned = ledger.hold(Environment.PRODUCTION, V1)
    abandoned.__enter__()
    with ledger.hold(Environment.PRODUCTION, V1):
        pass


def test_a_tag_that_is_no_release_cannot_be_held_for(ledger: DeploymentsLedger) -> None:
    with (
        pytest.raises(LedgerError, match="production cannot be held"),
        ledger.hold(Environment.PRODUCTION, ModelTag(9, 0, 0)),
    ):
        pass
