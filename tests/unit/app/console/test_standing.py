"""What is wrong with a service, the worst first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from app.console import standing
from app.console.collected import Collected
from app.console.standing import Concern, Held, Waiting
from app.metrics.answers import AnswerMeter
from app.metrics.requests import RequestMeter
from core.drift import Severity
from core.ledger import Deployment, Environment
from core.tags import ModelTag
from tests.drift_reports import END, all_clear, make_report, no_data, worse_quality
from tests.factories import make_contract, make_reference

NOW = END + timedelta(hours=9)
TAG = "model-v1.0.0"
EVER = "Since the server started"


def told(concerns: Iterable[Concern]) -> list[tuple[Severity, str, str]]:
    return [(each.severity, each.text.replace("\u00a0", " "), each.section) for each in concerns]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_requests_that_went_well_concern_nobody(registry: CollectorRegistry) -> None:
    meter = RequestMeter(registry)
    AnswerMeter(registry, make_contract(), make_reference(), tag="model-v1.0.0")
    for status in (200, 404, 422):
        meter.end("/v1/predict", "POST", status, seconds=0.1, rows=0, sent=0)
    assert told(standing.of_requests(Collected(registry.collect()))) == []


@pytest.mark.parametrize(
    ("failed", "well", "severity", "said"),
    [
        (1, 9, Severity.WARNING, "Since the server started 1 request of 10 failed (10 %)."),
        (11, 99, Severity.ALERT, "Since the server started 11 requests of 110 failed (10 %)."),
        (11, 1989, Severity.WARNING, "Since the server started 11 requests of 2,000 failed (0.55 %)."),
    ],
)
def test_requests_that_failed_do(
    registry: CollectorRegistry, failed: int, well: int, severity: Severity, said: str
) -> None:
    meter = RequestMeter(registry)
    for status in [500] * failed + [200] * well:
        meter.end("/v1/predict", "POST", status, seconds=0.1, rows=0, sent=0)
    assert told(standing.of_requests(Collected(registry.collect()))) == [(severity, said, "traffic")]


@pytest.mark.parametrize(
    ("slow", "quick", "said"),
    [
        (0, 50, []),
        (1, 100, []),
        (2, 100, [(Severity.WARNING, "2 of 102 predictions of one row took more than 250 ms.")]),
        (11, 0, [(Severity.ALERT, "11 of 11 predictions of one row took more than 250 ms.")]),
    ],
)
def test_so_do_slow_predictions_where_they_are_many(
    registry: CollectorRegistry, slow: int, quick: int, said: list[tuple[Severity, str]]
) -> None:
    meter = RequestMeter(registry)
    for seconds in [0.4] * slow + [0.25] * quick:
        meter.end("/v1/predict", "POST", 200, seconds=seconds, rows=1, sent=0)
        # A batch may take its time.
        meter.end("/v1/predict/batch", "POST", 200, seconds=2, rows=1000, sent=0)
    found = told(standing.of_requests(Collected(registry.collect())))
    assert found == [(severity, f"{EVER} {text}", "traffic") for severity, text in said]


def test_a_model_that_is_too_old_does() -> None:
    assert told(standing.of_model(NOW - timedelta(days=45), NOW)) == []
    assert told(standing.of_model(NOW - timedelta(days=46), NOW)) == [
        (Severity.WARNING, "The model was trained 2013-04-25 09:00 UTC (46 d ago).", "model")
    ]


def held(*, size: int = 0, limit: int | None = None, predicted_h: int = 1, reported_d: int | None = 1) -> Held:
    reported = None if reported_d is None else NOW - timedelta(days=reported_d)
    return Held(size=size, limit=limit, predicted=NOW - timedelta(hours=predicted_h), reported=reported)


def test_a_store_that_fills_does() -> None:
    assert told(standing.of_held(held(size=900), NOW)) == told(standing.of_held(held(size=80, limit=100), NOW)) == []
    assert told(standing.of_held(held(size=410_000_000, limit=500_000_000), NOW)) == [
        (Severity.WARNING, "The journal's store takes 410 MB of 500 MB that it may.", "")
    ]


def test_outcomes_that_come_no_more_do_while_somebody_asks() -> None:
    none_expected = (held(reported_d=14), held(reported_d=15, predicted_h=25), held(reported_d=None))
    assert [told(standing.of_held(each, NOW)) for each in none_expected] == [[], [], []]
    text = "Predictions are made, but the last outcome was reported 2013-05-26 09:00 UTC (15 d ago)."
    assert told(standing.of_held(held(reported_d=15), NOW)) == [(Severity.WARNING, text, "quality")]


def test_who_looks_whether_it_is_ready_is_no_caller(registry: CollectorRegistry) -> None:
    meter = RequestMeter(registry)
    for _ in range(60):
        meter.end("/readyz", "GET", 503, seconds=0.1, rows=0, sent=0)
    assert told(standing.of_requests(Collected(registry.collect()))) == []


def test_so_do_those_that_were_sent_away_not_written_down_or_taken_over(registry: CollectorRegistry) -> None:
    requests, answers = (
        RequestMeter(registry),
        AnswerMeter(registry, make_contract(), make_reference(), tag="model-v1.0.0"),
    )
    requests.send_away()
    answers.note_unwritten()
    answers._kind(TAG, "challenger", "slow", "yes").rows.inc(3)
    answers._kind("model-v1.1.0", "challenger", "", "yes").rows.inc(200)
    answers._kind(TAG, "champion", "", "yes").rows.inc(9000)
    assert told(standing.of_requests(Collected(registry.collect()))) == [
        (Severity.WARNING, f"{EVER} 1 request came while there were too many, and got status 503.", "traffic"),
        (Severity.WARNING, f"{EVER} 1 request could not be written into the journal.", ""),
        (
            Severity.WARNING,
            f"{EVER} the champion answered 3 of the challenger's 203 rows, as it failed or was too slow.",
            "experiment",
        ),
    ]


def test_one_late_row_of_a_challenger_concerns_nobody(registry: CollectorRegistry) -> None:
    answers = AnswerMeter(registry, make_contract(), make_reference(), tag="model-v1.0.0")
    answers._kind(TAG, "challenger", "slow", "yes").rows.inc(1)
    answers._kind("model-v1.1.0", "challenger", "", "yes").rows.inc(200)
    assert told(standing.of_requests(Collected(registry.collect()))) == []


def test_a_service_that_is_not_ready_is_the_worst() -> None:
    assert told(standing.of_readiness("")) == []
    ((severity, text, _),) = told(standing.of_readiness("the spool is full"))
    assert (severity, text) == (
        Severity.CRITICAL,
        "The service is not ready, and answers no predictions: the spool is full.",
    )


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        (Waiting(size=10, limit=100_000, lag_s=2), []),
        (
            Waiting(size=10, limit=100_000, lag_s=900),
            [(Severity.ALERT, "The journal's store lags: a line is 15 min late, 10 B wait.")],
        ),
        (
            Waiting(size=10, limit=100_000, lag_s=420),
            [(Severity.WARNING, "The journal's store lags: a line is 7 min late, 10 B wait.")],
        ),
        (
            Waiting(size=60_000, limit=100_000, lag_s=2),
            [(Severity.WARNING, "What waits for the journal's store takes 60 kB of 100 kB that it may.")],
        ),
        (
            Waiting(size=90_000, limit=100_000, lag_s=2),
            [(Severity.ALERT, "What waits for the journal's store takes 90 kB of 100 kB that it may.")],
        ),
        (None, [(Severity.ERROR, "The folder of what waits for the journal's store cannot be read.")]),
    ],
    ids=["little", "late", "soon late", "much", "too much", "unknown"],
)
def test_what_waits_long_or_fills_the_disk_concerns(waiting: Waiting | None, said: list[tuple[Severity, str]]) -> None:
    assert [(severity, text) for severity, text, _ in told(standing.of_spool(waiting))] == said


def test_a_report_concerns_as_much_as_it_found() -> None:
    assert told(standing.of_report(all_clear(), "", NOW)) == []
    assert told(standing.of_report(no_data(), "", NOW)) == [(Severity.ALERT, "No rows come any more.", "drift")]
    both = told(standing.of_report(make_report(quality=(worse_quality(),)), "", NOW))
    assert [(severity, section) for severity, _, section in both] == [
        (Severity.CRITICAL, "drift"),
        (Severity.CRITICAL, "quality"),
    ]


def test_a_check_that_is_missing_old_or_cannot_be_read_concerns() -> None:
    assert told(standing.of_report(None, "", NOW)) == [
        (Severity.INFO, "Drift was never checked; scripts/drift does.", "drift")
    ]
    old = msgspec.structs.replace(all_clear(), made_at=NOW - timedelta(days=3))
    ((severity, text, _),) = told(standing.of_report(old, "", NOW))
    assert (severity, text) == (Severity.WARNING, "Drift was last checked 2013-06-07 09:00 UTC (3 d ago).")
    ((severity, text, _),) = told(standing.of_report(None, "it is no report", NOW))
    assert (severity, text) == (
        Severity.ERROR,
        "The report of the last drift check cannot be read: it is no report.",
    )


def test_a_store_and_an_experiment_that_fail_are_named() -> None:
    assert told(standing.of_store("")) == told(standing.of_experiment("")) == []
    assert told(standing.of_store("away")) == [(Severity.ERROR, "The journal's store cannot be read: away.", "")]
    assert told(standing.of_experiment("the tag is unknown")) == [
        (Severity.ERROR, "The experiment is not followed: the tag is unknown.", "experiment")
    ]


def deployed(tag: str, environment: Environment = Environment.PRODUCTION) -> Deployment:
    return Deployment(environment=environment, tag=ModelTag.parse(tag), previous=None, at=NOW, reason="")


@pytest.mark.parametrize(
    ("entries", "problem", "said"),
    [
        ([deployed(TAG)], "", []),
        ([deployed("model-v9.0.0"), deployed(TAG, Environment.STAGING)], "", []),
        ([], "", []),
        (
            [deployed("model-v9.0.0")],
            "",
            ["By the ledger other tags serve (model-v9.0.0 production), not model-v1.0.0."],
        ),
        (None, "GitHub is away", ["The ledger cannot be read: GitHub is away."]),
    ],
    ids=["this", "in staging", "none", "another", "unknown"],
)
def test_a_ledger_that_says_something_else_concerns(entries: list[Deployment], problem: str, said: list[str]) -> None:
    assert [text for _, text, _ in told(standing.of_ledger(entries, problem, TAG))] == said


def test_the_worst_comes_first() -> None:
    concerns = [
        Concern(severity=severity, text=severity) for severity in (Severity.INFO, Severity.CRITICAL, Severity.WARNING)
    ]
    assert [each.text for each in standing.sort(concerns)] == ["critical", "warning", "info"]
