"""How a kind of trouble stands after each window, and as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.drift import Severity, worst
from drift.alerts.conditions import Condition, Kind
from drift.alerts.telling import CLEAN_WINDOWS
from drift.memory import Stream


def after(stream: Stream, severity: Severity, columns: Iterable[str], end: datetime) -> Stream:
    """
    A row of windows with one more.

    A window of too few rows, or one that could not be compared, says neither that something is wrong nor that it is
    right again.

    Args:
        stream: Until now.
        severity: Of the new window.
        columns: What it is about, where it is alarming.
        end: Of the new window.
    """
    if severity in (Severity.INSUFFICIENT_DATA, Severity.ERROR):
        return stream
    if severity.is_alarming:
        return Stream(
            severity=severity, columns=tuple(sorted(set(columns))), since=stream.since or end, clean_windows=0, end=end
        )
    clean = stream.clean_windows + 1
    is_over = stream.since is None or clean >= CLEAN_WINDOWS
    return Stream(severity=severity, since=None if is_over else stream.since, clean_windows=clean, end=end)


def unless_long_past(stream: Stream, before: datetime) -> Stream:
    """
    A row of windows, its trouble over where no window has counted since a time.

    A model that answers no more, or too rarely to tell, would otherwise be in trouble for ever.
    """
    if stream.since is None or stream.end is None or stream.end >= before:
        return stream
    return Stream(clean_windows=CLEAN_WINDOWS, end=stream.end)


def condition(line: str, kind: Kind, streams: Iterable[Stream]) -> Condition:
    """
    How a kind of trouble stands as a whole: alarming while any row of windows is, clean when all are.

    Args:
        line: The model line.
        kind: Of the trouble.
        streams: By windows of each length.
    """
    found = list(streams)
    waiting = [stream for stream in found if stream.since is not None]
    return Condition(
        line=line,
        kind=kind,
        severity=worst(stream.severity for stream in found),
        columns=tuple(sorted({column for stream in found for column in stream.columns})),
        since=min((stream.since for stream in waiting if stream.since is not None), default=None),
        clean_windows=min(stream.clean_windows for stream in waiting)
        if waiting
        else max((stream.clean_windows for stream in found), default=0),
    )
