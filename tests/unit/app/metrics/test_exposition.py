"""The port that shows metrics without a key."""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import ExitStack, suppress

import pytest
import requests
from prometheus_client import CollectorRegistry, Counter

from app.metrics import exposition
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


def test_those_who_send_nothing_cost_few_threads_and_no_patience(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exposition._Silent, "timeout", 1.0)
    port, before = free_port(), threading.active_count()
    shown = MetricsPort(CollectorRegistry(), LOOPBACK, port)
    with ExitStack() as stack:
        for _ in range(100):
            idle = stack.enter_context(socket.create_connection((LOOPBACK, port)))
            with suppress(OSError):
                idle.sendall(b"GET / HTTP/1.1\r\nHost")
        assert threading.active_count() - before <= 1 + 16
        deadline = time.monotonic() + 60
        while not _is_shown(port):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    shown.close()
    assert capsys.readouterr().err == ""


def test_a_process_that_had_no_threads_to_spare_shows_them_once_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    shown = MetricsPort(CollectorRegistry(), LOOPBACK, port)

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        assert not any(_is_shown(port) for _ in range(20))
    assert _is_shown(port)
    shown.close()


def _is_shown(port: int) -> bool:
    try:
        return requests.get(f"http://{LOOPBACK}:{port}/metrics", timeout=10).ok
    except requests.RequestException:
        return False
