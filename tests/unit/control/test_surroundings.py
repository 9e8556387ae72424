"""What is said of environments and secrets."""

from __future__ import annotations

from control.finding import Mark
from control.surroundings import Environment, Rule, judge_environments, judge_secrets

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


def test_one_platforms_key_is_enough() -> None:
    texts = [finding.text for finding in judge_secrets({"WANDB_API_KEY", "RENDER_API_KEY"}, "o/r")]
    assert texts == ["the secret WANDB_API_KEY is there", "the secret RENDER_API_KEY is there"]


def test_no_mend_shows_a_value() -> None:
    mends = [finding.mend for finding in judge_secrets(set(), "o/r")]
    assert mends == [
        "gh secret set WANDB_API_KEY --repo o/r",
        "gh secret set FLY_API_TOKEN --repo o/r; or gh secret set RENDER_API_KEY --repo o/r",
    ]
