"""What drift remembers from one check to the next, as the JSON document that is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from core.documents import Document
from core.drift import Moment, Point, Severity
from core.effects import KnotCounts
from core.errors import SourceError
from core.packing import pack, unpack
from drift.counts import CategoricalCounts, NumericCounts, WindowCounts

MEMORY_FORMAT: Final = 1


class StoredNumbers(Document, frozen=True, kw_only=True):
    """`NumericCounts`, packed."""

    rows: int
    missing: int
    wrong: int
    outside: int
    total: float
    quantiles: tuple[float, ...]
    packed: str

    @classmethod
    def of(cls, counts: NumericCounts) -> StoredNumbers:
        """Pack."""
        return cls(
            rows=counts.rows,
            missing=counts.missing,
            wrong=counts.wrong,
            outside=counts.outside,
            total=counts.total,
            quantiles=counts.quantiles,
            packed=pack([counts.knots.at, counts.knots.between]),
        )

    def counts(self) -> NumericCounts:
        """Unpack."""
        at, between = (numbers.astype(np.int64) for numbers in unpack(self.packed))
        return NumericCounts(
            rows=self.rows,
            missing=self.missing,
            wrong=self.wrong,
            outside=self.outside,
            total=self.total,
            quantiles=self.quantiles,
            knots=KnotCounts(at=at, between=between),
        )


class StoredTexts(Document, frozen=True, kw_only=True):
    """`CategoricalCounts`, packed."""

    rows: int
    missing: int
    wrong: int
    packed: str
    unseen: dict[str, int]
    other: int

    @classmethod
    def of(cls, counts: CategoricalCounts) -> StoredTexts:
        """Pack."""
        return cls(
            rows=counts.rows,
            missing=counts.missing,
            wrong=counts.wrong,
            packed=pack([counts.known]),
            unseen=dict(counts.unseen),
            other=counts.other,
        )

    def counts(self) -> CategoricalCounts:
        """Unpack."""
        return CategoricalCounts(
            rows=self.rows,
            missing=self.missing,
            wrong=self.wrong,
            known=unpack(self.packed)[0].astype(np.int64),
            unseen=self.unseen,
            other=self.other,
        )


class StoredWindow(Document, frozen=True, kw_only=True):
    """`WindowCounts` of all columns or of some, packed."""

    start: Moment
    rows: int
    numeric: dict[str, StoredNumbers]
    categorical: dict[str, StoredTexts]
    scores: dict[str, StoredNumbers]
    absent: tuple[str, ...]
    redacted: tuple[str, ...]

    @classmethod
    def of(cls, start: datetime, counts: WindowCounts) -> StoredWindow:
        """Pack a window."""
        return cls(
            start=start,
            rows=counts.rows,
            numeric={name: StoredNumbers.of(each) for name, each in counts.numeric.items()},
            categorical={name: StoredTexts.of(each) for name, each in counts.categorical.items()},
            scores={name: StoredNumbers.of(each) for name, each in counts.scores.items()},
            absent=tuple(sorted(counts.absent)),
            redacted=tuple(sorted(counts.redacted)),
        )

    def counts(self) -> WindowCounts:
        """Unpack."""
        return WindowCounts(
            rows=self.rows,
            numeric={name: each.counts() for name, each in self.numeric.items()},
            categorical={name: each.counts() for name, each in self.categorical.items()},
            scores={name: each.counts() for name, each in self.scores.items()},
            absent=frozenset(self.absent),
            redacted=frozenset(self.redacted),
        )


class StoredStream(Document, frozen=True, kw_only=True):
    """How one row of windows stands, see `drift.alerts.conditions.Condition`, and the end of the last that counted."""

    severity: Severity = Severity.OK
    columns: tuple[str, ...] = ()
    since: Moment | None = None
    clean_windows: int = 0
    end: Moment | None = None


class PassedOver(Document, frozen=True, kw_only=True):
    """
    Rows of a day that could not be compared.

    Attributes:
        day: Its beginning.
        tag: That answered them, cut short if it is long.
        rows: How many.
        problem: Why, in a clause.
    """

    day: Moment
    tag: str
    rows: int
    problem: str


class StoredTag(Document, frozen=True, kw_only=True):
    """
    What is remembered of a tag.

    Attributes:
        reference_sha256: Of the reference beside which its rows were counted.
        days: The days of the week that is not complete yet.
        season: The seasonal columns of the last weeks, the oldest first.
        history: By length of window and column, the windows until now, the oldest first.
        quality: Figures of the weeks whose outcomes were judged, the oldest first.
    """

    reference_sha256: str = ""
    days: tuple[StoredWindow, ...] = ()
    season: tuple[StoredWindow, ...] = ()
    history: dict[str, dict[str, tuple[Point, ...]]] = msgspec.field(default_factory=dict)
    quality: tuple[tuple[Moment, dict[str, float | None]], ...] = ()


class StoredMemory(Document, frozen=True, kw_only=True):
    """
    What is remembered.

    Attributes:
        days_until: Every day before is judged; None before the first check.
        quality_until: Of every week before, the outcomes are judged.
        newest_day: The newest day with a row; None if there was none.
        newest_tag: Of the newest model that answered one.
        passed_over: Rows of the last seven days that could not be compared.
        tags: By tag.
        streams: By kind of trouble and length of window.
    """

    format: int = MEMORY_FORMAT
    days_until: Moment | None = None
    quality_until: Moment | None = None
    newest_day: Moment | None = None
    newest_tag: str | None = None
    passed_over: tuple[PassedOver, ...] = ()
    tags: dict[str, StoredTag] = msgspec.field(default_factory=dict)
    streams: dict[str, StoredStream] = msgspec.field(default_factory=dict)


def refuse_newer(content: bytes, supported: int, what: str) -> None:
    """
    Refuse a document that says itself that this Slipway is too old for it.

    Raises:
        SourceError: saying so.
    """
    try:
        found = msgspec.json.decode(content, type=_Formatted).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if found > supported:
        raise SourceError(f"{what} was written by a newer Slipway (format {found}); upgrade this one")


class _Formatted(msgspec.Struct):
    format: int
