"""Under the demonstration's traffic a real Prometheus has data for whatever a rule or a panel asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import requests

from core.contract import Row
from core.registry import DirectoryRegistry
from core.tags import FIRST_TAG, Bump
from demo.callers import asking
from ml.problem import read_problem
from ml.traffic import choose
from tests.commands import ROOT, Home
from tests.expressions import asked
from tests.fragile import publish_fragile
from tests.integration.test_prometheus import experiment, report
from tests.watched import Watched, watched

CHALLENGER = FIRST_TAG.bumped(Bump.MINOR)
# The demonstration's bad model fails where it is hotter, in degrees Fahrenheit; here it is the challenger.
HOT = 94.0
PATIENCE_S = 60


@cache
def hot_days() -> list[Row]:
    """Flights of July, as the demonstration's callers ask for them at last."""
    data = read_problem(ROOT / "model.toml").load(None)
    july = choose(data, date(2013, 7, 1), date(2013, 8, 1), None).as_json_rows()
    return [row for row in july if float(row["temperature"] or 0) > HOT]


@pytest.fixture
def service(shipped: Home, tmp_path: Path) -> Iterator[Watched]:
    registry = DirectoryRegistry(tmp_path / "registry")
    good = DirectoryRegistry(shipped.registry).fetch(FIRST_TAG)
    registry.publish(good)
    publish_fragile(registry, good, CHALLENGER, feature="temperature", above=HOT)
    variables = {
        "MODEL_TAG": str(FIRST_TAG),
        "SHADOW_TAG": str(CHALLENGER),
        "SUBJECT_KEY": "s" * 32,
        "JOURNAL_STORE_LIMIT_BYTES": "100000000",
        "CHALLENGER_BUDGET_MS": "60000",
    }
    with watched(tmp_path, **variables) as service:
        yield service


def ask_beside(url: str) -> None:
    """What its callers do not: heat that nobody has seen, a word too much, and subjects of an experiment."""
    flight = hot_days()[0]
    rows = [({**flight, "temperature": 130}, "nobody"), ({**flight, "gate": "C12"}, "nobody")]
    for row, subject in rows + [(flight, f"passenger-{number}") for number in range(10)]:
        requests.post(f"{url}/v1/predict", json=row, headers={"X-Subject": subject}, timeout=30)


def test_every_expression_returns_data_under_the_traffic_of_the_demonstration(service: Watched, shipped: Home) -> None:
    kept = {"Content-Type": "application/json"}
    assert requests.put(f"{service.url}/v1/experiment", experiment(), headers=kept, timeout=30).ok
    assert requests.post(f"{service.url}/v1/drift", report(), headers=kept, timeout=30).ok
    month = ("--since", "2013-04-01", "--until", "2013-05-01", "--limit", "300", "--rate", "400")
    said = shipped.run("ml", "traffic", "--url", service.url, *month)
    assert "300 accepted" in said.stdout, said.stderr
    service.post_to_nobody()
    missing = asked()
    assert len(missing) > 50
    deadline = time.monotonic() + PATIENCE_S
    with asking(service.url, hot_days()):
        while missing and time.monotonic() < deadline:
            ask_beside(service.url)
            missing = [each for each in missing if not service.prometheus.query(each)]
    assert "\n".join(missing) == ""
