"""The port that shows metrics without a key."""

from __future__ import annotations

import requests
from prometheus_client import CollectorRegistry, Counter

from app.metrics.exposition import MetricsPort
from tests.integration.test_gunicorn import LOOPBACK, free_port


def test_several_may_listen_on_one_port_and_each_answers() -> None:
    registry = CollectorRegistry()
    Counter("seen", "Seen.", registry=registry).inc()
    port = free_port()
    ports = [MetricsPort(registry, LOOPBACK, port) for _ in range(2)]
    answers = []
    for each in ports:
        answer = requests.get(f"http://{LOOPBACK}:{port}/metrics", timeout=10)
        answers.append((answer.status_code, "seen_total 1.0" in answer.text))
        each.close()

    assert answers == [(200, True)] * 2
