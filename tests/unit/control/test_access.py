"""What can be told of a token's permissions without using them."""

from __future__ import annotations

import pytest

from control.access import Rights, judge_rights
from control.finding import Mark

PAGE = "https://github.com/settings/personal-access-tokens"


@pytest.mark.parametrize(
    ("scopes", "mark"),
    [
        ({"repo", "gist"}, Mark.GOOD),
        ({"public_repo", "repo_deployment"}, Mark.GOOD),
        ({"public_repo"}, Mark.MISSING),
        ({"gist"}, Mark.MISSING),
        (set(), Mark.MISSING),
    ],
)
def test_a_classic_tokens_scopes_tell(scopes: set[str], mark: Mark) -> None:
    assert judge_rights(Rights(scopes=frozenset(scopes)), PAGE).mark is mark


def test_of_another_token_nothing_is_claimed() -> None:
    finding = judge_rights(Rights(), PAGE)
    assert finding.mark is Mark.UNKNOWN
    assert finding.text == "whether the token may write releases and deployments shows only when it does"
    assert PAGE in finding.mend


def test_whoever_sees_drafts_may_write_releases() -> None:
    finding = judge_rights(Rights(sees_drafts=True), PAGE)
    assert finding.mark is Mark.UNKNOWN
    assert finding.text == "the token may write releases; whether deployments too shows only when it does"
