"""What was asked and how it went."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from app.console.collected import Collected
from app.console.traffic import HOUR_US, MOST_REQUESTS, first_hour, hours_of, since, traffic_of
from app.metrics.answers import AnswerMeter
from app.metrics.requests import RequestMeter
from core.journal.store import Slice
from tests.factories import make_contract, make_reference

NOW = datetime(2026, 11, 26, 3, 4, tzinfo=UTC)
FIRST = int(datetime(2026, 11, 25, 4, tzinfo=UTC).timestamp() * 1e6)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_routes_have_their_statuses_and_the_bounds_of_their_times(registry: CollectorRegistry) -> None:
    meter = RequestMeter(registry)
    for route, status, seconds, times in (
        ("/v1/predict", 200, 0.0015, 90), ("/v1/predict", 422, 0.0008, 8), ("/v1/predict", 500, 20, 2),
        ("/v1/outcomes", 200, 0.3, 200), ("/readyz", 503, 0.0001, 1), ("/", 200, 0.02, 300),
    ):  # fmt: skip
        for _ in range(times):
            meter.end(route, "POST", status, seconds=seconds, rows=1, sent=1)
    found = traffic_of(Collected(registry.collect()))
    shown = [(line.route, line.requests, line.refused, line.failed) for line in found.routes]
    assert shown == [
        ("/v1/outcomes", "200", "0", "0"), ("/v1/predict", "100", "8", "2"), ("everything else", "301", "0", "1"),
    ]  # fmt: skip
    within = [[text.replace("\u00a0", " ") for text in line.within] for line in found.routes]
    assert within == [["500 ms"] * 3, ["2 ms", "2 ms", "over 10 s"], ["20 ms"] * 3]


def test_labels_are_shares_of_their_arm_the_champion_s_first(registry: CollectorRegistry) -> None:
    meter = AnswerMeter(registry, make_contract(), make_reference(), tag="model-v1.0.0")
    for arm, tag, label, rows in (
        ("challenger", "model-v1.1.0", "yes", 4), ("champion", "model-v1.0.0", "no", 1),
        ("champion", "model-v1.0.0", "yes", 3),
    ):  # fmt: skip
        meter._kind(tag, arm, "", label).rows.inc(rows)
    labels = traffic_of(Collected(registry.collect())).labels
    assert [(line.arm, line.label, line.rows, line.share.replace("\u00a0", " ")) for line in labels] == [
        ("champion", "yes", "3", "75 %"), ("champion", "no", "1", "25 %"), ("challenger", "yes", "4", "100 %"),
    ]  # fmt: skip


def test_of_a_new_server_there_is_nothing_to_show(registry: CollectorRegistry) -> None:
    RequestMeter(registry)
    found = traffic_of(Collected(registry.collect()))
    assert (found.routes, found.labels, found.warnings) == ((), (), ())


def test_a_day_has_every_hour_up_to_this_one() -> None:
    assert first_hour(NOW) == FIRST
    slices = [
        Slice(start=FIRST - HOUR_US, requests=99, rows=99),
        Slice(start=FIRST, requests=2, rows=2000),
        Slice(start=FIRST + 23 * HOUR_US, requests=1, rows=1),
    ]
    hours = hours_of(slices, NOW)
    assert (len(hours.lines), len(hours.boxes), hours.peak) == (24, 2, "2")
    shown = [(line.name, line.requests, line.rows) for line in (hours.lines[0], hours.lines[1], hours.lines[-1])]
    assert shown == [("04:00", "2", "2,000"), ("05:00", "0", "0"), ("03:00", "1", "1")]
    assert hours.summary == "3 requests with 2,001 rows in the last 24 hours; most from 04:00 UTC on."


def test_a_day_without_requests_says_so() -> None:
    hours = hours_of([], NOW)
    assert (hours.boxes, hours.summary) == ((), "No request of the last 24 hours is in the journal.")


def test_what_was_before_the_oldest_that_was_looked_at_is_not_known() -> None:
    slices = [
        Slice(start=FIRST + 22 * HOUR_US, requests=MOST_REQUESTS - 5, rows=MOST_REQUESTS),
        Slice(start=FIRST + 23 * HOUR_US, requests=5, rows=5),
    ]
    hours = hours_of(slices, NOW)
    assert [line.requests for line in hours.lines[-3:]] == ["at least 0", "at least 99,995", "5"]
    assert hours.summary == "The newest 100,000 requests of the last 24 hours with 100,005 rows."


def test_the_oldest_worker_s_beginning_is_known_if_it_was_told() -> None:
    assert since(0, NOW) is None
    assert since(NOW.timestamp(), NOW) == NOW
    assert since(NOW.timestamp() + 3600, NOW) is None
