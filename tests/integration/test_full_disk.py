"""A disk that really runs full, with spool and store on it, and is given room again."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPMessage
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from core.registry import DirectoryRegistry
from tests.disk import SmallDisk
from tests.factories import make_bundle
from tests.integration.test_gunicorn import LOOPBACK, ROW, Server, serving
from tests.integration.test_nothing_lost import journalled, load, wait_for_answers, wait_until

DISK_BYTES, BALLAST_BYTES = 6_000_000, 5_000_000
STORE_IS_FULL = "database or disk is full"
NOT_KEPT = "an answer is not in the journal"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    return tmp_path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk that has room for a second or two of load, and much more without its ballast."""
    with closing(SmallDisk(tmp_path / "disk", size_bytes=DISK_BYTES)) as disk:
        (disk.outside / "ballast").write_bytes(bytes(BALLAST_BYTES))
        yield disk


def ask(server: Server, method: str, path: str, body: bytes | None = None) -> tuple[int, HTTPMessage, dict[str, Any]]:
    with closing(HTTPConnection(LOOPBACK, server.port, timeout=10)) as connection:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())


def is_ready(server: Server) -> bool | None:
    """None if nobody answers."""
    try:
        return ask(server, "GET", "/readyz")[0] == 200
    except (OSError, HTTPException):
        return None


def assert_refused(server: Server, method: str, path: str, body: bytes | None = None) -> None:
    deadline = time.monotonic() + 20
    # The last bytes of the disk may hold one more short row.
    while (answer := ask(server, method, path, body))[0] == 200:
        assert time.monotonic() < deadline
    status, headers, problem = answer
    assert (status, headers["Content-Type"]) == (503, "application/problem+json")
    assert int(headers["Retry-After"]) > 0
    assert "journal" in problem["detail"]


def requests(ids: list[str]) -> set[str]:
    """What rows' ids say of the requests they came in."""
    return {made.partition("-")[0] for made in ids}


def test_nothing_is_answered_that_does_not_fit_and_nothing_is_lost(folder: Path, disk: SmallDisk) -> None:
    how = {"JOURNAL_DIR": str(disk.path / "journal"), "WEB_CONCURRENCY": "2"}
    output = folder / "output.log"
    with serving(folder, within=disk.command, **how) as server, load(server) as threads:
        wait_until(lambda: STORE_IS_FULL in output.read_text() and is_ready(server) is False)
        assert_refused(server, "GET", "/readyz")
        assert_refused(server, "POST", "/v1/predict", ROW)
        assert ask(server, "GET", "/livez")[0] == 200

        killed = server.workers()
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        # Those that come after them find the disk full, and say so before they are asked anything.
        wait_until(lambda: not set(killed) & set(server.workers()) and is_ready(server) is False)

        (disk.outside / "ballast").unlink()
        wait_for_answers(threads, 300)
        wait_until(lambda: is_ready(server) is True)
        server.process.terminate()
        assert server.process.wait(20) == 0
    assert not list((disk.outside / "journal" / "spool").glob("*.ndjson"))
    with serving(folder, within=disk.command, **how) as server:
        kept = journalled(server)
    answered = [made for thread in threads for made in thread.ids]
    assert len(kept) == len(set(kept))
    assert set(answered) <= set(kept)
    # Answers of the killed may have been lost on their way; and a few rows were asked for one by one.
    assert len(requests(kept)) - len(requests(answered)) <= 3 * len(threads)
    assert set.union(*(thread.statuses for thread in threads)) == {200, 503}


def test_where_answers_come_first_each_that_is_not_kept_is_logged(folder: Path, disk: SmallDisk) -> None:
    how = {"JOURNAL_DIR": str(disk.path / "journal"), "JOURNAL_WHEN_FULL": "serve"}
    output = folder / "output.log"
    with serving(folder, within=disk.command, **how) as server:
        with load(server) as threads:
            wait_until(lambda: STORE_IS_FULL in output.read_text() and NOT_KEPT in output.read_text())
            wait_for_answers(threads, 300)
            assert [ask(server, "GET", path)[0] for path in ("/readyz", "/livez")] == [200, 200]
            status, _, single = ask(server, "POST", "/v1/predict", ROW)
            assert status == 200

            (disk.outside / "ballast").unlink()
            wait_for_answers(threads, 300)
        server.process.terminate()
        assert server.process.wait(20) == 0
    with serving(folder, within=disk.command, **how) as server:
        kept = journalled(server)
    answered = [single["id"], *(made for thread in threads for made in thread.ids)]
    logged = sum(f'"{NOT_KEPT}"' in line for line in output.read_text().splitlines())
    assert len(kept) == len(set(kept))
    assert set(kept) <= set(answered)
    assert len(requests(answered) - requests(kept)) == logged > 100
    assert set.union(*(thread.statuses for thread in threads)) == {200}


def test_a_disk_that_is_full_under_the_metrics_takes_no_worker(folder: Path, disk: SmallDisk) -> None:
    (disk.outside / "ballast").unlink()
    metrics = disk.path / "metrics"
    with serving(folder, within=disk.command, PROMETHEUS_MULTIPROC_DIR=str(metrics)) as server:
        before = server.workers()
        with (disk.outside / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            file.writelines(repeat(bytes(4096)))
        # Each of these is counted in series of its own, some hundred of them.
        for path in (
            "/",
            "/docs/",
            "/openapi.json",
            "/v1/model",
            "/v1/model/card",
            "/v1/journal",
            "/nowhere",
            "/livez",
        ):
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"):
                with closing(HTTPConnection(LOOPBACK, server.port, timeout=10)) as connection:
                    connection.request(method, path, b"")
                    connection.getresponse().read()
        assert server.workers() == before
