"""The spool keeps whole lines, within its bound, and gives up those of the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from core.errors import JournalUnavailable
from core.journal.records import encode
from core.journal.spool import Spool
from tests.commands import ROOT
from tests.contract.trouble import largest_file
from tests.journal import START, make_prediction

BOUND = 10_000


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path, max_bytes=BOUND)
    yield spool
    spool.close()


def lines_of(spool: Spool) -> list[bytes]:
    return [line for path in spool.ready() for line in path.read_bytes().splitlines()]


def test_lines_stay_in_order(spool: Spool) -> None:
    for number in range(100):
        spool.append(b"%d" % number)
        if number % 30 == 0:
            spool.ready()
    assert lines_of(spool) == [b"%d" % number for number in range(100)]


def test_nothing_is_ready_where_nothing_was_written(spool: Spool) -> None:
    assert spool.ready() == []


def test_threads_do_not_mix_their_lines(spool: Spool) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: spool.append(b"%d" % number * 20), range(100)))
    assert sorted(lines_of(spool)) == sorted(b"%d" % number * 20 for number in range(100))


def test_lines_that_arrive_while_files_are_taken_away_are_not_lost(tmp_path: Path) -> None:
    spool, started = Spool(tmp_path, max_bytes=10**7), time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        appended = pool.map(lambda number: spool.append(b"%d" % number), range(20_000))
        found: list[bytes] = []
        while len(found) < 20_000:
            paths = spool.ready()
            found += [line for path in paths for line in path.read_bytes().splitlines()]
            for path in paths:
                spool.remove(path)
            assert time.monotonic() < started + 30
        list(appended)
    assert sorted(map(int, found)) == list(range(20_000))
    spool.close()


def test_it_knows_since_when_the_oldest_line_waits(spool: Spool) -> None:
    assert spool.oldest() is None
    lines = [encode(make_prediction(at=START + number)) for number in (5, 9)]
    for line in lines:
        spool.append(line)
        (*_, newest) = spool.ready()
    assert spool.oldest() == START + 5
    spool.remove(min(spool.ready()))
    assert spool.oldest() == START + 9
    spool.remove(newest)
    assert spool.oldest() is None


def test_what_only_makes_sure_that_there_is_room_has_no_age(spool: Spool) -> None:
    spool.check()
    assert spool.measure() > 0
    assert spool.oldest() is None


def test_it_knows_when_something_was_last_shipped_or_noted(spool: Spool) -> None:
    spool.append(encode(make_prediction()))
    assert spool.touched_at() == 0
    (file,) = spool.ready()
    spool.remove(file)
    shipped = spool.touched_at()
    os.utime(spool._directory / "shipped", (1, 1))
    spool.touch()
    assert abs(time.time() - shipped) < 60
    assert spool.touched_at() >= shipped


def test_a_closed_spool_takes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=BOUND)
    spool.close()
    with pytest.raises(JournalUnavailable, match="closed, as the process ends"):
        spool.append(b"late")
    assert list(tmp_path.iterdir()) == []


def test_a_line_beyond_the_bound_is_refused_until_there_is_room(spool: Spool) -> None:
    spool.append(b"x" * (BOUND - 1))
    for attempt in (partial(spool.append, b"y"), spool.check):
        with pytest.raises(JournalUnavailable, match="10000 bytes that it may"):
            attempt()
    (path,) = spool.ready()
    spool.remove(path)
    spool.check()
    spool.append(b"y")
    assert lines_of(spool) == [b"y"]


def test_what_waits_from_before_counts(tmp_path: Path) -> None:
    first = Spool(tmp_path, max_bytes=BOUND)
    first.append(b"x" * (BOUND - 1))
    first.close()
    second = Spool(tmp_path, max_bytes=BOUND)
    with pytest.raises(JournalUnavailable):
        second.append(b"y")
    second.close()


def test_a_line_that_does_not_fit_leaves_no_part_of_itself(spool: Spool) -> None:
    spool.append(b"first")
    # The kernel takes as much of the next line as the limit leaves room for, as a disk does that runs full.
    with largest_file(20):
        for _ in range(3):
            with pytest.raises(JournalUnavailable):
                spool.append(b"x" * 50)
    spool.check()
    spool.append(b"last")
    assert [line for line in lines_of(spool) if line] == [b"first", b"last"]


def test_a_spool_that_takes_a_short_line_only_is_not_ready(spool: Spool) -> None:
    with largest_file(200):
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="only 200 of 2000 bytes fitted"):
                spool.check()
        spool.append(b"short")
    spool.check()


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        JournalUnavailable, match=f"the journal at {tmp_path}/file/spool is not available: Not a directory"
    ):
        Spool(tmp_path / "file" / "spool", max_bytes=BOUND)


def test_the_living_keep_their_files_and_the_dead_leave_theirs(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from core.journal.spool import Spool;"
        f"spool = Spool(Path({str(tmp_path)!r}), max_bytes={BOUND});"
        "spool.append(b'theirs'); print('written', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        spool = Spool(tmp_path, max_bytes=BOUND)
        spool.append(b"ours")
        assert lines_of(spool) == [b"ours"]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 5
        while len(found := lines_of(spool)) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sorted(found) == [b"ours", b"theirs"]
    for path in spool.ready():
        spool.remove(path)
    spool.ready()
    spool.close()
    assert [path.name for path in tmp_path.iterdir()] == ["shipped"]
