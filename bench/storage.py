"""
What a row takes: in SQLite, in Postgres, in the spool, and on the wire.

The newest rows of the data that model.toml names are asked, in requests of one size at a time; what the service
journalled of them is put into an empty store of each kind, in parts as the shipper's, and so are outcomes of all rows.
Rows that repeat would be packed too well: Postgres compresses long values.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.bodies import request
from bench.server import ROOT, SECRET, SLIPWAY, Running, running, set_up
from core.contract import Row
from core.journal.postgres import PostgresStore
from core.journal.records import Ids, Outcome, Prediction, Record, encode, row_id
from core.journal.sqlite import SqliteStore
from core.journal.store import JournalStore
from ml.datasets.download import Downloads
from ml.problem import read_problem
from tests.database import Postgres

SIZES = (1, 10, 100, 1000)
_PART = 50
_SHIPPING_S = 60.0
_CHUNK = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Bytes of a request with so many rows."""

    rows: int
    requests: int
    answer: float
    line: float
    sqlite: float
    postgres: float


def main() -> None:
    """Measure, and print a table for requests and a line for outcomes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="asked in requests of each size (default: 20000)")
    arguments = parser.parse_args()
    tag, rows = set_up(), newest_rows(arguments.rows)
    server = Postgres()
    try:
        with tempfile.TemporaryDirectory() as name:
            found = [requests_of(size, rows, tag, Path(name), server) for size in SIZES]
            outcomes = list(outcomes_of(len(rows)))
            sqlite, postgres = in_sqlite(outcomes, Path(name, "outcomes.db")), in_postgres(outcomes, server)
            empty = database_bytes(fresh_postgres(server)), sqlite_bytes([], Path(name, "empty.db"))
    finally:
        server.close()
    show(found)
    line = len(encode(outcomes[0])) + 1
    print(f"\nan outcome: a line of {line}, {sqlite:.0f} in SQLite, {postgres:.0f} in Postgres")
    print(f"an empty store: {empty[1]:,} in SQLite, {empty[0]:,} in Postgres")


def newest_rows(count: int) -> list[Row]:
    """So many, or as many as there are."""
    data = read_problem(ROOT / "model.toml", Downloads.from_env(os.environ, lambda *_: None).fetch).load(None)
    return data.as_json_rows()[-count:]


def requests_of(size: int, rows: Sequence[Row], tag: str, folder: Path, server: Postgres) -> Taken:
    """Ask in requests of one size, and see what that took."""
    count = len(rows) // size
    with running(SLIPWAY, folder / f"of-{size}", tag) as service:
        answer = ask(service, size, rows)
        records = journalled(folder / f"of-{size}/journal/journal.db", count)
    return Taken(
        rows=size,
        requests=count,
        answer=answer,
        line=sum(len(encode(record)) + 1 for record in records) / count,
        sqlite=in_sqlite(records, folder / f"{size}.db"),
        postgres=in_postgres(records, server),
    )


def ask(service: Running, size: int, rows: Sequence[Row]) -> float:
    """Ask, and say how many bytes an answer has, its head included."""
    received, count = 0, len(rows) // size
    for start in range(0, count * size, size):
        chosen = rows[start : start + size]
        kind, content = ("single", chosen[0]) if size == 1 else ("batch", {"rows": chosen})
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            whole = request(kind, json.dumps(content).encode(), SECRET)
            connection.sendall(whole.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            received += len(answer_of(connection))
    return received / count


def answer_of(connection: socket.socket) -> bytes:
    """All that comes until the service closes; anything but a 200 ends the bench."""
    answer = b"".join(iter(lambda: connection.recv(_CHUNK), b""))
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"error: the service answers {answer[:200]!r}")
    return answer


def journalled(path: Path, count: int) -> list[Prediction]:
    """What a service wrote of so many requests, once it has shipped them."""
    deadline = time.monotonic() + _SHIPPING_S
    with closing(SqliteStore(path)) as store:
        while time.monotonic() < deadline:
            found = [stored.record for stored in store.predictions(limit=count)]
            if len(found) == count:
                return [record for record in found if isinstance(record, Prediction)]
            time.sleep(0.2)
    raise SystemExit(f"error: {len(found)} of {count} requests were shipped in {_SHIPPING_S:.0f} s")


def outcomes_of(count: int) -> Iterator[Outcome]:
    """Reports of what became of so many rows, in batches."""
    ids = Ids()
    for number in range(count):
        if number % SIZES[-1] == 0:
            asked = ids.new()
        prediction = row_id(asked, number % SIZES[-1], is_batch=True)
        yield Outcome(id=ids.new(), at=time.time_ns() // 1000, prediction=prediction, value="yes")


def in_sqlite(records: Sequence[Record], path: Path) -> float:
    """Bytes of one of these records."""
    empty = sqlite_bytes([], path.with_suffix(".empty"))
    return (sqlite_bytes(records, path) - empty) / len(records)


def sqlite_bytes(records: Sequence[Record], path: Path) -> int:
    """A whole file, closed."""
    with closing(SqliteStore(path)) as store:
        fill(store, records)
    return path.stat().st_size


def in_postgres(records: Sequence[Record], server: Postgres) -> float:
    """Bytes of one of these records."""
    url = fresh_postgres(server)
    empty = database_bytes(url)
    with closing(PostgresStore(url)) as store:
        fill(store, records)
    return (database_bytes(url) - empty) / len(records)


def fresh_postgres(server: Postgres) -> str:
    """The URL of a database with the journal's tables, and nothing in them."""
    url = server.new_database()
    with closing(PostgresStore(url)) as store:
        store.span()
    return url


def database_bytes(url: str) -> int:
    """A whole database, as Postgres counts it."""
    with psycopg.connect(url) as connection:
        (found,) = connection.execute("select pg_database_size(current_database())").fetchone() or (0,)
    return int(found)


def fill(store: JournalStore, records: Sequence[Record]) -> None:
    """As the shipper does."""
    for start in range(0, len(records), _PART):
        store.add(records[start : start + _PART])


def show(found: Sequence[Taken]) -> None:
    """Print the table."""
    print("\nbytes a request; in stores with their indexes\n")
    print("| rows a request | requests | answer | line of the spool | SQLite | Postgres | Postgres, a row |")
    print("|---|---|---|---|---|---|---|")
    for each in found:
        taken = " | ".join(f"{value:,.0f}" for value in (each.answer, each.line, each.sqlite, each.postgres))
        print(f"| {each.rows:,} | {each.requests:,} | {taken} | {each.postgres / each.rows:,.0f} |")


if __name__ == "__main__":
    main()
