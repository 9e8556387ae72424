"""What the last drift check found, column by column."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.console.severity import Badge, badge
from app.console.words import ago, brief, counted, plain
from core.drift import ColumnFinding, DriftReport, Severity, WindowFindings

# Of more columns the worst are shown.
MOST_COLUMNS: Final = 60
# A bar that is full stands for so many times the distance from which a column is worth a warning.
_FULL: Final = 3.0
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnLine:
    """
    A column of a window.

    Attributes:
        distance: From the reference.
        limit: The distance from which it is worth a warning.
        filled: How far its bar reaches, in [0, 1]; None where there is no distance.
        limit_at: Where in the bar a warning begins, in [0, 1].
        since: The day from which on it was a warning or worse; empty where it is none.
    """

    name: str
    badge: Badge
    sentence: str
    distance: str
    limit: str
    filled: float | None
    limit_at: float
    since: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowLine:
    """
    A window of one tag.

    Attributes:
        striking: Columns that ask for a look.
        calm: The others.
        others: How many these are, by what was found.
        omitted: How many more there are.
    """

    title: str
    tag: str
    rows: str
    badge: Badge
    striking: tuple[ColumnLine, ...]
    calm: tuple[ColumnLine, ...]
    others: str
    omitted: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """A check."""

    badge: Badge
    headline: str
    checked: str
    supply: str
    supply_badge: Badge
    advice: tuple[str, ...]
    windows: tuple[WindowLine, ...]


def drift_of(report: DriftReport, now: datetime) -> Drift:
    """What is shown of a report."""
    return Drift(
        badge=badge(report.severity),
        headline=plain(report.headline),
        checked=ago(report.made_at, now),
        supply=plain(report.supply.sentence),
        supply_badge=badge(report.supply.severity),
        advice=tuple(map(plain, report.advice)),
        windows=tuple(map(_window, report.windows)),
    )


def _window(window: WindowFindings) -> WindowLine:
    shown = window.columns[:MOST_COLUMNS]
    striking = [finding for finding in shown if finding.severity.rank > Severity.INFO.rank]
    calm = [finding for finding in shown if finding.severity.rank <= Severity.INFO.rank]
    kinds = Counter(badge(finding.severity).word for finding in calm)
    last = "" if window.days == 1 else f", {counted(window.days, 'day')}"
    return WindowLine(
        title=f"From {window.start:%Y-%m-%d}{last}",
        tag=plain(window.tag),
        rows=counted(window.rows, "row"),
        badge=badge(window.severity),
        striking=tuple(map(_column, striking)),
        calm=tuple(map(_column, calm)),
        others=", ".join(f"{count} {word}" for word, count in kinds.items()),
        omitted=max(0, len(window.columns) - MOST_COLUMNS),
    )


def _column(finding: ColumnFinding) -> ColumnLine:
    effect, threshold = finding.effect, finding.threshold
    filled = None
    if effect is not None and threshold:
        filled = round(min(1.0, effect / (_FULL * threshold)), 4)
    return ColumnLine(
        name=plain(finding.column, _LONGEST_NAME),
        badge=badge(finding.severity),
        sentence=plain(finding.sentence),
        distance=brief(effect),
        limit=brief(threshold),
        filled=filled,
        limit_at=round(1 / _FULL, 4),
        since="" if finding.since is None else f"{finding.since:%Y-%m-%d}",
    )
