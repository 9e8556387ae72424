"""What files of exported rows have in common: the names of their columns, their times, and rows that come twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from core.errors import SourceError
from drift.sources.grouping import USUAL_TIMES, is_usual, microseconds

TIME, ID, TAG, OUTCOME = "at", "id", "tag", "outcome"
SCORE, VALUE, CLASS_SCORE = "score", "value", "score "
GZIP: Final = ".gz"


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """
    A file of rows that were answered.

    Attributes:
        path: Of the file.
        folder: Where documents are kept.
        tag: That answered the rows which do not say it themselves.
        time_column: Says when a row was answered.
    """

    path: Path
    folder: Path
    tag: str | None = None
    time_column: str = TIME

    @property
    def kind(self) -> str:
        """How the name ends, `.gz` left out, in lower case."""
        name = self.path.name.lower().removesuffix(GZIP)
        return Path(name).suffix

    @property
    def is_packed(self) -> bool:
        """Whether it is packed by gzip."""
        return self.path.name.lower().endswith(GZIP)

    def require(self) -> None:
        """
        Make sure that there is something to read.

        Raises:
            SourceError: if not.
        """
        if not self.path.exists():
            raise SourceError(f"{self.path} does not exist; name a file of exported rows")
        if not self.path.is_file():
            raise SourceError(f"{self.path} is no file; name a file of exported rows")
        with self.translated():
            if not self.path.stat().st_size:
                raise SourceError(f"{self.path} is empty; export the rows again")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Say what the system says of the file in one sentence."""
        try:
            yield
        except (OSError, EOFError) as error:
            raise SourceError(f"{self.path} cannot be read ({getattr(error, 'strerror', None) or error})") from error

    def tag_of(self, found: object, place: str) -> str:
        """
        The tag of a row.

        Raises:
            SourceError: if neither the row nor the caller says it.
        """
        tag = found if isinstance(found, str) and found else self.tag
        if not tag:
            raise SourceError(
                f"{self.path}, {place} has no {TAG!r}; name the tag that answered the rows, such as model-v1.0.0"
            )
        return tag

    def notes(self, *, duplicates: int, has_ids: bool) -> tuple[str, ...]:
        """What is to be known of rows that come twice."""
        if not has_ids:
            return (f"{self.path} has no {ID!r}, so rows that were exported twice count twice.",)
        if duplicates:
            rows = "1 row was" if duplicates == 1 else f"{duplicates:,} rows were"
            return (f"{rows} left out of {self.path}, as their {ID!r} came before.",)
        return ()


class Times:
    """
    Reads texts as times, one after the other.

    Those of a file have all an offset from UTC or none, and are UTC then: of a mixture nobody knows what it means.
    """

    def __init__(self, what: str) -> None:
        """
        Args:
            what: Is read, for errors.
        """
        self._what = what
        self._is_zoned: bool | None = None

    def read(self, value: object, place: str) -> int:
        """
        Microseconds since 1970, UTC.

        Args:
            value: As it was written.
            place: Such as `row 3`.

        Raises:
            SourceError: if it is no time in ISO 8601, or one that no row can have.
        """
        if value is None or value == "":
            raise SourceError(f"{self._what}, {place} is empty; write ISO 8601, such as 2026-07-01T05:15:00Z")
        time = _parsed(value)
        if time is None:
            found = str(value)[:60]
            raise SourceError(
                f"{self._what}, {place} is no time: {found!r}; write ISO 8601, such as 2026-07-01T05:15:00Z"
            )
        is_zoned = time.tzinfo is not None
        if self._is_zoned not in {None, is_zoned}:
            raise SourceError(
                f"{self._what}, {place}: some times have an offset from UTC and others none; write all in one way"
            )
        self._is_zoned = is_zoned
        return self.checked(microseconds(time), value, place)

    def checked(self, at: int, value: object, place: str) -> int:
        """
        Microseconds since 1970, UTC, as they were given.

        Args:
            at: To be looked at.
            value: As it was written.
            place: Such as `row 3`.

        Raises:
            SourceError: if no row can have been answered then.
        """
        if not is_usual(at):
            raise SourceError(f"{self._what}, {place} is {str(value)[:60]!r}; it takes {USUAL_TIMES}")
        return at


def _parsed(value: object) -> datetime | None:
    # Digits alone, which Python takes too, may as well be a number.
    if not isinstance(value, str) or value.strip()[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return None
