"""Claims in a table: what both stores do alike, but for how their statements mark a value."""

from __future__ import annotations

from typing import Any

from msgspec.structs import astuple

from core.journal.store import Claim
from core.journal.transactions import Transactions

_COLUMNS = Claim.__struct_fields__


class SqlClaims(Transactions):
    """The part of a `JournalStore` that knows claims."""

    def claim(self, claim: Claim, *, stale_before: int) -> tuple[bool, Claim]:
        """See `JournalStore`."""
        take = (
            f"insert into claims ({', '.join(_COLUMNS)}) values ({', '.join([self._MARK] * len(_COLUMNS))}) "  # noqa: S608  # our own words
            "on conflict (key) do update set at = excluded.at where claims.answer is null "
            f"and claims.fingerprint = excluded.fingerprint and claims.at < {self._MARK}"
        )
        show = f"select {', '.join(_COLUMNS)} from claims where key = {self._MARK}"  # noqa: S608  # our own words

        def act(connection: Any) -> tuple[bool, Claim]:
            is_ours = connection.execute(take, [*astuple(claim), stale_before]).rowcount == 1
            (row,) = connection.execute(show, [claim.key]).fetchall()
            return is_ours, Claim(**dict(zip(_COLUMNS, row, strict=True)))

        return self._run(act)

    def settle(self, key: str, answer: bytes) -> None:
        """See `JournalStore`."""
        self._execute(f"update claims set answer = {self._MARK} where key = {self._MARK}", answer, key)  # noqa: S608  # our own words

    def release(self, key: str) -> None:
        """See `JournalStore`."""
        self._execute(f"delete from claims where key = {self._MARK} and answer is null", key)  # noqa: S608  # our own words

    def prune_claims(self, *, before: int) -> int:
        """See `JournalStore`."""
        return self._execute(f"delete from claims where at < {self._MARK}", before)  # noqa: S608  # our own words

    def _execute(self, statement: str, *values: Any) -> int:
        """How many rows a statement changed."""
        return self._run(lambda connection: int(connection.execute(statement, values).rowcount))
