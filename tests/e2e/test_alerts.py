"""
A fault of every kind, caused for real, opens its issue, and its mend closes it.

Service, Caddy, Prometheus, Alertmanager and the receiver are the real ones, GitHub is its double. Hours and days are
seconds here: every duration of the rules is shortened, and so is the one limit that only time would reach.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import requests

from app.keys import Scope, new_key
from core.documents import to_json_line
from core.drift import Severity
from core.experiment import Phase
from core.github.alert import marker_of
from core.journal.sqlite import SqliteStore
from core.registry import DirectoryRegistry
from doubles.github import GitHub
from tests.alertmanager import TOKEN, receiving, variables
from tests.clock import Clock
from tests.commands import ROOT
from tests.compose import free_ports
from tests.experiments import CHALLENGER, CHAMPION, make_experiment
from tests.factories import make_bundle
from tests.findings import make_column, make_quality, make_report, make_window
from tests.fragile import publish_fragile, publish_sluggish
from tests.github import REPOSITORY
from tests.integration.test_gunicorn import serving
from tests.journal import make_outcome, make_prediction
from tests.rules import HEARTBEAT, MONITORING, alerts
from tests.watched import Prometheus, alertmanager, caddy, configure, prometheus
from watch.telling import key_of

SECRET, KEY = new_key("all", list(Scope))
FRESH: Final = "model-v1.2.0"
# An issue is there, and closed, within so many seconds; a busy machine may take long.
WITHIN_S: Final = 120
# In place of the durations of the rules; their order stays.
SHORT: Final = {
    "2m": "3s", "5m": "4s", "10m": "5s", "30m": "8s", "1h": "20s", "1d": "10s", "6h": "25s", "3d": "35s",
}  # fmt: skip
_LAG: Final = "(slipway_journal_lag_seconds) > "
# Those who are older the old model answers late, and the challenger not at all.
OLD: Final = 70
_SLOW_ROUNDS: Final = 100_000
_CALM, _OLD_CALLERS = (20, 30), (75,)


def shortened(rules: str) -> str:
    """Rules whose durations, and one limit, are reached within seconds."""
    text = re.sub(r"\[(\w+)\]", lambda found: f"[{SHORT[found[1]]}]", rules)
    text = re.sub(r"\boffset (\w+)", lambda found: f"offset {SHORT[found[1]]}", text)
    text = re.sub(r"(\n +for:) \w+", r"\1 2s", text)
    return text.replace(f"{_LAG}600", f"{_LAG}3")


@dataclass(kw_only=True)
class Callers:
    """
    Those who use a service all the time.

    Attributes:
        url: Of the service.
        ages: That they ask about, each in a request of its own.
        batch: Rows of a further request, about the last of these ages; 0 for none.
    """

    url: str
    ages: tuple[int, ...] = _CALM
    batch: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def _ask(self, session: requests.Session, number: int) -> None:
        headers = {"Authorization": f"Bearer {SECRET}", "X-Subject": f"customer-{number % 40}"}
        # Who asks for no gzip costs most.
        headers["Accept-Encoding"] = "identity"
        for age in self.ages:
            row = {"age": age, "city": "Oslo"}
            session.post(f"{self.url}/v1/predict", json=row, headers=headers, timeout=10)
        if self.batch:
            rows = [{"age": self.ages[-1], "city": "Oslo"}] * self.batch
            session.post(f"{self.url}/v1/predict/batch", json={"rows": rows}, headers=headers, timeout=10)
        session.get(f"{self.url}/readyz", timeout=10)

    def _run(self) -> None:
        number = 0
        with requests.Session() as session:
            while not self._over.wait(0.05):
                number += 1
                try:
                    self._ask(session, number)
                except requests.RequestException:
                    # Nobody answers, which is what is being tried.
                    continue

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Let them call until the end of the block."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """A store in which nobody else can write until the end of the block."""
    with closing(sqlite3.connect(store, isolation_level=None, timeout=30)) as connection:
        connection.execute("begin immediate")
        try:
            yield
        finally:
            connection.execute("rollback")


def report(age: timedelta, severity: Severity) -> bytes:
    """A check of so long ago that found the same of a column and of the outcomes."""
    made = datetime.now(UTC) - age
    quality = msgspec.structs.replace(make_quality(made, auc=0.9), severity=severity)
    window = make_window(make_column("age", severity))
    found = make_report(severity=severity, made_at=made, windows=(window,), quality=(quality,))
    return b'{"report": %s, "memory": 0}' % to_json_line(found)


class Stage:
    """Everything that docker compose starts, and GitHub; a test stops and starts its parts."""

    def __init__(self, folder: Path, github: GitHub) -> None:
        self.folder, self.github = folder, github
        self.seen, self.serves = free_ports()
        self.site, self.window = free_ports()
        self.own, self.manager = free_ports()
        self.clock = Clock(folder)
        self.known = variables(github, github.token(issues="write", contents="read"))

    def issue(self, name: str) -> Any:
        """The issue of an alert; None if it has none yet."""
        marker = marker_of(key_of(name))
        found = [each for each in self.github.repository(REPOSITORY).issues.values() if marker in (each.body or "")]
        assert len(found) < 2, name
        return found[0] if found else None

    def is_open(self, name: str) -> bool:
        """Whether the issue of an alert is open."""
        found = self.issue(name)
        return found is not None and found.state == "open"

    def is_over(self, name: str) -> bool:
        """Whether it was open once and is no more."""
        found = self.issue(name)
        return found is not None and found.state == "closed"

    def wait(self, is_so: Callable[[str], bool], *names: str) -> None:
        """Wait until something is so of the issues of these alerts."""
        deadline = time.monotonic() + WITHIN_S
        while missing := [name for name in names if not is_so(name)]:
            assert time.monotonic() < deadline, (is_so.__name__, missing, self.said())
            time.sleep(0.2)

    def said(self) -> list[str]:
        """The last lines of the receiver."""
        return (self.folder / "receiver.log").read_text().splitlines()[-5:]

    @property
    def url(self) -> str:
        """Of the service itself."""
        return f"http://127.0.0.1:{self.serves}"

    def proxy(self) -> AbstractContextManager[None]:
        """Caddy in front of the service."""
        slot = f"127.0.0.1:{self.serves}"
        return caddy(self.folder, blue=slot, green="127.0.0.1:9", site=self.site, window=self.window)

    def prometheus(self) -> AbstractContextManager[Prometheus]:
        """Who looks at both, and judges."""
        return prometheus(self.folder, self.folder / "prometheus.yml", self.own)

    def look(self) -> str:
        """What `watch.yml` says, by the clock that the receiver goes by."""
        command = [sys.executable, "-m", "watch", "look"]
        environment = self.known | self.clock.variables
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=90
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def look_until(self, is_so: Callable[[str], bool]) -> None:
        """Look again and again, until something is so of what was said."""
        deadline = time.monotonic() + WITHIN_S
        while not is_so(said := self.look()):
            assert time.monotonic() < deadline, (said, self.said())
            time.sleep(1)

    def send(self, method: str, path: str, body: bytes) -> None:
        """Send something to the service that it has to take."""
        headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
        answer = requests.request(method, f"{self.url}{path}", data=body, headers=headers, timeout=30)
        assert answer.ok, answer.text

    @contextmanager
    def service(self, tag: str, journal: str, **changes: str) -> Iterator[Path]:
        """The service in the slot that Prometheus looks at; gives the file of its journal."""
        own = {
            "API_KEYS": str(KEY),
            "PORT": str(self.serves),
            "MODEL_TAG": tag,
            "SUBJECT_KEY": "s" * 32,
            "METRICS_PORT": str(self.seen),
            "JOURNAL_DIR": str(self.folder / journal),
            "CHALLENGER_BUDGET_MS": "60000",
        }
        with serving(self.folder, **own, **changes):
            yield self.folder / journal / "journal.db"


@pytest.fixture
def stage(tmp_path: Path, github: GitHub) -> Iterator[Stage]:
    """All but the service, as docker compose starts it, on loopback and in a hurry."""
    stage = Stage(tmp_path, github)
    registry = DirectoryRegistry(tmp_path / "registry")
    months_ago = datetime.now(UTC) - timedelta(days=60)
    good = make_bundle(tmp_path / "good", tag=str(CHAMPION), created_at=months_ago)
    publish_sluggish(registry, good, CHAMPION, feature="age", above=OLD, rounds=_SLOW_ROUNDS)
    publish_fragile(registry, good, CHALLENGER, feature="age", above=OLD)
    registry.publish(make_bundle(tmp_path / "fresh", tag=FRESH, created_at=datetime.now(UTC)))
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving(tmp_path, stage.known | stage.clock.variables))
        (tmp_path / "token").write_text(TOKEN)
        text = (MONITORING / "alertmanager.yml").read_text()
        text = text.replace("http://watch:9095", receiver.url).replace(
            "/run/secrets/watch_token", str(tmp_path / "token")
        )
        text = re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", text)
        (tmp_path / "alertmanager.yml").write_text(text)
        stack.enter_context(alertmanager(tmp_path, tmp_path / "alertmanager.yml", stage.manager))
        targets = {
            "blue:9091": f"127.0.0.1:{stage.seen}",
            "green:9091": "127.0.0.1:9",
            "caddy:2020": f"127.0.0.1:{stage.window}",
            "127.0.0.1:9090": f"127.0.0.1:{stage.own}",
            "alertmanager:9093": f"127.0.0.1:{stage.manager}",
        }
        configure(tmp_path, targets, change=shortened)
        yield stage


OF_THE_MODEL: Final = ("ModelStale", "DriftNotChecked", "DataDrifted", "QualityDegraded", "OutcomesMissing")
OF_CALLS: Final = ("ManySlowAnswers", "ChallengerFailing", "EgressCostly")
OF_THE_JOURNAL: Final = ("SpoolNearlyFull", "JournalUnavailable", "ManyErrors")


def remembered(file: Path) -> None:
    """A journal that has grown, and whose last outcome was reported three weeks ago."""
    store = SqliteStore(file)
    long_ago = int((time.time() - 21 * 86_400) * 1e6)
    inputs = msgspec.Raw(msgspec.json.encode({"age": [30.0] * 2000, "city": ["Oslo"] * 2000}))
    predictions = [make_prediction(at=long_ago, inputs=inputs) for _ in range(40)]
    store.add([*predictions, make_outcome(predictions[0].id, at=long_ago)])
    assert store.size_bytes() > 850_000
    store.close()


def test_a_model_that_is_old_slow_and_wrong_is_told_of_until_it_is_replaced(stage: Stage) -> None:
    remembered(stage.folder / "journal/journal.db")
    phases = (Phase(share=0.5, since=datetime.now(UTC) - timedelta(days=1)),)
    with stage.prometheus(), stage.proxy():
        with stage.service(str(CHAMPION), "journal", JOURNAL_STORE_LIMIT_BYTES="1000000"):
            stage.send("PUT", "/v1/experiment", to_json_line(make_experiment(phases=phases)))
            stage.send("POST", "/v1/drift", report(timedelta(days=3), Severity.CRITICAL))
            callers = Callers(url=stage.url, ages=_OLD_CALLERS, batch=800)
            with callers.calling():
                stage.wait(stage.is_open, *OF_THE_MODEL, *OF_CALLS, "StoreNearlyFull")
                callers.ages, callers.batch = _CALM, 0
                stage.wait(stage.is_over, *OF_CALLS, "SlowAnswersAddUp")
        with (
            stage.service(FRESH, "journal", JOURNAL_STORE_LIMIT_BYTES="1000000000"),
            Callers(url=stage.url).calling(),
        ):
            stage.send("POST", "/v1/drift", report(timedelta(), Severity.OK))
            headers = {"Authorization": f"Bearer {SECRET}"}
            row = {"age": 30, "city": "Oslo"}
            answer = requests.post(f"{stage.url}/v1/predict", json=row, headers=headers, timeout=30).json()
            stage.send("POST", "/v1/outcomes", msgspec.json.encode({"id": answer["id"], "outcome": "yes"}))
            stage.wait(stage.is_over, *OF_THE_MODEL, "StoreNearlyFull")


def test_a_journal_that_cannot_be_written_is_told_of_until_it_can(stage: Stage) -> None:
    callers = Callers(url=stage.url)
    small = {"JOURNAL_SPOOL_BYTES": "500000"}
    with stage.prometheus(), stage.proxy(), stage.service(FRESH, "journal", **small) as store, callers.calling():
        with locked(store):
            stage.wait(stage.is_open, "JournalNotDraining")
            callers.batch = 300
            stage.wait(stage.is_open, *OF_THE_JOURNAL)
        callers.batch = 0
        stage.wait(stage.is_over, *OF_THE_JOURNAL, "JournalNotDraining", "ErrorsAddUp")


def test_answers_that_are_not_written_down_are_told_of_until_they_are(stage: Stage) -> None:
    callers = Callers(url=stage.url, batch=300)
    full = {"JOURNAL_SPOOL_BYTES": "200000", "JOURNAL_WHEN_FULL": "serve"}
    with stage.prometheus(), stage.proxy(), stage.service(FRESH, "journal", **full) as store, callers.calling():
        with locked(store):
            stage.wait(stage.is_open, "AnswersNotWritten")
        stage.wait(stage.is_over, "AnswersNotWritten")


def test_a_service_or_a_proxy_that_is_gone_is_told_of_until_it_is_back(stage: Stage) -> None:
    with stage.prometheus():
        with stage.proxy(), ExitStack() as callers:
            # Caddy tries for five seconds before it says that nobody answers.
            for _ in range(12):
                callers.enter_context(Callers(url=f"http://127.0.0.1:{stage.site}").calling())
            stage.wait(stage.is_open, "ServiceDown", "AnswersCutOff")
            with stage.service(FRESH, "journal"):
                stage.wait(stage.is_over, "ServiceDown", "AnswersCutOff")
                callers.close()
                # The other slot, which is to serve now, is empty.
                (stage.folder / "active").write_text("green")
                stage.wait(stage.is_open, "ServiceDown")
        stage.wait(stage.is_open, "ProxyDown")
        with stage.proxy(), stage.service(FRESH, "journal"):
            stage.wait(stage.is_over, "ServiceDown", "ProxyDown")


def test_a_prometheus_that_is_gone_is_told_of_until_it_is_back(stage: Stage) -> None:
    with stage.prometheus():
        stage.look_until(lambda said: "well: MonitoringSilent" in said)
    stage.clock.move(4 * 3600)
    assert "wrong: MonitoringSilent" in stage.look()
    assert stage.is_open("MonitoringSilent")
    with stage.prometheus():
        stage.look_until(lambda _: stage.is_over("MonitoringSilent"))


def test_every_alert_is_among_those_that_are_tried() -> None:
    tried = {
        *OF_THE_MODEL, *OF_CALLS, *OF_THE_JOURNAL, "StoreNearlyFull", "SlowAnswersAddUp", "JournalNotDraining",
        "ErrorsAddUp", "AnswersNotWritten", "ServiceDown", "ProxyDown", "AnswersCutOff",
    }  # fmt: skip
    assert tried == set(alerts()) - {HEARTBEAT}
