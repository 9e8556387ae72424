"""What a check leaves for the next one: windows already judged, counts that are still needed, and how things stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.documents import Document
from core.drift import Moment, Point, Severity
from core.errors import SourceError
from core.packing import pack, unpack
from drift.alerts.conditions import Kind
from drift.counts import WindowCounts

MEMORY_FORMAT: Final = 1
# So many windows are drawn.
MOST_POINTS: Final = 26
# For so long it is told of rows that could not be compared, of so many tags each day by name.
_PASSED_OVER: Final = timedelta(days=7)
_MOST_TAGS: Final = 20
_TAG_LENGTH: Final = 40


class Stream(Document, frozen=True, kw_only=True):
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


@dataclass(kw_only=True, slots=True)
class TagMemory:
    """
    What is remembered of a tag.

    Attributes:
        reference_sha256: Of the reference beside which its rows were counted.
        days: The days of the week that is not complete yet, by their beginnings.
        season: The seasonal columns of the last weeks, by their Mondays.
        history: By length of window and column, the windows until now, the oldest first.
        quality: The ends of the weeks whose outcomes were judged, and their figures, the oldest first.
    """

    reference_sha256: str = ""
    days: dict[Moment, WindowCounts] = field(default_factory=dict)
    season: dict[Moment, WindowCounts] = field(default_factory=dict)
    history: dict[str, dict[str, list[Point]]] = field(default_factory=dict)
    quality: list[tuple[Moment, dict[str, float | None]]] = field(default_factory=list)

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
    """
    What is remembered; its fields are the JSON document that is kept.

    Attributes:
        format: Of the document.
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
    passed_over: list[PassedOver] = field(default_factory=list)
    tags: dict[str, TagMemory] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)

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

    def stream(self, kind: Kind, length: str) -> Stream:
        """How a kind of trouble stands by windows of some length."""
        return self.streams.get(f"{kind}/{length}", Stream())

    def keep_stream(self, kind: Kind, length: str, stream: Stream) -> None:
        """Remember how it stands."""
        self.streams[f"{kind}/{length}"] = stream


def write_memory(memory: Memory) -> bytes:
    """A memory as JSON, counts packed; equal memories give equal bytes."""
    return msgspec.json.encode(msgspec.to_builtins(memory, enc_hook=_packed, str_keys=True, order="sorted"))


def read_memory(content: bytes | None, source: str) -> Memory:
    """
    A memory from JSON; an empty one of nothing.

    Raises:
        SourceError: if it is damaged or of a newer Slipway.
    """
    if content is None:
        return Memory()
    refuse_newer(content, MEMORY_FORMAT, f"{source}: what drift remembers")
    try:
        return msgspec.json.decode(content, type=Memory, dec_hook=_unpacked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        remedy = "begin anew with --forget"
        raise SourceError(f"{source}: what drift remembers cannot be read ({error}); {remedy}") from error


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


def _packed(counts: NDArray[np.int64]) -> str:
    return pack([counts])


def _unpacked(_type: type[Any], text: str) -> NDArray[np.int64]:
    """
    Raises:
        ValueError: if the text is not what was packed.
    """
    (counts,) = unpack(text)
    return counts.astype(np.int64)


def _newest(points: Sequence[Point]) -> list[Point]:
    """As many as are drawn; of a row of warnings that began before them, the first takes the place of the oldest."""
    kept = list(points[-MOST_POINTS:])
    if len(points) > MOST_POINTS and all(point.severity.rank >= Severity.WARNING.rank for point in points):
        kept[0] = points[0]
    return kept
