"""The sizes that `python -m deploy cost` counts with, in a real Postgres and a real SQLite."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest

from core.journal.postgres import PostgresStore
from core.journal.records import Ids, Record, encode, row_id
from core.journal.sqlite import SqliteStore
from core.journal.store import JournalStore
from deploy.costs.measured import EMPTY_POSTGRES, OUTCOME_LINE, OUTCOME_POSTGRES, OUTCOME_SQLITE, TAKEN
from tests.database import Postgres
from tests.journal import make_outcome, make_prediction

MANY, PART = 3000, 50
SINGLE = TAKEN[0]
IDS = Ids()


def singles() -> list[Record]:
    """Requests of one row, whose lines are as long as those that were measured."""
    short = make_prediction(rows=1, is_batch=False, request_id=IDS.new())
    missing = round(SINGLE.line) - len(encode(short)) - 1
    note = "x" * (missing + len(bytes(short.inputs)) - len('{"note":[""]}'))
    inputs = msgspec.Raw(msgspec.json.encode({"note": [note]}))
    return [make_prediction(rows=1, is_batch=False, request_id=IDS.new(), inputs=inputs) for _ in range(MANY)]


def outcomes() -> list[Record]:
    """Of rows of a batch."""
    request = IDS.new()
    return [make_outcome(row_id(request, row, is_batch=True)) for row in range(MANY)]


def fill(store: JournalStore, records: list[Record]) -> None:
    with closing(store):
        # Makes the tables.
        store.span()
        for start in range(0, len(records), PART):
            store.add(records[start : start + PART])


def in_postgres(url: str) -> int:
    with psycopg.connect(url) as connection:
        (found,) = connection.execute("select pg_database_size(current_database())").fetchone() or (0,)
    return int(found)


@pytest.mark.parametrize(
    ("make", "line", "sqlite", "size"),
    [
        (singles, SINGLE.line, SINGLE.sqlite, SINGLE.postgres),
        (outcomes, OUTCOME_LINE, OUTCOME_SQLITE, OUTCOME_POSTGRES),
    ],
    ids=["a request of one row", "an outcome"],
)
def test_a_record_takes_about_what_is_counted_with(
    make: Callable[[], list[Record]], line: float, sqlite: float, size: float, tmp_path: Path, postgres: Postgres
) -> None:
    records = make()
    assert len(encode(records[0])) + 1 == pytest.approx(line, abs=1)
    url = postgres.new_database()
    fill(PostgresStore(url), [])
    empty = in_postgres(url)
    assert empty == pytest.approx(EMPTY_POSTGRES, rel=0.1)
    fill(PostgresStore(url), records)
    assert (in_postgres(url) - empty) / MANY == pytest.approx(size, rel=0.15)
    fill(SqliteStore(tmp_path / "journal.db"), records)
    assert (tmp_path / "journal.db").stat().st_size / MANY == pytest.approx(sqlite, rel=0.2)
