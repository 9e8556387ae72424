"""The metrics of the newest drift report."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from app.drift_metrics import CHECKED, COLUMNS, QUALITY, SEVERITY, DriftCollector, gauges_of
from core.documents import to_json
from core.drift import REPORT_NAME, DriftReport, Severity
from core.journal.postgres import PostgresStore
from core.journal.sqlite import SqliteStore
from tests import findings
from tests.findings import make_column, make_quality, make_report, make_window


def values(report: DriftReport | None) -> dict[str, dict[str, float]]:
    """By metric, the values by label."""
    return {
        metric.name: {"".join(sample.labels.values()): sample.value for sample in metric.samples}
        for metric in gauges_of(report)
    }


def keep(store: SqliteStore, report: DriftReport) -> None:
    store.keep({REPORT_NAME: to_json(report)}, at=0)


def test_a_report_gives_when_it_was_made_and_how_severe_it_is() -> None:
    found = values(make_report(severity=Severity.ALERT))

    assert found == {
        CHECKED: {"": findings.CHECKED.timestamp()},
        SEVERITY: {"": 5},
        COLUMNS: dict.fromkeys(Severity, 0),
    }


def test_a_column_counts_once_by_its_worst() -> None:
    day = make_window(make_column("age", Severity.ALERT), make_column("city"), days=1)
    week = make_window(make_column("age", Severity.WARNING), make_column("city"), make_column("score", Severity.INFO))
    found = values(make_report(windows=(week, day)))

    assert found[COLUMNS] == dict.fromkeys(Severity, 0) | {"alert": 1, "ok": 1, "info": 1}


def test_the_newest_window_with_outcomes_gives_the_figures() -> None:
    old, new = make_quality(findings.CHECKED - timedelta(days=7), auc=0.7), make_quality(auc=0.9, accuracy=None)

    assert values(make_report(quality=(old, new)))[QUALITY] == {"auc": 0.9}
    assert QUALITY not in values(make_report(quality=(make_quality(auc=None),)))


def test_of_windows_of_one_end_that_of_the_newest_model_gives_the_figures() -> None:
    tags = ["model-v1.9.0", "model-v1.10.0", "a model of ours"]
    windows = [replace(make_quality(auc=0.7 + place / 10), tag=tag) for place, tag in enumerate(tags)]
    for quality in (windows, windows[::-1]):
        assert values(make_report(quality=tuple(quality)))[QUALITY] == {"auc": pytest.approx(0.8)}


def test_without_a_report_there_is_only_that_none_was_made() -> None:
    assert values(None) == {CHECKED: {"": 0}}


def test_the_store_is_asked_again_after_a_while(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    patient, eager = DriftCollector(store, shown_s=1000), DriftCollector(store, shown_s=0)
    shown = [[len(list(collector.collect())) for collector in (patient, eager)]]
    keep(store, make_report())
    shown.append([len(list(collector.collect())) for collector in (patient, eager)])
    store.close()

    assert shown == [[1, 1], [1, 3]]


def test_while_the_store_is_away_the_last_report_is_shown(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    store = SqliteStore(tmp_path / "deep" / "journal.db")
    keep(store, make_report())
    collector = DriftCollector(store, shown_s=0)
    before = list(collector.collect())
    store.close()
    (tmp_path / "deep").rename(tmp_path / "gone")

    assert list(collector.collect()) == before
    assert list(DriftCollector(PostgresStore(f"postgresql:///x?host={tmp_path}")).collect()) == []


@pytest.mark.parametrize("content", [b"{", b'{"format": 2}'])
def test_a_report_that_cannot_be_read_is_not_shown(tmp_path: Path, content: bytes) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    store.keep({REPORT_NAME: content}, at=0)

    assert list(DriftCollector(store).collect()) == []
    store.close()


def test_to_register_it_does_not_ask_the_store(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(DriftCollector(PostgresStore(f"postgresql:///x?host={tmp_path}")))

    assert registry.restricted_registry([CHECKED]) is not None


def test_the_metrics_say_what_severities_mean(client: FlaskClient) -> None:
    client.post(
        "/v1/drift", data=b'{"report": %s, "memory": 0}' % to_json(make_report()), content_type="application/json"
    )
    text = client.get("/metrics").text

    words = "0 ok, 1 insufficient_data, 2 info, 3 warning, 4 error, 5 alert, 6 critical."
    assert f"# HELP slipway_drift_severity The worst that was found: {words}" in text
    assert "slipway_drift_severity 0.0" in text
    assert 'slipway_drift_columns{severity="critical"} 0.0' in text
    only = client.get("/metrics?name[]=slipway_drift_severity").text
    assert "slipway_drift_severity 0.0" in only
    assert "slipway_drift_columns" not in only
