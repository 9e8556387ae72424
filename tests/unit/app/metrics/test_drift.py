"""The metrics of a drift report."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from app.metrics.drift import (
    CHECKED,
    COLUMN,
    COLUMNS,
    MOST_COLUMNS,
    QUALITY,
    QUALITY_SEVERITY,
    SEVERITY,
    gauges_of_report,
)
from core.drift import DriftReport, Severity
from tests import findings
from tests.findings import make_column, make_quality, make_report, make_window


def values(report: DriftReport | None) -> dict[str, dict[str, float]]:
    """By metric, the values by label."""
    return {
        metric.name: {"".join(sample.labels.values()): sample.value for sample in metric.samples}
        for metric in gauges_of_report(report)
    }


def test_a_report_gives_when_it_was_made_and_how_severe_it_is() -> None:
    found = values(make_report(severity=Severity.ALERT))

    assert found == {
        CHECKED: {"": findings.CHECKED.timestamp()},
        SEVERITY: {"": 5},
        COLUMNS: dict.fromkeys(Severity, 0),
        COLUMN: {},
    }


def test_a_column_counts_once_by_its_worst() -> None:
    day = make_window(make_column("age", Severity.ALERT), make_column("city"), days=1)
    week = make_window(make_column("age", Severity.WARNING), make_column("city"), make_column("score", Severity.INFO))
    found = values(make_report(windows=(week, day)))

    assert found[COLUMNS] == dict.fromkeys(Severity, 0) | {"alert": 1, "ok": 1, "info": 1}
    assert found[COLUMN] == {"age": 5, "city": 0, "score": 2}


def test_of_many_columns_the_worst_are_shown() -> None:
    columns = [make_column(f"c{number}") for number in range(MOST_COLUMNS)]
    found = values(make_report(windows=(make_window(*columns, make_column("bad", Severity.ALERT)),)))

    assert len(found[COLUMN]) == MOST_COLUMNS
    assert found[COLUMN]["bad"] == 5
    assert f"c{MOST_COLUMNS - 1}" not in found[COLUMN]
    assert found[COLUMNS]["ok"] == MOST_COLUMNS


def test_the_newest_window_with_outcomes_gives_the_figures() -> None:
    old, new = make_quality(findings.CHECKED - timedelta(days=7), auc=0.7), make_quality(auc=0.9, accuracy=None)

    assert values(make_report(quality=(old, new)))[QUALITY] == {"auc": 0.9}
    assert QUALITY not in values(make_report(quality=(make_quality(auc=None),)))
    bad = replace(make_quality(auc=0.6), severity=Severity.CRITICAL)
    assert values(make_report(quality=(bad,)))[QUALITY_SEVERITY] == {"": 6}


def test_of_windows_of_one_end_that_of_the_newest_model_gives_the_figures() -> None:
    tags = ["model-v1.9.0", "model-v1.10.0", "a model of ours"]
    windows = [replace(make_quality(auc=0.7 + place / 10), tag=tag) for place, tag in enumerate(tags)]
    for quality in (windows, windows[::-1]):
        assert values(make_report(quality=tuple(quality)))[QUALITY] == {"auc": pytest.approx(0.8)}


def test_of_windows_of_one_end_the_worst_gives_the_severity() -> None:
    champion = replace(make_quality(auc=0.6), tag="model-v1.0.0", severity=Severity.CRITICAL)
    challenger = replace(make_quality(auc=0.9), tag="model-v1.1.0", severity=Severity.INSUFFICIENT_DATA)
    older = replace(champion, end=champion.end - timedelta(days=7))
    for quality, rank in (((champion, challenger), 6), ((challenger, champion), 6), ((older, challenger), 1)):
        assert values(make_report(quality=quality))[QUALITY_SEVERITY] == {"": rank}


def test_without_a_report_there_is_only_that_none_was_made() -> None:
    assert values(None) == {CHECKED: {"": 0}}
