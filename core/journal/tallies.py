"""How much was asked when: what both stores count alike, but for how their statements mark a value."""

from __future__ import annotations

from typing import Any

from core.journal.store import Slice
from core.journal.transactions import Transactions


class SqlTallies(Transactions):
    """The part of a `JournalStore` that counts."""

    def slices(self, *, since: int, width: int, most: int) -> list[Slice]:
        """See `JournalStore`."""
        # The index of times leads to the newest, and no further than is asked.
        newest = f"select at, rows from predictions where at >= {self._MARK} order by at desc limit {self._MARK}"  # noqa: S608  # our own words
        query = (
            f"select at / {self._MARK} as slice, count(*), cast(sum(rows) as bigint) from ({newest}) as newest "  # noqa: S608  # our own words
            "group by slice order by slice"
        )

        def act(connection: Any) -> list[Any]:
            found: list[Any] = connection.execute(query, [width, since, most]).fetchall()
            return found

        return [
            Slice(start=int(place) * width, requests=requests, rows=int(rows))
            for place, requests, rows in self._run(act)
        ]
