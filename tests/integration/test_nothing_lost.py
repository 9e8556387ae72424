"""Every row that was answered is in the journal, exactly once, however the server ends."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.integration.test_gunicorn import LOOPBACK, Server, serving

BODY = json.dumps({"rows": [{"age": 30, "city": "Oslo"}] * 3})


class Load(threading.Thread):
    """A caller that keeps asking over one connection, and remembers every id it was answered with."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.ids: list[str] = []
        self.statuses: set[int] = set()
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.is_set():
            try:
                self._ask()
            except (OSError, HTTPException):
                time.sleep(0.01)

    def _ask(self) -> None:
        with closing(HTTPConnection(LOOPBACK, self.port, timeout=5)) as connection:
            while not self.is_over.is_set():
                connection.request("POST", "/v1/predict/batch", BODY, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                content = answer.read()
                self.statuses.add(answer.status)
                if answer.status == 200:
                    self.ids += [row["id"] for row in json.loads(content)["predictions"]]


@contextmanager
def load(server: Server, callers: int = 4) -> Iterator[list[Load]]:
    """Callers that ask until the end of the block."""
    threads = [Load(server.port) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.is_over.set()
        for thread in threads:
            thread.join(10)


def journalled(server: Server) -> list[str]:
    """The ids of the whole journal."""
    found: list[str] = []
    after = 0
    while True:
        with closing(HTTPConnection(LOOPBACK, server.port, timeout=30)) as connection:
            connection.request("GET", f"/v1/journal?limit=100000&after={after}")
            lines = [json.loads(line) for line in connection.getresponse().read().splitlines()]
        if not lines:
            return found
        found += [line["id"] for line in lines]
        after = lines[-1]["cursor"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    return tmp_path


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_answers(threads: list[Load], more: int) -> None:
    wanted = sum(len(thread.ids) for thread in threads) + more
    deadline = time.monotonic() + 20
    while sum(len(thread.ids) for thread in threads) < wanted:
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.01)


def assert_all_there(folder: Path, threads: list[Load]) -> None:
    """An answer may have been lost on its way, after it was journalled; its row is then more than was answered."""
    answered = [made for thread in threads for made in thread.ids]
    with serving(folder) as server:
        kept = journalled(server)
    assert len(answered) > 100
    assert len(kept) == len(set(kept))
    assert set(answered) <= set(kept)
    assert len(kept) - len(answered) <= 3 * len(threads) * 5
    assert not list((folder / "journal" / "spool").glob("*.ndjson"))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_workers_lose_nothing(folder: Path, workers: str) -> None:
    with serving(folder, WEB_CONCURRENCY=workers) as server, load(server) as threads:
        for _ in range(3):
            wait_for_answers(threads, 300)
            for worker in server.workers():
                os.kill(worker, signal.SIGKILL)
        wait_for_answers(threads, 300)
    assert_all_there(folder, threads)
    assert set.union(*(thread.statuses for thread in threads)) == {200}


def test_a_killed_master_loses_nothing(folder: Path) -> None:
    with serving(folder) as server, load(server) as threads:
        wait_for_answers(threads, 300)
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        time.sleep(0.5)
    # The workers see that they are orphans, and end.
    deadline = time.monotonic() + 40
    while any(_is_running(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert_all_there(folder, threads)


def _is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_stop_under_load_answers_what_it_took_and_ships_everything(folder: Path) -> None:
    with serving(folder) as server, load(server) as threads:
        wait_for_answers(threads, 300)
        server.process.terminate()
        assert server.process.wait(15) == 0
        # Nothing waits for the next start.
        assert not list((folder / "journal" / "spool").glob("*.ndjson"))
    assert_all_there(folder, threads)
