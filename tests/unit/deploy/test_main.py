"""`python -m deploy`: what is recorded, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.bundle import Bundle
from core.ledger import Deployment, Environment, FileLedger
from core.registry import DirectoryRegistry
from deploy.__main__ import main
from tests.factories import GRAPH_NAME, make_bundle

V1, V2 = "model-v1.0.0", "model-v1.1.0"


@pytest.fixture
def bundles(tmp_path: Path) -> list[Bundle]:
    """Two published models."""
    registry = DirectoryRegistry(tmp_path / "registry")
    made = [make_bundle(tmp_path / tag, tag=tag) for tag in (V1, V2)]
    for bundle in made:
        registry.publish(bundle)
    return made


def variables_of(folder: Path) -> dict[str, str]:
    return {
        "MODEL_REGISTRY": f"directory:{folder / 'registry'}",
        "DEPLOYMENT_LEDGER": f"file:{folder / 'ledger.jsonl'}",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=variables_of(folder))


def history(folder: Path, environment: Environment = Environment.PRODUCTION) -> list[Deployment]:
    return FileLedger(folder / "ledger.jsonl").history(environment)


def test_a_tag_is_verified_and_recorded(tmp_path: Path, bundles: list[Bundle]) -> None:
    result = run(tmp_path, "up", V1, "--reason", "the first model")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"{V1} serves production, the first: every file verified, 3 golden rows scored (the first model). "
        "DEPLOY_PLATFORM is not set: this was written down, and no service was touched.\n"
    )
    (entry,) = history(tmp_path)
    assert (str(entry.tag), entry.previous, entry.reason) == (V1, None, "the first model")
    assert result.stdout.strip() in (tmp_path / "summary.md").read_text()


def test_a_tag_that_serves_already_is_left_alone(tmp_path: Path, bundles: list[Bundle]) -> None:
    run(tmp_path, "up", V1)
    result = run(tmp_path, "up", V1)

    assert result.stdout == f"{V1} serves production already; nothing was done.\n"
    assert len(history(tmp_path)) == 1


def test_environments_are_told_apart(tmp_path: Path, bundles: list[Bundle]) -> None:
    run(tmp_path, "up", V2, "--environment", "staging")

    assert history(tmp_path) == []
    assert [str(entry.tag) for entry in history(tmp_path, Environment.STAGING)] == [V2]


def test_a_damaged_model_is_not_brought_anywhere(tmp_path: Path, bundles: list[Bundle]) -> None:
    (tmp_path / "registry" / V1 / GRAPH_NAME).write_bytes(b"")
    result = run(tmp_path, "up", V1)

    assert result.exit_code == 1
    assert GRAPH_NAME in result.stderr
    assert history(tmp_path) == []


def test_a_rollback_goes_to_what_served_before(tmp_path: Path, bundles: list[Bundle]) -> None:
    run(tmp_path, "up", V1)
    run(tmp_path, "up", V2)
    result = run(tmp_path, "rollback", "--reason", "too many false alarms")

    assert result.exit_code == 0
    last = history(tmp_path)[-1]
    assert (str(last.tag), str(last.previous)) == (V1, V2)
    assert last.reason == f"rollback from {V2}: too many false alarms"


def test_a_rollback_from_what_does_not_serve_does_nothing(tmp_path: Path, bundles: list[Bundle]) -> None:
    run(tmp_path, "up", V1)
    run(tmp_path, "up", V2)
    run(tmp_path, "rollback", "--from", V2)
    result = run(tmp_path, "rollback", "--from", V2)

    assert result.exit_code == 0
    assert result.stdout == f"{V2} does not serve production, {V1} does; nothing was done.\n"
    assert len(history(tmp_path)) == 3


@pytest.mark.parametrize("deployed", [[], [V1]])
def test_with_nothing_before_a_rollback_is_refused(tmp_path: Path, bundles: list[Bundle], deployed: list[str]) -> None:
    for tag in deployed:
        run(tmp_path, "up", tag)
    result = run(tmp_path, "rollback")

    assert result.exit_code == 1
    assert result.stderr.startswith("error: nothing served production before")


def test_a_time_of_the_past_is_taken_for_a_replay(tmp_path: Path, bundles: list[Bundle]) -> None:
    run(tmp_path, "up", V1, "--at", "2013-05-01")

    assert history(tmp_path)[0].at.isoformat() == "2013-05-01T00:00:00+00:00"


@pytest.mark.parametrize("at", ["2031-01-01", "2013-04-30"])
def test_a_time_that_is_to_come_or_before_the_last_is_refused(tmp_path: Path, bundles: list[Bundle], at: str) -> None:
    run(tmp_path, "up", V1, "--at", "2013-05-01")
    result = run(tmp_path, "up", V2, "--at", at)

    assert result.exit_code == 1
    assert "--at takes a time that is not to come and not before 2013-05-01T00:00:00+00:00" in result.stderr
    assert len(history(tmp_path)) == 1


def test_a_registry_on_github_wants_the_ledger_there(tmp_path: Path) -> None:
    variables = {"MODEL_REGISTRY": "github:acme/forecast", "DEPLOYMENT_LEDGER": f"file:{tmp_path / 'ledger.jsonl'}"}
    result = CliRunner().invoke(main, ["history"], env=variables)

    assert result.exit_code == 1
    assert "DEPLOYMENT_LEDGER: takes github:acme/forecast too" in result.stderr


def test_what_is_no_time_is_told_what_is_taken(tmp_path: Path) -> None:
    result = run(tmp_path, "up", V1, "--at", "in May")

    assert result.exit_code == 2
    assert "takes an ISO 8601 time" in result.stderr


def test_the_history_is_a_table(tmp_path: Path, bundles: list[Bundle]) -> None:
    assert "Nothing was deployed to production yet" in run(tmp_path, "history").stdout
    for tag in (V1, V2):
        run(tmp_path, "up", tag, "--at", "2013-05-01T06:00:00+00:00", "--reason", "a|b")
    result = run(tmp_path, "history")

    assert result.stdout.splitlines() == [
        "since             tag           before        reason",
        f"2013-05-01 06:00  {V1}  -             a|b",
        f"2013-05-01 06:00  {V2}  {V1}  a|b",
    ]
    assert "| a\\|b |" in (tmp_path / "summary.md").read_text()


@pytest.fixture
def served(tmp_path: Path, bundles: list[Bundle]) -> Path:
    """Where one model served in May and June, and another one since."""
    run(tmp_path, "up", V1, "--at", "2013-05-01T06:00", "--reason", "the first model")
    run(tmp_path, "up", V2, "--at", "2013-07-01T06:00")
    return tmp_path


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2013-04-30", "Nothing served production at 2013-04-30 00:00:00 UTC.\n"),
        (
            "2013-06-30T12:00",
            (
                f"{V1} served production at 2013-06-30 12:00:00 UTC: from 2013-05-01 06:00:00 UTC (the first model) "
                f"until 2013-07-01 06:00:00 UTC, then {V2}.\n"
            ),
        ),
        (
            "2013-07-01T08:00+02:00",
            (
                f"{V2} served production at 2013-07-01 08:00:00 UTC+02:00: from 2013-07-01 06:00:00 UTC (a new model) "
                "until now.\n"
            ),
        ),
    ],
)
def test_who_served_at_a_time_is_answered_with_since_when_and_until_when(served: Path, time: str, said: str) -> None:
    assert run(served, "at", time).stdout == said


def test_of_a_time_that_is_to_come_nothing_is_said(served: Path) -> None:
    result = run(served, "at", "2131-01-01")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "2131-01-01 00:00:00 UTC is to come" in result.stderr


def test_without_a_tag_what_should_serve_is_meant(served: Path) -> None:
    assert run(served, "up").stdout == f"{V2} serves production already; nothing was done.\n"


def test_without_a_tag_and_without_a_past_a_tag_is_asked_for(tmp_path: Path) -> None:
    result = run(tmp_path, "up")
    assert result.exit_code == 1
    assert "nothing was deployed to production yet; name a tag, as python -m ml tags lists them" in result.stderr


def test_a_time_of_another_zone_is_listed_in_utc(tmp_path: Path, bundles: list[Bundle]) -> None:
    run(tmp_path, "up", V1, "--at", "2013-07-01T08:00:00+02:00")
    assert "2013-07-01 06:00  " in run(tmp_path, "history").stdout


def test_status_and_plan_without_a_platform_say_so(served: Path) -> None:
    since = "since 2013-07-01 06:00 UTC (a new model)"
    assert run(served, "status").stdout == (
        f"By the ledger {V2} serves production, {since}.\n"
        "DEPLOY_PLATFORM is not set, so that no service was asked what it serves.\n"
    )
    plan = run(served, "plan", V1).stdout
    assert plan.startswith(f"{V1} would be verified and written down to serve production, after {V2}. DEPLOY_PLATFORM")


def test_a_plan_for_a_tag_that_is_not_there_is_refused(served: Path) -> None:
    result = run(served, "plan", "model-v9.0.0")
    assert result.exit_code == 1
    assert "model-v9.0.0 is not in the registry" in result.stderr


@pytest.mark.parametrize(
    ("platform", "problem"),
    [
        ("heroku", "DEPLOY_PLATFORM: takes none, host, compose, fly:APP or render:SERVICE"),
        ("fly", "DEPLOY_PLATFORM: takes none, host, compose, fly:APP or render:SERVICE"),
        ("host:here", "DEPLOY_PLATFORM: takes none, host, compose, fly:APP or render:SERVICE"),
        ("fly:Not an app", "no name of a Fly app"),
        ("render:srv-1", "RENDER_API_KEY"),
    ],
)
def test_a_platform_that_is_none_is_refused_before_anything_is_done(
    tmp_path: Path, bundles: list[Bundle], platform: str, problem: str
) -> None:
    result = CliRunner().invoke(main, ["up", V1], env=variables_of(tmp_path) | {"DEPLOY_PLATFORM": platform})
    assert result.exit_code == 1
    assert problem in result.stderr
    assert history(tmp_path) == []


def test_a_replay_of_the_past_is_refused_where_there_is_a_platform(tmp_path: Path, bundles: list[Bundle]) -> None:
    places = {"DEPLOY_PLATFORM": "host", "DEPLOY_DIR": str(tmp_path / "host")}
    result = CliRunner().invoke(main, ["up", V1, "--at", "2013-05-01"], env=variables_of(tmp_path) | places)
    assert result.exit_code == 1
    assert "--at is for a replay of the past" in result.stderr
