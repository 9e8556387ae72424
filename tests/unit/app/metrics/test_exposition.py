"""The port that shows metrics without a key."""

from __future__ import annotations

import re
import time

import requests
from prometheus_client import CollectorRegistry, Counter

from app.metrics.exposition import MetricsPort
from tests.integration.test_gunicorn import LOOPBACK, free_port


def test_several_may_listen_on_one_port_and_each_answers() -> None:
    port, ports = free_port(), []
    for number in range(2):
        registry = CollectorRegistry()
        Counter("seen", "Seen.", ["by"], registry=registry).labels(str(number)).inc()
        ports.append(MetricsPort(registry, LOOPBACK, port))
    # Which of them is asked, the kernel decides for each connection.
    answers, deadline = set[str](), time.monotonic() + 60
    while len(answers) < 2:
        assert time.monotonic() < deadline, answers
        found = requests.get(f"http://{LOOPBACK}:{port}/metrics", timeout=10)
        answers.add(re.findall(r'^seen_total{by="(\d)"} 1.0$', found.text, re.MULTILINE)[0])
    for each in ports:
        each.close()

    assert answers == {"0", "1"}
