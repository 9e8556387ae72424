"""The port through which rows come in that a service has answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.drift import MEMORY_NAME, REPORT_NAME

__all__ = ["MEMORY_NAME", "REPORT_NAME", "Batch", "Source"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """
    Rows that one tag answered, as they were written down and not checked against any contract.

    Attributes:
        tag: The model that answered; it may be none of ours.
        at: When each row was answered, in microseconds since 1970, UTC; int64, shape (n,).
        inputs: By feature one value a row: numbers, texts, None where missing, or what else was written down.
        answers: By field of an answer (`score`; `scores` by class; `value`; `disagreement`) one value a row.
        outcomes: What turned out to be true, None where that is not known; None where it was not asked for.
        are_texts: Whether all values are texts, as in a CSV file, so that "12" is the number of a numeric column.
    """

    tag: str
    at: NDArray[np.int64]
    inputs: Mapping[str, Sequence[Any]]
    answers: Mapping[str, Any]
    outcomes: Sequence[str | float | None] | None = None
    are_texts: bool = False

    def __len__(self) -> int:
        return len(self.at)


class Source(Protocol):
    """
    Rows that a service answered, and a place for what drift has to remember of them.

    Attributes:
        name: For people, without secrets.
        drops_columns: Whether a feature may be left out on purpose (JOURNAL_DROP), so that its absence is no fault.
        notes: What is to be known of the rows that were read until now, such as some that were left out, in sentences.
    """

    name: str
    drops_columns: bool
    notes: tuple[str, ...]

    def span(self) -> tuple[datetime, datetime] | None:
        """
        When the oldest and the newest row were answered, UTC; None if there is none.

        Raises:
            SourceError: if it cannot be read.
        """

    def rows(self, since: datetime, until: datetime, *, with_outcomes: bool = False) -> Iterator[Batch]:
        """
        Rows answered at or after `since` and before `until`, each once, in any order and any grouping.

        Raises:
            SourceError: if they cannot be read.
        """

    def recall(self, name: str) -> bytes | None:
        """
        What was kept last under a name; None if nothing was.

        Raises:
            SourceError: if it cannot be read.
        """

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """
        Keep JSON documents by name, in place of what was kept there before; each is whole or the one before.

        Raises:
            SourceError: if it cannot be written.
        """
