"""What a check leaves for the next one: windows already judged, counts that are still needed, and how things stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.documents import from_json, to_json_line
from core.drift import Point, Severity
from core.errors import ManifestError, SourceError
from drift.alerts.conditions import Kind
from drift.counts import WindowCounts
from drift.stored import MEMORY_FORMAT, PassedOver, StoredMemory, StoredStream, StoredTag, StoredWindow, refuse_newer

# So many windows are drawn.
MOST_POINTS: Final = 26
# For so long it is told of rows that could not be compared, of so many tags each day by name.
_PASSED_OVER: Final = timedelta(days=7)
_MOST_TAGS: Final = 20
_TAG_LENGTH: Final = 40


@dataclass(kw_only=True, slots=True)
class TagMemory:
    """What is remembered of a tag, unpacked; see `StoredTag`."""

    reference_sha256: str = ""
    days: dict[datetime, WindowCounts] = field(default_factory=dict)
    season: dict[datetime, WindowCounts] = field(default_factory=dict)
    history: dict[str, dict[str, list[Point]]] = field(default_factory=dict)
    quality: list[tuple[datetime, dict[str, float | None]]] = field(default_factory=list)

    @property
    def newest(self) -> datetime | None:
        """The end of the newest window that was judged; None if there is none."""
        ends = [points[-1].end for columns in self.history.values() for points in columns.values()]
        return max([*ends, *(end for end, _ in self.quality[-1:])], default=None)

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
    passed_over: list[PassedOver] = field(default_factory=list)
    tags: dict[str, TagMemory] = field(default_factory=dict)
    streams: dict[str, StoredStream] = field(default_factory=dict)

    def tag(self, name: str) -> TagMemory:
        """Of a tag."""
        return self.tags.setdefault(name, TagMemory())

    def pass_over(self, day: datetime, rows: Mapping[str, int], problems: Mapping[str, str]) -> None:
        """
        Remember rows of a day that could not be compared, and forget those of a week before.

        Args:
            day: Its beginning.
            rows: How many by tag; what is beyond twenty tags is put together.
            problems: By tag, why.
        """
        recent = [each for each in self.passed_over if each.day > day - _PASSED_OVER]
        most = sorted(rows.items(), key=lambda entry: (-entry[1], entry[0]))
        named = [
            PassedOver(day=day, tag=tag[:_TAG_LENGTH], rows=count, problem=problems[tag])
            for tag, count in most[:_MOST_TAGS]
        ]
        beyond = sum(count for _, count in most[_MOST_TAGS:])
        others = [PassedOver(day=day, tag="others", rows=beyond, problem="there are too many tags")] if beyond else []
        self.passed_over = [*recent, *named, *others]

    def forget_tags(self, before: datetime) -> None:
        """Forget the tags that answered nothing since a time, so that the memory does not grow for ever."""
        self.tags = {name: tag for name, tag in self.tags.items() if tag.newest and tag.newest >= before}

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
            passed_over=tuple(memory.passed_over),
            tags={
                name: StoredTag(
                    reference_sha256=tag.reference_sha256,
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
        refuse_newer(content, MEMORY_FORMAT, f"{source}: what drift remembers")
        stored = from_json(content, StoredMemory, source="the memory")
        return Memory(
            days_until=stored.days_until,
            quality_until=stored.quality_until,
            newest_day=stored.newest_day,
            newest_tag=stored.newest_tag,
            passed_over=list(stored.passed_over),
            tags={name: _tag(tag) for name, tag in stored.tags.items()},
            streams=stored.streams,
        )
    except (ManifestError, ValueError) as error:
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
        reference_sha256=stored.reference_sha256,
        days={window.start: window.counts() for window in stored.days},
        season={window.start: window.counts() for window in stored.season},
        history={
            length: {column: list(points) for column, points in columns.items()}
            for length, columns in stored.history.items()
        },
        quality=list(stored.quality),
    )
