"""Rates that are counted in a Redis: together while it answers, by each worker while it does not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from limits import RateLimitItem, parse

from app.access import Access
from app.rates import SharedLimiter
from app.settings import ServiceSettings
from core.errors import SettingsError
from core.logs import configure_logs
from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.integration.test_gunicorn import ROW, Server, serving, wait_for_workers
from tests.integration.test_nothing_lost import wait_until
from tests.redis_server import PASSWORD, RedisServer

AWAY, BACK = "rates are counted by each worker", "rates are counted together again"
MANY = parse("1000000/hour")
RETRY_S = 0.3


@pytest.fixture(autouse=True)
def logs() -> None:
    configure_logs()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    return tmp_path


def hits(limiter: SharedLimiter, count: int, limit: RateLimitItem = MANY) -> list[bool]:
    return [limiter.hit(limit, "ada") for _ in range(count)]


def events(output: str) -> list[dict[str, Any]]:
    """The lines of a log; what is not ours is left out."""
    found = []
    for line in output.splitlines():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return found


def test_two_workers_count_together(redis_server: RedisServer) -> None:
    variables = {"RATE_LIMIT": "5/hour", "RATE_LIMIT_STORAGE": redis_server.url}
    one, other = (Access(ServiceSettings.from_env(variables)) for _ in range(2))

    assert [access.count("ada") is None for access in (one, other) * 4] == [True] * 5 + [False] * 3
    assert other.count("bob") is None


def test_while_the_redis_is_away_each_worker_counts_and_then_all_together_again(redis_server: RedisServer) -> None:
    limit = parse("4/hour")
    one, other = (SharedLimiter(redis_server.url, retry_s=RETRY_S) for _ in range(2))
    assert hits(one, 3, limit) == [True] * 3

    redis_server.stop()
    assert hits(one, 5, limit) == [True] * 4 + [False]
    assert hits(other, 5, limit) == [True] * 4 + [False]
    assert one.get_window_stats(limit, "ada").remaining == 0

    redis_server.start()
    time.sleep(2 * RETRY_S)
    assert [limiter.hit(limit, "ada") for limiter in (one, other) * 3] == [True] * 4 + [False] * 2
    assert 0 < one.get_window_stats(limit, "ada").reset_time - time.time() <= 3600


def test_a_redis_that_was_started_anew_is_not_missed(
    redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    limiter = SharedLimiter(redis_server.url)
    hits(limiter, 3)
    redis_server.stop()
    redis_server.start()
    hits(limiter, 3)

    assert AWAY not in capsys.readouterr().out


def test_a_redis_that_does_not_answer_holds_up_one_request_and_is_logged_once(
    redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    limiter = SharedLimiter(redis_server.url, retry_s=60)
    hits(limiter, 1)
    redis_server.pause()
    started = time.monotonic()
    assert all(hits(limiter, 1000))
    # If each had waited, it would have been four minutes.
    assert time.monotonic() - started < 60

    assert capsys.readouterr().out.count(AWAY) == 1


def test_a_wrong_password_is_an_outage_and_shown_nowhere(
    redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    limiter = SharedLimiter(redis_server.url.replace("hunter2", "hunter3"), retry_s=0)
    assert all(hits(limiter, 10))

    output = capsys.readouterr().out
    assert output.count(AWAY) == 1
    assert "hunter" not in output


@pytest.mark.parametrize("rest", [":secret/x@127.0.0.1", ":secret@127.0.0.1:port", ":secret@127.0.0.1?speed=secret"])
def test_a_url_that_the_client_would_not_take_is_refused_without_being_shown(rest: str) -> None:
    with pytest.raises(SettingsError, match="RATE_LIMIT_STORAGE: takes memory:// or the URL of a Redis") as caught:
        ServiceSettings.from_env({"RATE_LIMIT_STORAGE": f"redis://{rest}"})
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def statuses(server: Server, count: int) -> list[int]:
    return [server.request("POST", "/v1/predict", ROW)[0] for _ in range(count)]


def test_the_service_counts_together_and_goes_on_without_its_redis(folder: Path, redis_server: RedisServer) -> None:
    changes = {"WEB_CONCURRENCY": "2", "RATE_LIMIT": "20/hour", "RATE_LIMIT_STORAGE": redis_server.url}
    with serving(folder, **changes) as server:
        wait_for_workers(server, 2)
        found = statuses(server, 20)
        # Connections go to workers at random; by now both have asked.
        wait_until(lambda: statuses(server, 1) == [429] and redis_server.callers() >= 2)
        assert found == [200] * 20

        redis_server.stop()
        found = statuses(server, 100)
        assert set(found) == {200, 429}
        assert found.count(200) == 40
        assert server.request("GET", "/readyz")[0] == 200

        redis_server.start()
        output = folder / "output.log"
        wait_until(lambda: bool(statuses(server, 1)) and output.read_text().count(BACK) == 2)
    text = output.read_text()
    logged = [line for line in events(text) if line["event"] in {AWAY, BACK}]
    assert sorted(line["event"] for line in logged) == sorted([AWAY, BACK] * 2)
    assert "500" not in {str(line.get("status")) for line in events(text)}
    assert PASSWORD not in text
    assert "hunter2" not in text
