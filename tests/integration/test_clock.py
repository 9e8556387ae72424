"""The clock is set back by an hour while the service answers."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from core.registry import DirectoryRegistry
from tests.clock import Clock
from tests.factories import make_bundle
from tests.integration.test_gunicorn import LOOPBACK, ROW, Server, serving
from tests.integration.test_nothing_lost import load, wait_for_answers, wait_until

HOUR_S, DAY_S = 3600, 86_400
FORGOT = "the journal forgot what was too old"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    return tmp_path


def page(server: Server, after: int = 0, **window: str) -> list[dict[str, Any]]:
    """The next rows behind a cursor."""
    with closing(HTTPConnection(LOOPBACK, server.port, timeout=30)) as connection:
        connection.request("GET", f"/v1/journal?{urlencode({'limit': 1000, 'after': after, **window})}")
        return [json.loads(line) for line in connection.getresponse().read().splitlines()]


def read(server: Server, after: int = 0, **window: str) -> list[dict[str, Any]]:
    """All rows behind a cursor, or those of a window, page by page."""
    found: list[dict[str, Any]] = []
    while rows := page(server, after, **window):
        found += rows
        after = rows[-1]["cursor"]
    return found


def test_a_clock_set_back_confuses_neither_ids_nor_cursors_nor_retention(folder: Path) -> None:
    clock = Clock(folder)
    how = clock.variables | {"JOURNAL_RETENTION_DAYS": "1"}
    # Nothing is answered near this time, neither before the clock is set back nor after it.
    between = datetime.fromtimestamp(clock.started - HOUR_S / 2, UTC)
    with serving(folder, **how) as server:
        with load(server) as threads:
            wait_for_answers(threads, 300)
            early = page(server)
            clock.move(-HOUR_S)
            wait_for_answers(threads, 300)
        kept = early + read(server, early[-1]["cursor"])
        since, until = read(server, since=between.isoformat()), read(server, until=between.isoformat())
    answered = [made for thread in threads for made in thread.ids]
    ids = [row["id"] for row in kept]

    # Who had read some of it before found the rest behind its cursor.
    assert sorted(ids) == sorted(answered)
    assert len(set(ids)) == len(ids)
    for thread in threads:
        assert all(one < next_one for one, next_one in pairwise(thread.ids))
    # A window is one of what the clock said: what was answered after it was set back lies in the hour before.
    assert [row["id"] for row in since] == [row["id"] for row in kept if datetime.fromisoformat(row["at"]) >= between]
    assert [row["id"] for row in until] == [row["id"] for row in kept if datetime.fromisoformat(row["at"]) < between]
    assert len(since) >= len(early) >= 300
    assert len(until) >= 300 - 3 * len(threads)

    output = folder / "output.log"
    with serving(folder, **how) as server:
        # What is too old is looked for half a second after each start.
        looked = time.monotonic() + 1.5
        while time.monotonic() < looked:
            assert len(read(server)) == len(kept)
    assert FORGOT not in output.read_text()
    clock.move(2 * DAY_S)
    with serving(folder, **how) as server:
        wait_until(lambda: FORGOT in output.read_text())
        assert read(server) == []


def test_a_caller_at_its_rate_does_not_wait_for_the_clock_to_come_back(folder: Path) -> None:
    clock = Clock(folder)
    with serving(folder, **clock.variables, RATE_LIMIT="3/minute") as server:
        statuses = [server.request("POST", "/v1/predict", ROW)[0] for _ in range(4)]
        clock.move(-HOUR_S)
        statuses += [server.request("POST", "/v1/predict", ROW)[0] for _ in range(4)]

    assert statuses == [200, 200, 200, 429] * 2
