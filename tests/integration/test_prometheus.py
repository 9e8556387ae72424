"""A real Prometheus looks at two workers and their proxy: whatever a rule or a panel asks for is there."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from app.keys import Scope, new_key
from core.documents import to_json_line
from core.drift import Severity
from core.experiment import Phase, Reading
from core.registry import DirectoryRegistry
from tests.experiments import CHALLENGER, CHAMPION, make_experiment
from tests.expressions import asked, operands
from tests.factories import make_bundle
from tests.findings import make_column, make_quality, make_report, make_window
from tests.fragile import publish_fragile
from tests.watched import Prometheus, watched

SECRET, KEY = new_key("all", list(Scope))
SHADOW = "model-v1.2.0"
# The challenger cannot score those who are older.
OLD, AGES = 70, (20, 30, 75)
PATIENCE_S = 90
_SPOOL_BYTES = 200_000


class Callers:
    """Those who use a service, as the ones of a demonstration do."""

    def __init__(self, url: str, health: str) -> None:
        self._url, self._health = url, health
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {SECRET}"
        self._count = 0

    def send(self, method: str, path: str, **sent: Any) -> requests.Response:
        return self._session.request(method, f"{self._url}{path}", timeout=30, **sent)

    def ask(self) -> None:
        """Rows of several subjects, some of them new to the model, some wrong; what became of them."""
        self._count += 1
        headers = {"X-Subject": f"customer-{self._count % 40}"}
        for age in AGES:
            self.send("POST", "/v1/predict", json={"age": age, "city": "Oslo"}, headers=headers)
        rows = [{"age": 119, "city": "Rome"}] * 5
        answer = self.send("POST", "/v1/predict/batch", json={"rows": rows}, headers=headers).json()
        outcomes = [{"id": row["id"], "outcome": "yes"} for row in answer.get("predictions", ())]
        self.send("POST", "/v1/outcomes", json={"outcomes": outcomes})
        self.send("POST", "/v1/predict", json={"age": "old"})
        requests.get(f"{self._health}/readyz", timeout=30)

    def fill(self) -> None:
        """Ask until nothing more can be written down."""
        rows = [{"age": 20, "city": "Oslo"}] * 200
        deadline = time.monotonic() + PATIENCE_S
        while self.send("POST", "/v1/predict/batch", json={"rows": rows}).status_code != 503:
            assert time.monotonic() < deadline
        for _ in range(5):
            requests.get(f"{self._health}/readyz", timeout=30)


def report() -> bytes:
    """A check that found something, and outcomes that are as good as ever."""
    now = datetime.now(UTC)
    window = make_window(make_column("age", Severity.ALERT), make_column("city"))
    made = make_report(severity=Severity.ALERT, made_at=now, windows=(window,), quality=(make_quality(now, auc=0.9),))
    return b'{"report": %s, "memory": 0}' % to_json_line(made)


def experiment() -> bytes:
    """One that was read off."""
    now = datetime.now(UTC)
    reading = Reading(at=now, word="running", value=0.01, low=-0.02, high=0.04)
    phases = (Phase(share=0.5, since=now - timedelta(days=3)),)
    return to_json_line(make_experiment(phases=phases, readings=(reading,)))


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """The journal's store, in which nobody else can write until the end of the block."""
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        yield
        connection.execute("rollback")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prometheus, Callers]]:
    """A service that is watched, and its callers; each thing has happened once."""
    folder = tmp_path_factory.mktemp("watched")
    registry = DirectoryRegistry(folder / "registry")
    good = make_bundle(folder / "good", tag=str(CHAMPION))
    registry.publish(good)
    publish_fragile(registry, good, CHALLENGER, feature="age", above=OLD)
    registry.publish(make_bundle(folder / "shadow", tag=SHADOW))
    variables = {
        "API_KEYS": str(KEY),
        "MODEL_TAG": str(CHAMPION),
        "SHADOW_TAG": SHADOW,
        "SUBJECT_KEY": "s" * 32,
        "JOURNAL_SPOOL_BYTES": str(_SPOOL_BYTES),
        "JOURNAL_STORE_LIMIT_BYTES": "100000000",
        "CHALLENGER_BUDGET_MS": "60000",
    }
    with watched(folder, **variables) as service:
        callers = Callers(service.url, service.slot)
        callers.send("PUT", "/v1/experiment", data=experiment(), headers={"Content-Type": "application/json"})
        callers.send("POST", "/v1/drift", data=report(), headers={"Content-Type": "application/json"})
        for _ in range(10):
            callers.ask()
        service.post_to_nobody()
        with locked(folder / "journal/journal.db"):
            callers.fill()
            time.sleep(2)
        yield service.prometheus, callers


@pytest.mark.parametrize(
    ("expression", "looked"),
    [
        ("up == 0", ["up"]),
        ("a > 1 and b / c > 2 * 3", ["a", "b / c"]),
        ("(a > 1 and b > 2) or (sum(c or d) / (e > 0) < 4)", ["a", "b", "sum(c or d) / (e > 0)"]),
        ("(a == 0 unless on () b == 0) or on () absent(c)", ["a", "b", "absent(c)"]),
        ("time() - max(a) > 5", ["time() - max(a)"]),
        ("vector(1)", ["vector(1)"]),
    ],
)
def test_what_a_condition_looks_at_is_found(expression: str, looked: Sequence[str]) -> None:
    assert operands(expression) == looked


def test_every_expression_of_every_panel_and_rule_returns_data(seen: tuple[Prometheus, Callers]) -> None:
    server, callers = seen
    missing = asked()
    assert len(missing) > 50
    deadline = time.monotonic() + PATIENCE_S
    while missing and time.monotonic() < deadline:
        callers.ask()
        missing = [each for each in missing if not server.query(each)]
    assert missing == []


def scraped(server: Prometheus, expression: str) -> float:
    """The value of an expression, from a scrape that began after now."""
    now = time.time()
    deadline = now + PATIENCE_S
    while float(server.query("max(timestamp(slipway_requests_in_flight))")[0]["value"][1]) <= now:
        assert time.time() < deadline
        time.sleep(0.1)
    return float(server.query(expression)[0]["value"][1])


def test_what_it_shows_is_the_sum_over_the_workers(seen: tuple[Prometheus, Callers]) -> None:
    server, callers = seen
    before = scraped(server, "sum(slipway_rows_total)")
    for _ in range(20):
        callers.ask()
    assert scraped(server, "sum(slipway_rows_total)") - before == 20 * (len(AGES) + 5 + 5)


def test_every_rule_can_be_judged(seen: tuple[Prometheus, Callers]) -> None:
    server, _ = seen
    groups = requests.get(f"{server.url}/api/v1/rules", timeout=30).json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] == "err"} == {}
