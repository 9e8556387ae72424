"""The journal in Postgres: answers go on while it is away, and every row reaches it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from app import create_app
from app.settings import ServiceSettings
from core.errors import JournalUnavailable, SettingsError
from core.journal.postgres import PostgresStore
from core.registry import DirectoryRegistry
from tests.database import Postgres
from tests.factories import make_bundle
from tests.integration.test_gunicorn import serving
from tests.integration.test_nothing_lost import load, wait_for_answers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    return tmp_path


def kept(url: str) -> list[str]:
    """The ids of every request in the database."""
    store = PostgresStore(url)
    found = [stored.record.id for stored in store.predictions(limit=1_000_000)]
    store.close()
    return found


def test_answers_go_on_while_postgres_is_away_and_every_row_reaches_it(folder: Path, postgres: Postgres) -> None:
    url = postgres.new_database()
    with serving(folder, DATABASE_URL=url, WEB_CONCURRENCY="2") as server:
        with load(server, callers=2) as threads:
            wait_for_answers(threads, 300)
            postgres.stop()
            try:
                wait_for_answers(threads, 600)
                assert server.request("GET", "/readyz")[0] == 200
                assert server.request("GET", "/v1/journal")[0] == 503
                outcome = json.dumps({"id": threads[0].ids[0], "outcome": "yes"}).encode()
                status, receipt = server.request("POST", "/v1/outcomes", outcome)
                assert (status, receipt["accepted"], receipt["checked"]) == (200, 1, False)
            finally:
                postgres.start()
            wait_for_answers(threads, 300)
        server.process.terminate()
        assert server.process.wait(20) == 0
        # Nothing waits for the next start.
        assert not list((folder / "journal" / "spool").glob("*.ndjson"))
    answered = {made.partition("-")[0] for thread in threads for made in thread.ids}
    found = kept(url)
    assert len(found) == len(set(found))
    assert answered <= set(found)
    assert len(found) - len(answered) <= 2 * len(threads)


def test_a_service_starts_without_its_postgres_and_ships_when_it_comes(folder: Path, postgres: Postgres) -> None:
    url = postgres.new_database()
    postgres.stop()
    try:
        with serving(folder, DATABASE_URL=url) as server:
            status, answer = server.request("POST", "/v1/predict", b'{"age": 30, "city": "Oslo"}')
            assert status == 200
            postgres.start()
            deadline = time.monotonic() + 20
            while answer["id"] not in kept(url) and time.monotonic() < deadline:
                time.sleep(0.2)
            assert answer["id"] in kept(url)
    finally:
        postgres.start()


def test_two_machines_read_each_other_s_answers(folder: Path, postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database()
    registry = DirectoryRegistry(folder / "registry")
    clients = [
        create_app(
            ServiceSettings.from_env({"DATABASE_URL": url, "JOURNAL_DIR": str(tmp_path / f"machine{number}")}),
            registry=registry,
        ).test_client()
        for number in range(2)
    ]
    made = [client.post("/v1/predict", json={"age": 30, "city": "Oslo"}).get_json()["id"] for client in clients]
    for client in clients:
        client.get("/v1/journal")
    lines = [json.loads(line)["id"] for line in clients[0].get("/v1/journal").data.splitlines()]
    assert sorted(lines) == sorted(made)
    receipt = clients[0].post("/v1/outcomes", json={"id": made[1], "outcome": "yes"}).get_json()
    assert (receipt["accepted"], receipt["unknown_ids"]) == (1, [])
    for client in clients:
        client.application.extensions["journal"].shipper.close()


def test_an_error_names_the_database_without_its_password() -> None:
    store = PostgresStore("postgresql://slipway:hunter2@127.0.0.1:9/journal")
    with pytest.raises(JournalUnavailable, match=r"postgresql://slipway:\*\*\*@127\.0\.0\.1:9/journal") as caught:
        store.rows_of(["x"])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:hunter:2@x@h:5/d", "postgresql://u:***@h:5/d"),
        (
            "postgresql://h/d?user=u&password=hunter2&sslmode=require",
            "postgresql://h/d?user=u&password=***&sslmode=require",
        ),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql:///d?host=/tmp/x", "postgresql:///d?host=/tmp/x"),
    ],
)
def test_a_password_is_hidden_wherever_it_stands(url: str, shown: str) -> None:
    assert str(PostgresStore(url)) == shown


def test_a_url_of_another_database_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError, match=r"DATABASE_URL: takes the URL of a Postgres") as caught:
        ServiceSettings.from_env({"DATABASE_URL": "mysql://slipway:hunter2@127.0.0.1/journal"})
    assert "hunter2" not in str(caught.value)
