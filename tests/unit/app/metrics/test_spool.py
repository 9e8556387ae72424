"""The metrics of what waits in the spool."""

from __future__ import annotations

import time
from pathlib import Path

from app.metrics.spool import SpoolCollector
from core.journal.records import encode
from core.journal.spool import Spool
from tests.journal import make_prediction


def shown(spool: Spool) -> dict[str, float]:
    gauges = SpoolCollector(spool).collect()
    return {sample.name.removeprefix("slipway_journal_"): sample.value for each in gauges for sample in each.samples}


def test_it_says_how_much_waits_and_since_when(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=10**6)
    empty = shown(spool)
    line = encode(make_prediction(at=int((time.time() - 60) * 1e6)))
    spool.append(line)

    assert empty == {"spool_bytes": 0, "spool_limit_bytes": 10**6, "lag_seconds": 0}
    waiting = shown(spool)
    assert waiting["spool_bytes"] == len(line) + 1
    assert 60 <= waiting["lag_seconds"] < 120


def test_what_may_wait_is_not_late(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=10**6)
    spool.append(encode(make_prediction(at=int((time.time() - 60) * 1e6))))
    lags = [
        next(sample.value for each in SpoolCollector(spool, every_s=every_s).collect() for sample in each.samples
             if sample.name == "slipway_journal_lag_seconds")
        for every_s in (30, 3600)
    ]  # fmt: skip
    assert 30 <= lags[0] < 90
    assert lags[1] == 0


def test_a_disk_that_cannot_be_read_shows_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", max_bytes=10**6)
    spool.append(encode(make_prediction()))
    (file,) = spool.ready()
    file.unlink()
    file.mkdir()

    assert shown(spool) == {}
