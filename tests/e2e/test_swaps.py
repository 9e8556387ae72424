"""Ten deployments there and back under a steady load, as nobody who calls the service may notice them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.steady import CONNECTIONS, Steady
from bench.swaps import LEAST_RATE, compare, deploy, swap
from tests.needs import lacking
from tests.one_host import FIRST, ROW, SECOND, one_host, publish_three


@pytest.mark.slow
def test_ten_swaps_under_load_lose_no_request_and_no_row(tmp_path: Path) -> None:
    if shutil.which("wrk") is None:
        lacking("wrk is not installed", "on Debian: apt-get install wrk")
    with one_host(tmp_path, publish_three(tmp_path)) as host:
        platform = host.open()
        deploy(platform, FIRST, None)
        with Steady(f"{platform.url}/v1/predict", tmp_path / "load", ROW) as load:
            swap(platform, (FIRST, SECOND), 10)
        answered = load.answered
        journalled = compare(tmp_path / "journal" / "journal.db", answered.ids)

    assert (answered.failed, answered.errors, set(answered.statuses)) == (0, dict.fromkeys(answered.errors, 0), {"200"})
    assert set(answered.tags) == {str(FIRST), str(SECOND)}
    # Where wrk hangs up at the end, up to one request on each connection was answered to nobody.
    assert journalled.lost == 0
    assert journalled.unheard <= CONNECTIONS
    assert len(answered.ids) == len(set(answered.ids)) == sum(answered.statuses.values())
    assert answered.rate >= LEAST_RATE
