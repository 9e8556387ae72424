"""What is said of a deployment: of its end, in its issue, and before it begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.ledger import Environment
from core.tags import ModelTag
from deploy.evidence import Evidence, Verdict
from deploy.machine import End, Step, begin
from deploy.notice import alert_of, key_of
from deploy.outcome import Outcome
from deploy.plan import lines_of
from deploy.platform import Machine, Remnant, Serving, Situation
from deploy.prices import PRICES, cost
from tests.deployments import MemoryPlatform, Strings

A, B = ModelTag(1, 0, 0), ModelTag(1, 1, 0)
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SLOW = Evidence(name="median latency", found="48 ms beside 3 ms", allowed="at most 11 ms", is_breach=True)
GOLDEN = Evidence(name="golden rows", found="largest gap 0 in 32", allowed="at most 1e-05", is_breach=False)


def make(end: End, **changes: object) -> Outcome:
    values: dict[str, object] = {"end": end, "wanted": B, "green": B, "blue": A, **changes}
    return Outcome(**values)  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (make(End.DEPLOYED), f"{B} serves production on Fly app x, after {A}."),
        (make(End.DEPLOYED, blue=None, is_first=True), f"{B} serves production on Fly app x, the first."),
        (make(End.DEPLOYED, blue=None), f"{B} serves production on Fly app x, where nothing answered."),
        (make(End.DEPLOYED, was_there=True), f"{B} serves production already; nothing was done."),
        (
            make(End.STOPPED, problem="slow"),
            f"{B} was stopped before the switch: slow; {A} serves production on Fly app x as before",
        ),
        (
            make(End.STOPPED, problem="slow", blue=None),
            f"{B} was stopped before the switch: slow; nothing serves production on Fly app x, as before",
        ),
        (
            make(End.ROLLED_BACK, problem="slow", switched_at=NOON, returned_at=NOON + timedelta(seconds=12.34)),
            f"{B} was rolled back after 12.3 s: slow; {A} serves production on Fly app x again",
        ),
        (
            make(End.ROLLED_BACK, problem="slow", blue=None),
            (
                f"{B} does not do well: slow; nothing served production on Fly app x before, so that there is nothing "
                "to go back to, and it may serve on: python -m deploy status says so"
            ),
        ),
        (make(End.ROLLED_BACK, wanted=A), f"{A} serves production on Fly app x again, after {B}."),
        (
            make(End.STUCK, problem="slow", trouble="401"),
            (
                f"{B} is not to serve production on Fly app x (slow), and the way back to {A} is blocked: 401; "
                f"mend that and run python -m deploy up {A}"
            ),
        ),
    ],
)
def test_an_end_is_one_sentence_that_says_what_serves(outcome: Outcome, sentence: str) -> None:
    assert outcome.sentence(Environment.PRODUCTION, "Fly app x") == sentence


def test_the_issue_holds_the_evidence_and_says_who_serves() -> None:
    verdicts = {Step.VERIFY: Verdict(evidence=(GOLDEN,)), Step.WATCH: Verdict(evidence=(SLOW,))}
    outcome = make(End.ROLLED_BACK, problem="slow", verdicts=verdicts)
    alert = alert_of(outcome, Environment.PRODUCTION, "Fly app x", "https://github.com/a/b/actions/runs/7")
    assert (alert.key, alert.title) == ("deploy/production", f"{B} does not serve production: rolled back")
    assert alert.labels == ("deploy", "severity:alert")
    assert "| watch | median latency | 48 ms beside 3 ms | at most 11 ms | **no** |" in alert.body
    assert "| verify | golden rows |" in alert.body
    assert f"Callers are served by {A}." in alert.body
    assert "actions/runs/7" in alert.body


@pytest.mark.parametrize(("end", "served"), [(End.STOPPED, "nobody."), (End.ROLLED_BACK, "nobody, or by what")])
def test_where_nothing_served_before_the_issue_says_what_is_known(end: End, served: str) -> None:
    alert = alert_of(make(end, problem="slow", blue=None), Environment.PRODUCTION, "Fly app x", "")
    assert f"Callers are served by {served}" in alert.body


def test_a_deployment_that_is_stuck_is_critical() -> None:
    alert = alert_of(make(End.STUCK, problem="slow", trouble="401"), Environment.STAGING, "a host", "")
    assert (alert.key, alert.labels[1]) == (key_of(Environment.STAGING), "severity:critical")
    assert "has to look at the platform now" in alert.body


def plan(situation: Situation, champion: ModelTag | None) -> list[str]:
    platform = MemoryPlatform(Strings())
    return lines_of(B, begin(B, situation, champion), situation, platform, platform.machines())


def test_a_plan_names_every_step_and_the_cost() -> None:
    remnants = (Remnant(name="machine 3d8d", tag=B),)
    lines = plan(Situation(serving=Serving(tag=A, since=NOON), remnants=remnants), A)
    assert lines[0] == f"a platform in memory (public) serves {A}."
    assert lines[1] == "  1. prepare: remove machine 3d8d"
    assert lines[7].startswith(f"  7. watch: errors, time and scores beside those of {A}")
    assert lines[-2].startswith("  8. retire blue")
    assert lines[-1].startswith("Costs: about $2.02 a month for 1 x shared-cpu-1x 256mb (as of 2026-06-07; https://")


def test_a_plan_says_what_stands_in_the_way_or_is_done_already() -> None:
    busy = plan(Situation(serving=Serving(tag=A, since=NOON), busy="deploy dep-1"), None)
    assert busy[1] == "It is busy: deploy dep-1; a deployment would be refused until that ends."
    assert busy[2] == f"The ledger does not say so; first {A} would be written down."
    assert plan(Situation(serving=Serving(tag=B, since=NOON)), B)[1] == f"{B} serves already; nothing would be done."


def test_a_plan_of_a_first_deployment_promises_no_watch_and_no_way_back() -> None:
    text = "\n".join(plan(Situation(serving=None), None))
    assert "7. watch: nothing, as there is nothing to compare with or to go back to" in text
    assert "8. retire blue: end whatever else runs" in text
    assert "both" not in text


def test_costs_add_up_and_unknown_machines_are_not_guessed_at() -> None:
    assert cost(()) == "Costs: nothing beside the host itself."
    two = cost((Machine(kind="starter", count=2), Machine(kind="free", count=1)))
    assert two.startswith("Costs: about $14.00 a month for 2 x starter and 1 x free (as of ")
    assert "does not know gpu-9000" in cost((Machine(kind="gpu-9000", count=1),))


def test_every_price_says_as_of_when_and_where_it_is_from() -> None:
    for price in PRICES.values():
        assert datetime.fromisoformat(price.as_of)
        assert price.page.startswith("https://")
