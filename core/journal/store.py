"""The port of the store that keeps the journal and is read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from core.journal.records import Outcome, Prediction, Record, Shadow


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A record, and its place in the order in which the store took records in."""

    cursor: int
    record: Prediction | Outcome


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """
    A request that is to be answered once, however often it is sent.

    Attributes:
        key: What the caller calls the request, hashed.
        fingerprint: What was asked, hashed.
        at: When it was claimed, in microseconds since 1970, UTC.
        record: The id under which it is journalled, whoever answers it.
        answer: What was answered; None until then.
    """

    key: str
    fingerprint: str
    at: int
    record: str
    answer: bytes | None = None


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked from `start` on, in microseconds since 1970, until the next slice begins."""

    start: int
    requests: int
    rows: int


class JournalStore(Protocol):
    """
    Predictions and outcomes, in the order in which they were taken in.

    Cursors only grow: a reader that continues after the last one it saw misses nothing, whatever arrives meanwhile.
    """

    def add(self, records: Sequence[Record]) -> None:
        """
        Take records in, all or none; those that are known already change nothing.

        Raises:
            JournalUnavailable: if the store cannot be reached or written.
        """

    def predictions(
        self, *, after: int = 0, since: int | None = None, until: int | None = None, limit: int
    ) -> Iterator[Stored]:
        """
        Predictions by cursor.

        Args:
            after: Only those with a larger cursor.
            since: Only those answered at or after so many microseconds since 1970.
            until: Only those answered before.
            limit: At most so many requests.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def span(self) -> tuple[int, int] | None:
        """
        When the oldest and the newest prediction were answered, in microseconds since 1970; None if there is none.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def slices(self, *, since: int, width: int, most: int) -> list[Slice]:
        """
        How much was asked when, the oldest slice first; those in which nothing was are left out.

        Args:
            since: Only what was answered at or after so many microseconds since 1970.
            width: Of a slice, in microseconds; each begins at a multiple of it.
            most: So many requests are looked at, the newest; of more than these the oldest slice is incomplete.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def newest_outcome(self) -> int | None:
        """
        When an outcome was reported last, in microseconds since 1970; None if there is none.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def size_bytes(self) -> int:
        """
        What the store takes on its disk; of a SQLite file without the room that is free in it.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def outcomes(self, *, after: int = 0, limit: int) -> Iterator[Stored]:
        """
        Outcomes by cursor; of several for one prediction the last one counts.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def rows_of(self, requests: Sequence[str]) -> dict[str, int]:
        """
        How many rows each of these requests has; those that are not known are left out.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def latest_outcomes(self, predictions: Sequence[str]) -> dict[str, str | float]:
        """
        What was reported last of these predictions; those without a report are left out.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def shadows_of(self, requests: Sequence[str]) -> dict[str, Shadow]:
        """
        What the shadow would have answered to these requests; those that it was not shown are left out.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def prune(self, *, before: int) -> int:
        """
        Forget predictions, outcomes and shadows older than so many microseconds since 1970, and say how many.

        Raises:
            JournalUnavailable: if the store cannot be written.
        """

    def claim(self, claim: Claim, *, stale_before: int) -> tuple[bool, Claim]:
        """
        Take a key, if it is free, or if whoever took it to ask the same gave no answer and took it long ago.

        Args:
            claim: Without an answer.
            stale_before: What was taken before so many microseconds since 1970 and not answered may be taken over.

        Returns:
            Whether it is the caller's to answer, and what is known of the key; after a takeover with its first record.

        Raises:
            JournalUnavailable: if the store cannot be written.
        """

    def settle(self, key: str, answer: bytes) -> None:
        """
        Keep the answer to a claim.

        Raises:
            JournalUnavailable: if the store cannot be written.
        """

    def release(self, key: str) -> None:
        """
        Give a claim up, as it was not answered.

        Raises:
            JournalUnavailable: if the store cannot be written.
        """

    def prune_claims(self, *, before: int) -> int:
        """
        Forget claims older than so many microseconds since 1970, and say how many.

        Raises:
            JournalUnavailable: if the store cannot be written.
        """

    def keep(self, documents: Mapping[str, bytes], *, at: int) -> None:
        """
        Keep documents by name, each in place of what was kept under its name before; all or none.

        Args:
            documents: What `prune` leaves alone.
            at: When, in microseconds since 1970, UTC.

        Raises:
            JournalUnavailable: if the store cannot be written.
        """

    def kept(self, name: str) -> tuple[int, bytes] | None:
        """
        When a document was kept, in microseconds since 1970, and its content; None if there is none of that name.

        Raises:
            JournalUnavailable: if the store cannot be read.
        """

    def close(self) -> None:
        """Let go of the connection."""
