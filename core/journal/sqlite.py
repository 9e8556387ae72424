"""The journal in a SQLite file, for one machine."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

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

_MIGRATIONS = Path(__file__).resolve().parent / "migrations" / "sqlite"
_PREDICTION = ", ".join(PREDICTION_COLUMNS)
_BUSY_S = 5.0


def _insert(table: str, columns: Sequence[str]) -> str:
    values = ", ".join("?" for _ in columns)
    return f"insert into {table} ({', '.join(columns)}) values ({values}) on conflict (id) do nothing"  # noqa: S608  # our own words


_ADD = tuple(map(_insert, TABLES, (PREDICTION_COLUMNS, OUTCOME_COLUMNS, SHADOW_COLUMNS)))


class SqliteStore(SqlClaims, SqlDocuments, SqlTallies):
    """A journal store in one file; several processes may write to it."""

    _MARK = "?"

    def __init__(self, path: Path) -> None:
        """
        Open a file, and bring its tables up to date.

        Raises:
            JournalUnavailable: if that cannot be done.
        """
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalUnavailable(path.parent, error.strerror or str(error)) from error
        self._run(lambda _: None)

    def __str__(self) -> str:
        return f"sqlite:{self._path}"

    def _run(self, act: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                with self._connection:
                    return act(self._connection)
            except (sqlite3.Error, OSError) as error:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
                raise JournalUnavailable(self._path, str(error)) from error

    def _open(self) -> sqlite3.Connection:
        # SQLite does not wait for others where a file's mode or tables change.
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection = self._connect()
            if _is_current(connection):
                return connection
            connection.close()
            _migrate(self._path)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, check_same_thread=False)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        return connection

    def add(self, records: Sequence[Record]) -> None:
        """See `JournalStore`."""
        rows = rows_of_records(records)

        def insert(connection: sqlite3.Connection) -> None:
            for statement, values in zip(_ADD, rows, strict=True):
                connection.executemany(statement, values)

        self._run(insert)

    def predictions(
        self, *, after: int = 0, since: int | None = None, until: int | None = None, limit: int
    ) -> Iterator[Stored]:
        """See `JournalStore`."""
        chosen, values = window("?", after, since, until, limit)
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
        # Pages that are free again are filled first.
        query = (
            "select (page_count - freelist_count) * page_size "
            "from pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
        )
        ((size,),) = self._select(query, [])
        return int(size)

    def outcomes(self, *, after: int = 0, limit: int) -> Iterator[Stored]:
        """See `JournalStore`."""
        query = "select cursor, id, at, prediction, value from outcomes where cursor > ? order by cursor limit ?"
        yield from map(read_outcome, self._select(query, [after, limit]))

    def rows_of(self, requests: Sequence[str]) -> dict[str, int]:
        """See `JournalStore`."""
        query = "select id, rows from predictions where id in (select value from json_each(?))"
        return dict(self._select(query, [msgspec.json.encode(requests).decode()]))

    def latest_outcomes(self, predictions: Sequence[str]) -> dict[str, str | float]:
        """See `JournalStore`."""
        chosen = "prediction in (select value from json_each(?))"
        query = f"select prediction, value from outcomes where {chosen} order by cursor"  # noqa: S608  # our own words
        found = self._select(query, [msgspec.json.encode(predictions).decode()])
        return {prediction: read_value(value) for prediction, value in found}

    def shadows_of(self, requests: Sequence[str]) -> dict[str, Shadow]:
        """See `JournalStore`."""
        query = f"select {', '.join(SHADOW_COLUMNS)} from shadows where id in (select value from json_each(?))"  # noqa: S608  # our own words
        found = map(read_shadow, self._select(query, [msgspec.json.encode(requests).decode()]))
        return {shadow.id: shadow for shadow in found}

    def _select(self, query: str, values: Sequence[Any]) -> list[Any]:
        return self._run(lambda connection: connection.execute(query, values).fetchall())

    def prune(self, *, before: int) -> int:
        """See `JournalStore`."""

        def delete(connection: sqlite3.Connection) -> int:
            counts = [connection.execute(f"delete from {table} where at < ?", [before]).rowcount for table in TABLES]  # noqa: S608  # our own words
            return sum(counts)

        return self._run(delete)

    def close(self) -> None:
        """See `JournalStore`."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _migrate(path: Path) -> None:
    """
    Bring a file's tables up to date; the caller sees to it that nobody else does.

    Yoyo's own lock is not used: it stays in the file when its process is killed.

    Source:
        https://ollycope.com/software/yoyo/latest/
    """
    from yoyo import get_backend, read_migrations  # noqa: PLC0415  # a file that is up to date does not need it

    backend = get_backend(f"sqlite:///{path.absolute()}")
    with closing(backend.connection):
        backend.apply_migrations(backend.to_apply(read_migrations(str(_MIGRATIONS))))


def _is_current(connection: sqlite3.Connection) -> bool:
    """Whether every migration that this code knows was applied."""
    try:
        applied = {name for (name,) in connection.execute("select migration_id from _yoyo_migration")}
    except sqlite3.OperationalError:
        return False
    return {path.stem for path in _MIGRATIONS.glob("*.sql")} <= applied
