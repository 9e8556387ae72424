from __future__ import annotations

import pytest
from msgspec import structs

from core.drift import Severity, worst
from tests.findings import make_quality


def test_severities_have_an_order() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == [
        "ok",
        "insufficient_data",
        "info",
        "warning",
        "error",
        "alert",
        "critical",
    ]


@pytest.mark.parametrize("severity", Severity)
def test_only_an_alert_and_what_is_worse_belong_in_the_inbox(severity: Severity) -> None:
    assert severity.is_alarming is (severity in (Severity.ALERT, Severity.CRITICAL))


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], Severity.OK),
        ([Severity.INFO], Severity.INFO),
        ([Severity.OK, Severity.INSUFFICIENT_DATA], Severity.INSUFFICIENT_DATA),
        ([Severity.ERROR, Severity.WARNING, Severity.OK], Severity.ERROR),
        ([Severity.ALERT, Severity.CRITICAL, Severity.ERROR], Severity.CRITICAL),
    ],
)
def test_of_several_the_worst_counts(severities: list[Severity], expected: Severity) -> None:
    assert worst(severities) is expected


def test_the_share_of_known_outcomes_is_defined_without_a_prediction() -> None:
    found = make_quality()
    assert found.coverage == pytest.approx(800 / 900)
    assert structs.replace(found, predictions=0).coverage == 0


def test_it_is_no_more_than_all_however_large_the_numbers_are() -> None:
    assert structs.replace(make_quality(), labels=10**400).coverage == 1
    assert structs.replace(make_quality(), predictions=10**400).coverage == 0
