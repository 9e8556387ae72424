"""What is said of environments and secrets."""

from __future__ import annotations

import pytest

from control.finding import Mark
from control.surroundings import Environment, Rule, judge_environments, judge_platform, judge_secrets

REVIEWED = [Rule(type="wait_timer"), Rule(type="required_reviewers")]


def test_environments_whose_names_differ_in_capitals_are_those_that_are_wanted() -> None:
    found = [Environment(name="Production", protection_rules=REVIEWED), Environment(name="STAGING")]
    assert [finding.mark for finding in judge_environments(found, "page")] == [Mark.GOOD, Mark.GOOD]


def test_staging_needs_nobody_to_agree_and_production_does() -> None:
    found = [Environment(name="production", protection_rules=REVIEWED[:1]), Environment(name="staging")]
    marks = [(finding.mark, finding.text) for finding in judge_environments(found, "page")]
    assert marks == [
        (Mark.GOOD, "the environment production is there"),
        (Mark.WARNING, "nobody has to agree before something is deployed to production"),
        (Mark.GOOD, "the environment staging is there"),
    ]


@pytest.mark.parametrize(
    ("platform", "wanted"),
    [
        ("fly:forecast", ["FLY_API_TOKEN", "SERVICE_KEY"]),
        ("render:srv-1", ["RENDER_API_KEY", "SERVICE_KEY"]),
        ("host", ["SERVICE_KEY"]),
    ],
)
def test_a_platform_needs_its_token_and_the_services_key(platform: str, wanted: list[str]) -> None:
    there, *secrets = judge_platform(platform, wanted, "o/r")
    assert there.text == f"the variable DEPLOY_PLATFORM is there: {platform}"
    assert [finding.text for finding in secrets] == [f"the secret {name} is there" for name in wanted]
    missing = [finding.mend for finding in judge_platform(platform, (), "o/r") if finding.mark is Mark.WARNING]
    assert missing == [f"gh secret set {name} --repo o/r" for name in wanted]


def test_without_a_platform_no_secret_is_asked_for() -> None:
    (finding,) = judge_platform("", (), "o/r")
    assert (finding.mark, "only written down" in finding.text) == (Mark.WARNING, True)


def test_tracking_is_a_warning_that_names_its_secret() -> None:
    assert [finding.mend for finding in judge_secrets(set(), "o/r")] == ["gh secret set WANDB_API_KEY --repo o/r"]
