"""The journal in Postgres, for services that run on more than one machine or on disks that do not last."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from core.errors import JournalUnavailable
from core.journal.claims import SqlClaims
from core.journal.documents import SqlDocuments
from core.journal.records import Record, Shadow
from core.journal.rows import (
    NEWEST_OUTCOME,
    OUTCOME_COLUMNS,
    PREDICTION_COLUMNS,
    SHADOW_COLUMNS,
    SPAN,
    TABLES,
    read_outcome,
    read_prediction,
    read_shadow,
    read_value,
    rows_of_records,
    window,
)
from core.journal.store import Stored
from core.journal.tallies import SqlTallies

T = TypeVar("T")

_MIGRATIONS = Path(__file__).resolve().parent / "migrations" / "postgres"
_CONNECT_S = 5
_STATEMENT_MS = 20_000
# A host that is cut off says nothing; without this the network is waited for, for a quarter of an hour.
_CUT_OFF_MS = 30_000
# One at a time may migrate or add: cursors are then given out in the order in which rows become visible, and a reader
# that continues after one misses nothing.
_LOCK = 0x51194A7
# In front of the host, up to the last @ as it may hold some itself; or among the parameters.
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):.*@|(password=)[^&]*")


def _insert(table: str, columns: Sequence[str]) -> str:
    values = ", ".join(["%s"] * len(columns))
    return f"insert into {table} ({', '.join(columns)}) values ({values}) on conflict (id) do nothing"  # noqa: S608  # our own words


_ADD = tuple(map(_insert, TABLES, (PREDICTION_COLUMNS, OUTCOME_COLUMNS, SHADOW_COLUMNS)))
# As text, byte for byte as it was written.
_PREDICTION = ", ".join(
    f"{name}::text" if name in {"inputs", "answers", "warnings"} else name for name in PREDICTION_COLUMNS
)


class PostgresStore(SqlClaims, SqlDocuments, SqlTallies):
    """A journal store in a Postgres database; it may be away when the service starts, and come and go."""

    _MARK = "%s"

    def __init__(self, url: str) -> None:
        """
        Args:
            url: postgresql://...; nothing connects before there is something to do.
        """
        self._url = url
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    def __str__(self) -> str:
        return _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[2] is None else f"{found[2]}***", self._url)

    def _run(self, act: Callable[[psycopg.Connection[Any]], T]) -> T:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                with self._connection.transaction():
                    return act(self._connection)
            except psycopg.Error as error:
                self._drop()
                # The first line says what happened; others may repeat a value.
                problem = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise JournalUnavailable(str(self), problem) from error

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection[Any]:
        options = f"-c statement_timeout={_STATEMENT_MS}"
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_S,
            tcp_user_timeout=_CUT_OFF_MS,
            options=options,
        )
        try:
            if not _is_current(connection):
                connection.execute("select pg_advisory_lock(%s)", [_LOCK])
                if not _is_current(connection):
                    _migrate(self._url)
                connection.execute("select pg_advisory_unlock(%s)", [_LOCK])
        except BaseException:
            connection.close()
            raise
        return connection

    def add(self, records: Sequence[Record]) -> None:
        """See `JournalStore`."""
        rows = rows_of_records(records)

        def insert(connection: psycopg.Connection[Any]) -> None:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
                for statement, values in zip(_ADD, rows, strict=True):
                    cursor.executemany(statement, values)

        self._run(insert)

    def predictions(
        self, *, after: int = 0, since: int | None = None, until: int | None = None, limit: int
    ) -> Iterator[Stored]:
        """See `JournalStore`."""
        chosen, values = window("%s", after, since, until, limit)
        query = f"select cursor, {_PREDICTION} from predictions {chosen}"  # noqa: S608  # our own words
        yield from map(read_prediction, self._select(query, values))

    def span(self) -> tuple[int, int] | None:
        """See `JournalStore`."""
        ((oldest, newest),) = self._select(SPAN, [])
        return None if oldest is None else (oldest, newest)

    def newest_outcome(self) -> int | None:
        """See `JournalStore`."""
        ((newest,),) = self._select(NEWEST_OUTCOME, [])
        return newest if newest is None else int(newest)

    def size_bytes(self) -> int:
        """See `JournalStore`."""
        ((size,),) = self._select("select pg_database_size(current_database())", [])
        return int(size)

    def outcomes(self, *, after: int = 0, limit: int) -> Iterator[Stored]:
        """See `JournalStore`."""
        query = (
            "select cursor, id, at, prediction, value::text from outcomes where cursor > %s order by cursor limit %s"
        )
        yield from map(read_outcome, self._select(query, [after, limit]))

    def rows_of(self, requests: Sequence[str]) -> dict[str, int]:
        """See `JournalStore`."""
        return dict(self._select("select id, rows from predictions where id = any(%s)", [list(requests)]))

    def latest_outcomes(self, predictions: Sequence[str]) -> dict[str, str | float]:
        """See `JournalStore`."""
        query = "select prediction, value::text from outcomes where prediction = any(%s) order by cursor"
        return {prediction: read_value(value) for prediction, value in self._select(query, [list(predictions)])}

    def shadows_of(self, requests: Sequence[str]) -> dict[str, Shadow]:
        """See `JournalStore`."""
        query = "select id, at, tag, answers::text from shadows where id = any(%s)"
        return {shadow.id: shadow for shadow in map(read_shadow, self._select(query, [list(requests)]))}

    def _select(self, query: str, values: Sequence[Any]) -> list[Any]:
        return self._run(lambda connection: connection.execute(query, values).fetchall())

    def prune(self, *, before: int) -> int:
        """See `JournalStore`."""

        def delete(connection: psycopg.Connection[Any]) -> int:
            counts = [connection.execute(f"delete from {table} where at < %s", [before]).rowcount for table in TABLES]  # noqa: S608  # our own words
            return sum(counts)

        return self._run(delete)

    def close(self) -> None:
        """See `JournalStore`."""
        with self._lock:
            self._drop()


def _is_current(connection: psycopg.Connection[Any]) -> bool:
    """Whether every migration that this code knows was applied."""
    (table,) = connection.execute("select to_regclass('_yoyo_migration')").fetchone() or (None,)
    if table is None:
        return False
    applied = {name for (name,) in connection.execute("select migration_id from _yoyo_migration")}
    return {path.stem for path in _MIGRATIONS.glob("*.sql")} <= applied


def _migrate(url: str) -> None:
    """
    Bring the tables up to date; the caller holds the lock. Yoyo's own lock stays when its process is killed.

    Source:
        https://ollycope.com/software/yoyo/latest/
    """
    from yoyo import get_backend, read_migrations  # noqa: PLC0415  # a database that is up to date does not need it

    backend = get_backend(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url))
    with closing(backend.connection):
        backend.apply_migrations(backend.to_apply(read_migrations(str(_MIGRATIONS))))
