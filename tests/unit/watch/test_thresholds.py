"""A look and the rules of Prometheus call the same things wrong, from the same numbers on."""

from __future__ import annotations

import re

import pytest

from core.thresholds import (
    BURN,
    DAY_S,
    DRIFT_DAYS,
    FAILED_MAY,
    FALLBACK_SHARE,
    LAG_S,
    LEAST,
    LEAST_FALLBACKS,
    MODEL_DAYS,
    MONTH_DAYS,
    MONTH_GB,
    OUTCOME_DAYS,
    SLOW_MAY,
    SLOW_S,
    SPOOL_SHARE,
    STORE_SHARE,
)
from tests.rules import HEARTBEAT, alerts, rules
from watch.catalogue import CATALOGUE, MONITORING_SILENT
from watch.figures import Counters, Figures
from watch.judging import State, Verdict, judge_figures, judge_heart, judge_state
from watch.memory import Growth

# What only windows of days or the proxy's own metrics show.
BY_RULES_ALONE = {HEARTBEAT, "ProxyDown", "AnswersCutOff", "ErrorsAddUp", "SlowAnswersAddUp"}
SAID = {
    "ServiceDown": ["== 0"],
    "ManyErrors": [f"_rate1h > {BURN} * {FAILED_MAY}", f"_rate5m > {BURN} * {FAILED_MAY}", f":increase1h > {LEAST}"],
    "ManySlowAnswers": [f"_rate1h > {BURN} * {SLOW_MAY}", f"_rate5m > {BURN} * {SLOW_MAY}", f":increase1h > {LEAST}"],
    "JournalUnavailable": ['route="/readyz",status="503"'],
    "SpoolNearlyFull": [f"> {SPOOL_SHARE}"],
    "JournalNotDraining": [f"> {LAG_S}"],
    "AnswersNotWritten": ["> 0"],
    "DataDrifted": ['severity=~"alert|critical"', "> 0"],
    "QualityDegraded": [">= 5"],
    "DriftNotChecked": [f"> {DRIFT_DAYS} * {DAY_S}", "> 0"],
    "ModelStale": ['arm="champion"', f"> {MODEL_DAYS} * {DAY_S}"],
    "OutcomesMissing": [f"> {OUTCOME_DAYS} * {DAY_S}", "> 0", f"< {DAY_S}"],
    "ChallengerFailing": [f"> {FALLBACK_SHARE}", f"> {LEAST_FALLBACKS}"],
    "StoreNearlyFull": [f"> {STORE_SHARE}"],
    "EgressCostly": [f"* {MONTH_DAYS} * {DAY_S} > {MONTH_GB}e9"],
}


@pytest.mark.parametrize("name", sorted(SAID))
def test_a_rule_says_the_numbers_by_which_a_look_judges(name: str) -> None:
    expression = " ".join(alerts()[name]["expr"].split())
    for said in SAID[name]:
        assert re.search(rf"{re.escape(said)}(?![\d.])", expression), said


def test_slow_is_the_same_bucket() -> None:
    recorded = [rule["expr"] for rule in rules() if rule.get("record", "").startswith("job:slipway_slow_predictions")]
    assert recorded
    assert all(f'le="{SLOW_S}"' in each and 'route="/v1/predict"' in each for each in recorded)


def test_a_look_and_the_rules_call_an_alert_the_same() -> None:
    known = {name: (alert["labels"]["severity"], alert["labels"]["kind"]) for name, alert in alerts().items()}
    raised = {name: (each.severity, each.kind) for name, each in CATALOGUE.items() if name != MONITORING_SILENT}
    assert raised == {name: known[name] for name in known if name not in BY_RULES_ALONE}
    assert set(SAID) == set(raised)


def test_every_alert_of_the_catalogue_is_judged_once() -> None:
    grown = Growth(counters=Counters())
    judged: list[Verdict] = [
        judge_heart(None, 0.0),
        *judge_state(State.READY, ""),
        *judge_figures(Figures(counters=Counters()), grown, 0.0),
    ]
    assert sorted(each.name for each in judged) == sorted(CATALOGUE)
