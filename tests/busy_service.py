"""A service in whose console there is something to see everywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.journal import Journal
from app.settings import ServiceSettings
from core.contract import CategoricalFeature, Contract, NumericFeature, Target, Task
from core.documents import to_json_line
from core.drift import REPORT_NAME, DriftReport
from core.experiment import Decision, Experiment, Reading
from core.ledger import Environment, FileLedger
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from tests.drift_reports import make_report, worse_quality
from tests.experiments import CHALLENGER, CHAMPION, make_experiment
from tests.factories import make_bundle, make_graph
from tests.journal import make_prediction

HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}{% x %}--><b>"
ROW = {"age": 30, "city": "Oslo"}
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """Where a service keeps what it has."""

    path: Path

    @property
    def ledger(self) -> FileLedger:
        """What served when."""
        return FileLedger(self.path / "ledger.jsonl")

    def environment(self, **variables: str) -> dict[str, str]:
        """The service's variables."""
        return {
            "MODEL_REGISTRY": f"directory:{self.path / 'registry'}",
            "DEPLOYMENT_LEDGER": f"file:{self.path / 'ledger.jsonl'}",
            "JOURNAL_DIR": str(self.path / "journal"),
            "MODEL_TAG": str(CHAMPION),
            "SUBJECT_KEY": "s" * 32,
            **variables,
        }

    def app(self, **variables: str) -> Flask:
        """The service."""
        return create_app(ServiceSettings.from_env(self.environment(**variables)))


def publish(folder: Path, contract: Contract | None = None) -> Folder:
    """A champion and a challenger, with a history of deployments."""
    home = Folder(path=folder)
    registry = DirectoryRegistry(folder / "registry")
    for tag, slope in ((CHAMPION, 0.02), (CHALLENGER, 0.03)):
        graph = make_graph(contract.target.task if contract else Task.BINARY, slope=slope)
        registry.publish(make_bundle(folder / str(tag), tag=str(tag), graph=graph, contract=contract))
    now = datetime.now(UTC)
    for days, tag, reason in (
        (40, ModelTag.parse("model-v0.9.0"), "scripts/deploy"),
        (12, CHALLENGER, "scripts/deploy"),
        (11, ModelTag.parse("model-v0.9.0"), "rolled back: 4 % of the requests failed"),
        (3, CHAMPION, "scripts/deploy"),
    ):
        home.ledger.record(Environment.PRODUCTION, tag, at=now - timedelta(days=days), reason=reason)
    home.ledger.record(Environment.STAGING, CHALLENGER, at=now - timedelta(hours=5), reason="scripts/deploy")
    return home


def fill(app: Flask, report: DriftReport | None = None, experiment: Experiment | None = None) -> None:
    """Let a day and some weeks have passed."""
    journal: Journal = app.extensions["journal"]
    now = time.time_ns() // 1000
    hours = [now - hour * _HOUR_US for hour in range(24)]
    journal.store.add([make_prediction(at=at) for hour, at in enumerate(hours) for _ in range(3 + hour * (24 - hour))])
    journal.keep({REPORT_NAME: to_json_line(report or late_report())})
    body = to_json_line(experiment or running_experiment())
    assert app.test_client().put("/v1/experiment", data=body, content_type="application/json").status_code == 200


def late_report() -> DriftReport:
    """Of this morning."""
    made_at = datetime.now(UTC) - timedelta(hours=9)
    return msgspec.structs.replace(make_report(quality=(worse_quality(),)), made_at=made_at)


def running_experiment(**changes: Any) -> Experiment:
    """Read off each day for two weeks."""
    now = datetime.now(UTC)
    readings = tuple(
        Reading(
            at=now - timedelta(days=14 - day),
            word="running",
            value=0.01 + 0.0004 * day,
            low=0.01 - 0.05 / (1 + day),
            high=0.01 + 0.06 / (1 + day),
        )
        for day in range(14)
    )
    return make_experiment(readings=readings, **changes)


def decided_experiment() -> Experiment:
    """The challenger is better, and nobody has acted on it."""
    decided = Decision(at=datetime.now(UTC), word="challenger better", reason=f"It loses less. {HOSTILE}")
    return running_experiment(decided=decided)


def ask(app: Flask, times: int = 40) -> None:
    """Some traffic, right and wrong."""
    client = app.test_client()
    for number in range(times):
        headers = {"X-Subject": f"customer-{number}"}
        client.post("/v1/predict", json={"age": 18 + number, "city": "Oslo" if number % 3 else "Bern"}, headers=headers)
        client.post("/v1/predict/batch", json={"rows": [ROW, {"age": 90, "city": "Rome"}]}, headers=headers)
        client.post("/v1/predict", json={"age": "old"})


def hostile_contract() -> Contract:
    """Names, units and categories that try to act."""
    return Contract(
        features=(
            NumericFeature(name=f"n{HOSTILE}", unit=HOSTILE, low=0, high=120, nullable=True, description=HOSTILE),
            CategoricalFeature(name=f"c{HOSTILE}", categories=("Oslo", HOSTILE), description=HOSTILE),
        ),
        target=Target(name=HOSTILE, task=Task.BINARY, classes=("no", f"yes{HOSTILE}"), description=HOSTILE),
    )


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # werkzeug's own signature
        """Say nothing."""


@contextmanager
def on_loopback(app: Flask) -> Iterator[str]:
    """The address of a service in this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
