"""The metrics of what the journal's store keeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from app.metrics.drift import CHECKED, SEVERITY
from app.metrics.kept import LIMIT, OUTCOME, PREDICTED, SIZE, StoreCollector
from core.documents import to_json
from core.drift import REPORT_NAME
from core.experiment import EXPERIMENT_NAME
from core.journal.postgres import PostgresStore
from core.journal.sqlite import SqliteStore
from core.journal.store import JournalStore
from tests.findings import make_report
from tests.journal import START, make_outcome, make_prediction


@dataclass
class Kept:
    """A journal that was last written to at a time that the test says."""

    store: JournalStore
    at: float = 0.0

    def written_at(self) -> float:
        return self.at


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Kept]:
    (tmp_path / "deep").mkdir()
    store = SqliteStore(tmp_path / "deep" / "journal.db")
    yield Kept(store)
    store.close()


def shown(collector: StoreCollector) -> dict[str, float]:
    return {sample.name: sample.value for metric in collector.collect() for sample in metric.samples}


def keep_report(journal: Kept) -> None:
    journal.store.keep({REPORT_NAME: to_json(make_report())}, at=0)


def test_it_says_when_something_was_last_answered_and_reported(journal: Kept) -> None:
    before = shown(StoreCollector(journal))
    journal.store.add([make_prediction(), make_prediction(at=START + 5_000_000), make_outcome("x")])
    after = shown(StoreCollector(journal, limit_bytes=10**6))

    assert (before[PREDICTED], before[OUTCOME], LIMIT in before) == (0, 0, False)
    assert after[PREDICTED] == START / 1e6 + 5
    assert after[OUTCOME] > 0
    assert after[SIZE] >= before[SIZE] > 0
    assert after[LIMIT] == 10**6


def test_what_was_read_is_shown_for_a_while(journal: Kept) -> None:
    patient, eager = StoreCollector(journal, shown_s=1000), StoreCollector(journal, shown_s=0)
    for collector in (patient, eager):
        shown(collector)
    keep_report(journal)
    journal.at = time.time()

    assert [SEVERITY in shown(collector) for collector in (patient, eager)] == [False, True]


def test_a_store_that_nobody_writes_to_is_left_alone_for_longer(journal: Kept) -> None:
    collector = StoreCollector(journal, shown_s=0.001)
    shown(collector)
    keep_report(journal)
    time.sleep(0.01)
    quiet = shown(collector)
    journal.at = time.time()

    assert SEVERITY not in quiet
    assert SEVERITY in shown(collector)


def test_while_the_store_is_away_what_was_read_last_is_shown(journal: Kept, tmp_path: Path) -> None:
    keep_report(journal)
    collector = StoreCollector(journal, shown_s=0)
    before = shown(collector)
    journal.store.close()
    (tmp_path / "deep").rename(tmp_path / "gone")
    journal.at = time.time()

    assert shown(collector) == before
    assert shown(StoreCollector(Kept(PostgresStore(f"postgresql:///x?host={tmp_path}")))) == {}


def test_a_store_that_was_away_is_asked_again_soon(journal: Kept, tmp_path: Path) -> None:
    journal.store.close()
    (tmp_path / "deep").rename(tmp_path / "gone")
    collector = StoreCollector(journal, shown_s=0)
    first = shown(collector)
    (tmp_path / "gone").rename(tmp_path / "deep")

    assert (first, PREDICTED in shown(collector)) == ({}, True)


class Hanging(SqliteStore):
    """A store whose database may stop answering, without an error."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.answers = threading.Event()
        self.answers.set()
        self.asked = 0

    def span(self) -> tuple[int, int] | None:
        self.asked += 1
        self.answers.wait(60)
        return super().span()


def test_while_the_store_does_not_answer_nobody_waits_for_it_for_long(tmp_path: Path) -> None:
    store = Hanging(tmp_path / "journal.db")
    collector = StoreCollector(Kept(store), shown_s=0, quiet_s=0, patience_s=0.05)
    while not (before := shown(collector)):
        assert store.asked < 1000
    store.answers.clear()
    asked, threads = store.asked, threading.active_count()

    assert [shown(collector) for _ in range(5)] == [before] * 5
    # However many look, one of them asks.
    assert (store.asked, threading.active_count()) == (asked + 1, threads + 1)
    store.answers.set()


@pytest.mark.parametrize("content", [b"{", b'{"format": 2}'])
@pytest.mark.parametrize("name", [REPORT_NAME, EXPERIMENT_NAME])
def test_a_document_that_cannot_be_read_is_not_shown(journal: Kept, name: str, content: bytes) -> None:
    journal.store.keep({name: content}, at=0)
    found = shown(StoreCollector(journal))

    assert (CHECKED in found, "slipway_experiment_running" in found) == (name != REPORT_NAME, name != EXPERIMENT_NAME)
    assert PREDICTED in found


def test_to_register_it_does_not_ask_the_store(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(StoreCollector(Kept(PostgresStore(f"postgresql:///x?host={tmp_path}"))))

    assert registry.restricted_registry([CHECKED]) is not None


def test_all_that_it_shows_was_described(journal: Kept) -> None:
    keep_report(journal)
    collector = StoreCollector(journal, limit_bytes=10**6)

    assert {metric.name for metric in collector.collect()} <= {metric.name for metric in collector.describe()}


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


def test_what_is_kept_by_a_route_is_noticed_by_every_process(client: FlaskClient, app: Flask) -> None:
    journal = app.extensions["journal"]
    before = journal.written_at()
    answer = client.post(
        "/v1/drift", data=b'{"report": %s, "memory": 0}' % to_json(make_report()), content_type="application/json"
    )

    assert answer.status_code == 204
    assert before == 0
    assert journal.written_at() > 0
