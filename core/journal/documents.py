"""Documents in a table: what both stores do alike, but for how their statements mark a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.journal.transactions import Transactions


class SqlDocuments(Transactions):
    """The part of a `JournalStore` that keeps documents."""

    def keep(self, documents: Mapping[str, bytes], *, at: int) -> None:
        """See `JournalStore`."""
        replace = (
            f"insert into documents (name, at, content) values ({', '.join([self._MARK] * 3)}) "  # noqa: S608  # our own words
            "on conflict (name) do update set at = excluded.at, content = excluded.content"
        )

        def act(connection: Any) -> None:
            # In one order, so that of two who keep the same documents one waits for the other at the first.
            for name in sorted(documents):
                connection.execute(replace, [name, at, documents[name]])

        self._run(act)

    def kept(self, name: str) -> tuple[int, bytes] | None:
        """See `JournalStore`."""
        query = f"select at, content from documents where name = {self._MARK}"  # noqa: S608  # our own words
        found = self._run(lambda connection: connection.execute(query, [name]).fetchall())
        return (found[0][0], found[0][1]) if found else None
