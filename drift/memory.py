"""What a check leaves for the next one: windows already judged, counts that are still needed, and how things stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from core.documents import Document, to_json_line
from core.drift import Point, Severity
from core.effects import KnotCounts
from core.errors import SourceError
from core.packing import pack, unpack
from drift.conditions import Kind
from drift.counts import CategoricalCounts, NumericCounts, WindowCounts

MEMORY_FORMAT: Final = 1
# So many windows are drawn.
MOST_POINTS: Final = 26


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

    start: datetime
    rows: int
    numeric: dict[str, StoredNumbers]
    categorical: dict[str, StoredTexts]
    scores: dict[str, StoredNumbers]
    absent: tuple[str, ...]
    redacted: tuple[str, ...]

    @classmethod
    def of(cls, start: datetime, counts: WindowCounts, only: frozenset[str] | None = None) -> StoredWindow:
        """Pack a window; given `only`, these columns alone and no scores."""

        def wanted(name: str) -> bool:
            return only is None or name in only

        return cls(
            start=start,
            rows=counts.rows,
            numeric={name: StoredNumbers.of(each) for name, each in counts.numeric.items() if wanted(name)},
            categorical={name: StoredTexts.of(each) for name, each in counts.categorical.items() if wanted(name)},
            scores={name: StoredNumbers.of(each) for name, each in counts.scores.items() if only is None},
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
    """How one row of windows stands; see `drift.conditions.Condition`."""

    severity: Severity = Severity.OK
    columns: tuple[str, ...] = ()
    since: datetime | None = None
    clean_windows: int = 0


class StoredTag(Document, frozen=True, kw_only=True):
    """
    What is remembered of a tag.

    Attributes:
        days: The days of the week that is not complete yet.
        season: The seasonal columns of the last weeks, the oldest first.
        history: By length of window and column, the windows until now, the oldest first.
        quality: Figures of the weeks whose outcomes were judged, the oldest first.
    """

    days: tuple[StoredWindow, ...] = ()
    season: tuple[StoredWindow, ...] = ()
    history: dict[str, dict[str, tuple[Point, ...]]] = msgspec.field(default_factory=dict)
    quality: tuple[tuple[datetime, dict[str, float | None]], ...] = ()


class StoredMemory(Document, frozen=True, kw_only=True):
    """
    What is remembered.

    Attributes:
        days_until: Every day before is judged; None before the first check.
        quality_until: Of every week before, the outcomes are judged.
        newest_day: The newest day with a row; None if there was none.
        newest_tag: Of the model that answered it.
        tags: By tag.
        streams: By kind of trouble and length of window.
    """

    format: int = MEMORY_FORMAT
    days_until: datetime | None = None
    quality_until: datetime | None = None
    newest_day: datetime | None = None
    newest_tag: str | None = None
    tags: dict[str, StoredTag] = msgspec.field(default_factory=dict)
    streams: dict[str, StoredStream] = msgspec.field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class TagMemory:
    """What is remembered of a tag, unpacked; see `StoredTag`."""

    days: dict[datetime, WindowCounts] = field(default_factory=dict)
    season: dict[datetime, WindowCounts] = field(default_factory=dict)
    history: dict[str, dict[str, list[Point]]] = field(default_factory=dict)
    quality: list[tuple[datetime, dict[str, float | None]]] = field(default_factory=list)

    def note(self, length: str, points: Mapping[str, Point]) -> None:
        """Remember a window of some length."""
        columns = self.history.setdefault(length, {})
        for name, point in points.items():
            columns[name] = _newest([*columns.get(name, []), point])


@dataclass(kw_only=True, slots=True)
class Memory:
    """What is remembered, unpacked; see `StoredMemory`."""

    days_until: datetime | None = None
    quality_until: datetime | None = None
    newest_day: datetime | None = None
    newest_tag: str | None = None
    tags: dict[str, TagMemory] = field(default_factory=dict)
    streams: dict[str, StoredStream] = field(default_factory=dict)

    def tag(self, name: str) -> TagMemory:
        """Of a tag."""
        return self.tags.setdefault(name, TagMemory())

    def stream(self, kind: Kind, length: str) -> StoredStream:
        """How a kind of trouble stands by windows of some length."""
        return self.streams.get(f"{kind}/{length}", StoredStream())

    def keep_stream(self, kind: Kind, length: str, stream: StoredStream) -> None:
        """Remember how it stands."""
        self.streams[f"{kind}/{length}"] = stream


def write_memory(memory: Memory) -> bytes:
    """A memory as JSON."""
    return to_json_line(
        StoredMemory(
            days_until=memory.days_until,
            quality_until=memory.quality_until,
            newest_day=memory.newest_day,
            newest_tag=memory.newest_tag,
            tags={
                name: StoredTag(
                    days=tuple(StoredWindow.of(start, counts) for start, counts in sorted(tag.days.items())),
                    season=tuple(StoredWindow.of(start, counts) for start, counts in sorted(tag.season.items())),
                    history={
                        length: {column: tuple(points) for column, points in columns.items()}
                        for length, columns in tag.history.items()
                    },
                    quality=tuple(tag.quality),
                )
                for name, tag in memory.tags.items()
            },
            streams=memory.streams,
        )
    )


def read_memory(content: bytes | None, source: str) -> Memory:
    """
    A memory from JSON; an empty one of nothing.

    Raises:
        SourceError: if it is damaged or of a newer Slipway.
    """
    if content is None:
        return Memory()
    try:
        stored = msgspec.json.decode(content, type=StoredMemory)
        if stored.format > MEMORY_FORMAT:
            raise SourceError(f"{source}: what drift remembers was written by a newer Slipway; upgrade this one")
        return Memory(
            days_until=stored.days_until,
            quality_until=stored.quality_until,
            newest_day=stored.newest_day,
            newest_tag=stored.newest_tag,
            tags={name: _tag(tag) for name, tag in stored.tags.items()},
            streams=stored.streams,
        )
    except (msgspec.DecodeError, ValueError) as error:
        remedy = "begin anew with --forget"
        raise SourceError(f"{source}: what drift remembers cannot be read ({error}); {remedy}") from error


def _newest(points: Sequence[Point]) -> list[Point]:
    """As many as are drawn; of a row of warnings that began before them, the first takes the place of the oldest."""
    kept = list(points[-MOST_POINTS:])
    if len(points) > MOST_POINTS and all(point.severity.rank >= Severity.WARNING.rank for point in points):
        kept[0] = points[0]
    return kept


def _tag(stored: StoredTag) -> TagMemory:
    return TagMemory(
        days={window.start: window.counts() for window in stored.days},
        season={window.start: window.counts() for window in stored.season},
        history={
            length: {column: list(points) for column, points in columns.items()}
            for length, columns in stored.history.items()
        },
        quality=list(stored.quality),
    )
