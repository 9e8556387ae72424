"""Many rows, one a line, through the real server: in bounded memory, and however the caller reads."""

from __future__ import annotations

import gzip
import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.integration.test_gunicorn import LOOPBACK, Server, serving
from tests.integration.test_nothing_lost import journalled

LINE = b'{"age": 30, "city": "Oslo"}\n'
LEAST, MANY = 5_000, 200_000
# The answer alone has 28 MB, so that whoever held it, or the rows, in memory would be seen.
MOST_MORE_KB = 10_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    return tmp_path


def send(server: Server, body: bytes, **headers: str) -> tuple[int, int, int]:
    """Send everything and only then read: status, lines and bytes of the answer."""
    with closing(HTTPConnection(LOOPBACK, server.port, timeout=60)) as connection:
        kind = {"Content-Type": "application/x-ndjson"}
        connection.request("POST", "/v1/predict/batch", body, kind | headers)
        answer = connection.getresponse()
        content = answer.read()
    if answer.getheader("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return answer.status, content.count(b"\n"), len(content)


def peak_kb(server: Server) -> int:
    (worker,) = server.workers()
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    assert found is not None
    return int(found[1])


def test_a_caller_that_reads_late_gets_every_line_and_memory_stays_bounded(folder: Path) -> None:
    with serving(folder) as server:
        assert send(server, LINE * LEAST)[:2] == (200, LEAST)
        before = peak_kb(server)
        status, lines, size = send(server, LINE * MANY)
        after = peak_kb(server)
        assert (status, lines) == (200, MANY)
        assert size > 25_000_000
        assert after - before < MOST_MORE_KB
        packed = {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
        assert send(server, gzip.compress(LINE * LEAST), **packed)[:2] == (200, LEAST)
        assert len(journalled(server)) == MANY + 2 * LEAST


def test_a_caller_that_goes_away_while_it_is_answered_does_no_harm(folder: Path) -> None:
    with serving(folder) as server:
        for _ in range(5):
            with closing(HTTPConnection(LOOPBACK, server.port, timeout=60)) as connection:
                kind = {"Content-Type": "application/x-ndjson"}
                connection.request("POST", "/v1/predict/batch", LINE * 50_000, kind)
                connection.getresponse().read(1000)
        assert send(server, LINE * LEAST)[:2] == (200, LEAST)
    assert '"status":5' not in (folder / "output.log").read_text()
    assert "Traceback" not in (folder / "output.log").read_text()
