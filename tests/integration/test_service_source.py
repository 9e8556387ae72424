"""Rows of a running service are those of its journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from app.keys import Scope, new_key
from core.errors import SourceError
from core.journal.sqlite import SqliteStore
from core.registry import DirectoryRegistry
from drift.columns import columns_of
from drift.sources import open_source
from drift.sources.service import ServiceSource
from drift.sources.store import StoreSource
from tests.factories import make_bundle, make_contract
from tests.integration.test_gunicorn import Server, serving
from tests.unit.drift.sources.reading import BEGINNING, batches, rows

ADMIN, ADMIN_ENTRY = new_key("admin", [Scope.ADMIN])
ASKER, ASKER_ENTRY = new_key("asker", [Scope.PREDICT])
BATCH = [{"age": None, "city": "Oslo"}, {"age": 99, "city": "Bern"}, {"age": 3.5, "city": "Rome"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    DirectoryRegistry(folder / "registry").publish(make_bundle(folder / "bundle"))
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, API_KEYS=f"{ADMIN_ENTRY},{ASKER_ENTRY}", JOURNAL_REDACT="city") as server:
        for _ in range(3):
            ask(server, "/v1/predict", BATCH[0])
            ask(server, "/v1/predict/batch", {"rows": BATCH})
        yield server


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def ask(server: Server, path: str, body: object) -> None:
    headers = {"Authorization": f"Bearer {ASKER}"}
    assert requests.post(url_of(server) + path, json=body, headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize("page", [1, 2, 5, 6, 7, 10_000])
def test_a_service_and_its_store_give_the_same_rows(server: Server, folder: Path, page: int) -> None:
    source = ServiceSource(url_of(server), ADMIN, page=page)
    span = source.span()
    store = SqliteStore(folder / "journal" / "journal.db")
    beside = StoreSource(store)

    assert span is not None
    assert (span, json.dumps(rows(source))) == (beside.span(), json.dumps(rows(beside)))
    assert [row["at"] for row in rows(source, span[0], span[1])] == [
        row["at"] for row in rows(beside, span[0], span[1])
    ]
    assert rows(source, BEGINNING, span[0]) == rows(source, span[1] + timedelta(microseconds=1)) == []
    store.close()


def test_what_a_service_gives_becomes_columns(server: Server) -> None:
    source = open_source(url_of(server), {"SERVICE_KEY": ADMIN}, folder=Path())
    found = columns_of(batches(source), make_contract())

    assert (len(found), dict(found.wrong)) == (12, {})
    assert found.redacted == frozenset({"city"})
    assert ((found.scores["score"] > 0) & (found.scores["score"] < 1)).all()


def test_a_key_without_the_scope_is_told_what_it_lacks(server: Server) -> None:
    for key in (ASKER, "slip_wrong", ""):
        with pytest.raises(SourceError, match="set SERVICE_KEY to one with the scope admin"):
            ServiceSource(url_of(server), key).span()
