"""`python -m control doctor`, as people run it, at GitHub's double."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from doubles.github import GitHub, Status
from tests.control_plane import ControlPlane, make_control_plane
from tests.github import REPOSITORY, sent
from tests.runs import add_run

DAY = timedelta(days=1)


@pytest.fixture
def plane(github: GitHub, tmp_path: Path) -> ControlPlane:
    return make_control_plane(github, tmp_path)


def test_a_repository_with_all_that_is_needed_is_found_to_have_it(plane: ControlPlane) -> None:
    done = plane.run("doctor")
    assert done.returncode == 0
    assert "✗" not in done.stdout
    assert "!" not in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("✓")] == [
        "✓ the token is valid",
        "✓ acme/forecast answers",
        f"✓ Actions last ran on {datetime.now(UTC) - DAY:%Y-%m-%d}",
        "✓ deploy.yml is active",
        f"✓ drift.yml is active and last succeeded on {datetime.now(UTC) - DAY:%Y-%m-%d}",
        "✓ rollback.yml is active",
        f"✓ train.yml is active and last succeeded on {datetime.now(UTC) - DAY:%Y-%m-%d}",
        f"✓ watchdog.yml is active and last succeeded on {datetime.now(UTC) - DAY:%Y-%m-%d}",
        "✓ the environment production is there",
        "✓ the environment staging is there",
        "✓ the secret WANDB_API_KEY is there",
        "✓ the variable DRIFT_SOURCE is there",
        "✓ the variable PRODUCTION_URL is there",
        "✓ the variable DEPLOY_PLATFORM is there: fly:forecast",
        "✓ the secret FLY_API_TOKEN is there",
        "✓ the secret SERVICE_KEY is there",
        "✓ issues are switched on",
        "✓ the newest published model is model-v1.0.0",
        "✓ model-v1.0.0 serves production",
    ]
    assert done.stdout.endswith("\nAll that is needed is there.\n")


def test_nothing_is_changed_and_no_secret_is_shown(plane: ControlPlane, github: GitHub) -> None:
    before = sent(github)
    done = plane.run("doctor")
    assert sent(github) == before
    assert plane.token not in done.stdout + done.stderr


def _disable_train(plane: ControlPlane) -> None:
    plane.workflow("train.yml").state = "disabled_manually"


def _disable_deploy(plane: ControlPlane) -> None:
    plane.workflow("deploy.yml").state = "disabled_inactivity"


def _lose_rollback(plane: ControlPlane) -> None:
    plane.forget_runs("rollback.yml")
    del plane.repository.workflows[plane.workflow("rollback.yml").id]


def _lose_staging(plane: ControlPlane) -> None:
    del plane.repository.environments["staging"]


def _switch_off_issues(plane: ControlPlane) -> None:
    plane.repository.has_issues = False


def _let_drift_fail(plane: ControlPlane) -> None:
    plane.forget_runs("drift.yml")
    add_run(plane.github, "drift.yml", datetime(2026, 3, 1, 12, tzinfo=UTC))
    add_run(plane.github, "drift.yml", datetime.now(UTC) - DAY, conclusion="failure")


@pytest.mark.parametrize(
    ("plant", "text", "mend"),
    [
        (_disable_train, "train.yml: somebody disabled it", "gh workflow enable train.yml --repo acme/forecast"),
        (
            _disable_deploy,
            "deploy.yml: GitHub disabled it, as nothing happened in the repository for 60 days",
            "gh workflow enable deploy.yml --repo acme/forecast",
        ),
        (_lose_rollback, "rollback.yml is not on the default branch", "push it there"),
        (_lose_staging, "the environment staging is missing", "{page}/settings/environments/new"),
        (
            _switch_off_issues,
            "issues are switched off, so that no alert arrives",
            "switch them on under Features: {page}/settings",
        ),
        (
            _let_drift_fail,
            "drift.yml: it has not succeeded within 3 days (last success: 2026-03-01)",
            (
                "see what became of its runs at {page}/actions/workflows/drift.yml, "
                "then gh workflow run drift.yml --repo acme/forecast"
            ),
        ),
    ],
)
def test_what_is_missing_is_named_with_its_mend(
    plant: Callable[[ControlPlane], None], text: str, mend: str, plane: ControlPlane, github: GitHub
) -> None:
    plant(plane)
    page = f"{github.server_url}/{REPOSITORY}"
    done = plane.run("doctor")
    assert f"✗ {text}\n    {mend.format(page=page)}\n" in done.stdout
    assert done.stdout.count("✗") == 1
    assert done.stdout.endswith("\nMissing: 1\n")
    assert done.returncode == 1


def test_a_ledger_that_cannot_be_read_is_told_with_the_entry(plane: ControlPlane) -> None:
    (deployment,) = plane.repository.deployments.values()
    deployment.payload = {}
    done = plane.run("doctor")
    assert done.returncode == 1
    assert f"✗ github:acme/forecast deployment {deployment.id}" in done.stdout
    assert "; mend or delete that deployment\n    see " in done.stdout


def _lose_the_reviewers(plane: ControlPlane) -> None:
    plane.repository.environments["production"].protection_rules = []


def _lose_the_tracking_key(plane: ControlPlane) -> None:
    del plane.repository.secrets["WANDB_API_KEY"]


def _lose_the_platforms_key(plane: ControlPlane) -> None:
    del plane.repository.secrets["FLY_API_TOKEN"]


def _lose_the_platform(plane: ControlPlane) -> None:
    del plane.repository.variables["DEPLOY_PLATFORM"]


def _lose_the_source_of_rows(plane: ControlPlane) -> None:
    del plane.repository.variables["DRIFT_SOURCE"]


def _lose_the_service(plane: ControlPlane) -> None:
    del plane.repository.variables["PRODUCTION_URL"]


def _lose_the_model(plane: ControlPlane) -> None:
    plane.repository.releases.clear()


def _lose_the_champion(plane: ControlPlane) -> None:
    plane.repository.deployments.clear()


def _lose_the_runs(plane: ControlPlane) -> None:
    plane.repository.runs.clear()
    for workflow in plane.repository.workflows.values():
        workflow.created_at = datetime.now(UTC)


@pytest.mark.parametrize(
    ("plant", "text", "mend"),
    [
        (
            _lose_the_reviewers,
            "nobody has to agree before something is deployed to production",
            (
                "add a required reviewer at {page}/settings/environments; "
                "a private repository needs GitHub Enterprise for that"
            ),
        ),
        (
            _lose_the_tracking_key,
            "the secret WANDB_API_KEY is missing: runs stay in the job instead of going to Weights & Biases",
            "gh secret set WANDB_API_KEY --repo acme/forecast",
        ),
        (
            _lose_the_platforms_key,
            "the secret FLY_API_TOKEN is missing, unless the environments have it: fly:forecast cannot be deployed to",
            "gh secret set FLY_API_TOKEN --repo acme/forecast",
        ),
        (
            _lose_the_platform,
            "the variable DEPLOY_PLATFORM is missing: deployments are only written down",
            (
                "gh variable set DEPLOY_PLATFORM --repo acme/forecast --body fly:APP, or render:SERVICE, "
                "see docs/deploying.md; or set it in the environments"
            ),
        ),
        (
            _lose_the_source_of_rows,
            "the variable DRIFT_SOURCE is missing: drift.yml has no rows to check",
            (
                "set it to where they are, such as the service's URL, at {page}/settings/variables/actions; "
                "or gh variable set DRIFT_SOURCE --repo acme/forecast"
            ),
        ),
        (
            _lose_the_service,
            "the variable PRODUCTION_URL is missing: watch.yml and experiment.yml have no service to look at",
            (
                "gh variable set PRODUCTION_URL --repo acme/forecast --body https://ADDRESS, "
                "and the secret SERVICE_KEY, of scope admin"
            ),
        ),
        (_lose_the_model, "no model is published yet", "gh workflow run train.yml --repo acme/forecast"),
        (
            _lose_the_champion,
            "no model serves production yet",
            "gh workflow run deploy.yml --repo acme/forecast -f tag=model-v1.0.0",
        ),
        (_lose_the_runs, "Actions has run nothing yet", "see that it is allowed: {page}/settings/actions"),
    ],
)
def test_what_slipway_can_do_without_is_a_warning(
    plant: Callable[[ControlPlane], None], text: str, mend: str, plane: ControlPlane, github: GitHub
) -> None:
    plant(plane)
    done = plane.run("doctor")
    page = f"{github.server_url}/{REPOSITORY}"
    assert f"! {text}\n    {mend.format(page=page)}\n" in done.stdout
    assert done.returncode == 0


def test_without_any_model_none_can_be_deployed(plane: ControlPlane) -> None:
    _lose_the_model(plane)
    _lose_the_champion(plane)
    assert "! no model serves production yet\n    publish one first\n" in plane.run("doctor").stdout


def test_a_schedule_that_is_new_has_its_time_to_succeed(plane: ControlPlane) -> None:
    _lose_the_runs(plane)
    until = f"{datetime.now(UTC) + 15 * DAY:%Y-%m-%d}"
    assert f"✓ train.yml is active; it has until {until} to succeed for the first time\n" in plane.run("doctor").stdout


def test_without_a_token_only_that_is_told(plane: ControlPlane) -> None:
    done = plane.run("doctor", GITHUB_TOKEN="")
    assert done.returncode == 1
    assert done.stdout == (
        "✗ no token is set\n    GITHUB_TOKEN=$(gh auth token) scripts/doctor --repository acme/forecast\n\nMissing: 1\n"
    )


def test_a_token_that_is_not_valid_is_told_and_not_shown(plane: ControlPlane) -> None:
    done = plane.run("doctor", GITHUB_TOKEN="ghp_expired")  # noqa: S106  # nobody's
    assert done.returncode == 1
    assert done.stdout == (
        "✗ GITHUB_TOKEN is not valid, or no longer\n"
        "    gh auth login, then GITHUB_TOKEN=$(gh auth token) scripts/doctor --repository acme/forecast\n"
        "\nMissing: 1\n"
    )
    assert "ghp_expired" not in done.stdout + done.stderr


def test_a_repository_that_is_not_there_is_told(plane: ControlPlane, github: GitHub) -> None:
    done = plane.run("doctor", "--repository", "acme/trains")
    assert done.returncode == 1
    assert "✗ there is no acme/trains, or the token may not read it\n    gh repo view acme/trains; " in done.stdout
    assert f"{github.server_url}/settings/personal-access-tokens" in done.stdout


def test_a_classic_tokens_scopes_are_judged(plane: ControlPlane, github: GitHub) -> None:
    github.plant(Status(status=200, headers={"X-OAuth-Scopes": "gist"}), path="/rate_limit", times=2)
    done = plane.run("doctor")
    assert done.returncode == 1
    assert (
        "✗ the token's scopes do not let it write releases and deployments\n    gh auth refresh --scopes repo\n"
        in done.stdout
    )


def test_what_a_token_may_not_look_at_is_told_without_losing_the_rest(plane: ControlPlane, github: GitHub) -> None:
    # As in a workflow, which cannot be granted a look at the secrets.
    token = github.token(actions="read", contents="read", deployments="read", issues="read")
    done = plane.run("doctor", GITHUB_TOKEN=token)
    assert done.returncode == 0
    assert "? the secrets' names cannot be looked at with this token (GitHub answers 403)\n" in done.stdout
    assert "✓ issues are switched on\n" in done.stdout


def test_with_too_much_asked_one_sentence_says_so(plane: ControlPlane, github: GitHub) -> None:
    limited = Status(status=403, headers={"retry-after": "600"}, body='{"message": "API rate limit exceeded"}')
    github.plant(limited, path="*/environments")
    done = plane.run("doctor")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "too much was asked of it; try again later" in done.stderr


def test_without_a_network_one_sentence_says_so(plane: ControlPlane) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = plane.run("doctor", GITHUB_API_URL=f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: http://127.0.0.1:{port}/rate_limit: it cannot be reached")
    assert done.stderr.count("\n") == 1


def test_when_github_goes_away_half_way_nothing_is_called_missing(plane: ControlPlane, github: GitHub) -> None:
    # The first two look for the repository and for drafts, the third for models.
    github.plant(Status(status=503), path="*/releases", skip=2, times=9)
    done = plane.run("doctor")
    assert done.returncode == 1
    assert "✗" not in done.stdout
    assert "it answers 503" in done.stderr


def test_a_folder_without_workflows_is_told(plane: ControlPlane) -> None:
    for path in (plane.checkout / ".github/workflows").iterdir():
        path.unlink()
    done = plane.run("doctor")
    assert "! this folder has no .github/workflows to compare with\n    run it in a checkout of acme/forecast\n" in (
        done.stdout
    )


def test_a_folder_of_no_repository_says_what_to_give(plane: ControlPlane) -> None:
    done = plane.run("doctor", GITHUB_REPOSITORY="")
    assert done.returncode == 1
    assert done.stderr == (
        "error: environment: GITHUB_REPOSITORY: is not set, and the git remote origin leads to no repository on "
        "GitHub; use --repository OWNER/NAME\n"
    )


def test_a_repository_that_is_none_is_refused(plane: ControlPlane) -> None:
    done = plane.run("doctor", "--repository", "forecast")
    assert done.returncode == 2
    assert "takes OWNER/NAME" in done.stderr
