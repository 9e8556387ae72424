"""Where the rows come from that a service answered."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from drift.rows import Source

SERVICE_KEY, DATABASE_URL = "SERVICE_KEY", "DATABASE_URL"
PLACES: Final = (
    "service:URL, sqlite:PATH, database (what DATABASE_URL names), postgresql://..., "
    "or a file that ends in .csv, .parquet, .jsonl or .ndjson"
)
_SERVICE, _SQLITE, _DATABASE = "service", "sqlite", "database"
_POSTGRES: Final = ("postgresql://", "postgres://")
_HTTP: Final = ("http://", "https://")


def open_source(
    text: str, environment: Mapping[str, str], *, folder: Path, tag: str | None = None, time_column: str | None = None
) -> Source:
    """
    The source that a caller names.

    Args:
        text: `service:URL` or a URL, `sqlite:PATH`, `database` or `postgresql://...`, or the path of a file.
        environment: Has the key of a service in SERVICE_KEY, and a database in DATABASE_URL.
        folder: Holds a folder for each file that rows come from, in which is kept what is to be remembered of it.
        tag: That answered the rows of a file which does not say it.
        time_column: Of a file; by default `at`.

    Raises:
        ValueError: saying what would be right.
        JournalUnavailable: if a SQLite file cannot be opened.
    """
    kind, _, rest = text.partition(":")
    if text.startswith(_HTTP):
        kind, rest = _SERVICE, text
    if kind == _SERVICE and rest:
        from drift.sources.service import ServiceSource  # noqa: PLC0415  # each kind needs libraries of its own

        return ServiceSource(rest, environment.get(SERVICE_KEY, "").strip())
    if text == _DATABASE:
        text = environment.get(DATABASE_URL, "").strip()
        if not text.startswith(_POSTGRES):
            raise ValueError(f"needs {DATABASE_URL} to be postgresql://...")
    if text.startswith(_POSTGRES):
        from core.journal.postgres import PostgresStore  # noqa: PLC0415  # see above
        from drift.sources.store import StoreSource  # noqa: PLC0415  # see above

        return StoreSource(PostgresStore(text))
    if kind == _SQLITE and rest:
        return _open_sqlite(Path(rest))
    return _open_file(text, folder, tag, time_column)


def _open_sqlite(path: Path) -> Source:
    from core.journal.sqlite import SqliteStore  # noqa: PLC0415  # see above
    from drift.sources.store import StoreSource  # noqa: PLC0415  # see above

    if not path.is_file():
        raise ValueError(f"takes sqlite:PATH of a journal, such as .slipway/journal/journal.db; there is no {path}")
    return StoreSource(SqliteStore(path))


def _open_file(text: str, folder: Path, tag: str | None, time_column: str | None) -> Source:
    from drift.sources.export import TIME, Export  # noqa: PLC0415  # see above
    from drift.sources.lines import KINDS, LinesSource  # noqa: PLC0415  # see above
    from drift.sources.table import CSV, PARQUET, TableSource  # noqa: PLC0415  # see above

    path = Path(text)
    # What is remembered of one file says nothing of another, even of the same name.
    place = sha256(os.fsencode(path.resolve())).hexdigest()[:8]
    export = Export(path=path, folder=folder / f"{path.name}-{place}", tag=tag, time_column=time_column or TIME)
    if export.kind in KINDS:
        return LinesSource(export)
    if export.kind == CSV or (export.kind == PARQUET and not export.is_packed):
        return TableSource(export)
    raise ValueError(f"takes {PLACES}")
