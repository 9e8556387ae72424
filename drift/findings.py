"""Judged columns as the findings of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.drift import Bar, ColumnFinding, Point, Severity, WindowFindings, overall
from core.reference import WINDOW_DAYS
from drift.bars import bars_of_categories, bars_of_numbers
from drift.counts import Profile, WindowCounts
from drift.evidence import CATEGORICAL, SCORE, Evidence
from drift.sentences import sentence_of
from drift.verdict import Judgement

_DIGITS: Final = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedWindow:
    """
    A window of one tag, judged.

    Attributes:
        tag: That answered the rows.
        length: `1d` or `7d`.
        start, end: Of the window, UTC; the end is not included.
        counts: Of its rows.
        judgements: Of its columns.
    """

    tag: str
    length: str
    start: datetime
    end: datetime
    counts: WindowCounts
    judgements: Sequence[Judgement]

    @property
    def severity(self) -> Severity:
        """The worst of its columns; those with too little to tell count only where there are no others."""
        return overall(judgement.severity for judgement in self.judgements)

    def points(self) -> dict[str, Point]:
        """What is to be remembered of each column."""
        return {each.evidence.column: point_of(each, self.end) for each in self.judgements}


def point_of(judgement: Judgement, end: datetime) -> Point:
    """What is to be remembered of a column."""
    values = judgement.evidence.values
    return Point(
        end=end,
        effect=None if values is None else round(values.effect, _DIGITS),
        threshold=None if values is None else round(values.threshold, _DIGITS),
        severity=judgement.severity,
        rule=judgement.rule,
    )


def findings_of(window: JudgedWindow, profile: Profile, history: Mapping[str, Sequence[Point]]) -> WindowFindings:
    """
    A window as a report shows it.

    Args:
        window: Judged.
        profile: Of its tag.
        history: By column, the windows before and this one, the oldest first.
    """
    columns = [_finding(each, window, profile, history[each.evidence.column]) for each in window.judgements]
    return WindowFindings(
        tag=window.tag,
        days=WINDOW_DAYS[window.length],
        start=window.start,
        end=window.end,
        rows=window.counts.rows,
        severity=window.severity,
        columns=tuple(sorted(columns, key=lambda each: (-each.severity.rank, -(each.importance or 0.0), each.column))),
    )


def _finding(judgement: Judgement, window: JudgedWindow, profile: Profile, history: Sequence[Point]) -> ColumnFinding:
    evidence = judgement.evidence
    values = evidence.values
    return ColumnFinding(
        column=evidence.column,
        kind=evidence.kind,
        role=evidence.role.value,
        unit=evidence.unit,
        severity=judgement.severity,
        rule=judgement.rule,
        sentence=sentence_of(judgement),
        rows=evidence.rows,
        missing=round(evidence.missing, _DIGITS),
        reference_missing=round(evidence.reference_missing, _DIGITS),
        effect=None if values is None else round(values.effect, _DIGITS),
        threshold=None if values is None else round(values.threshold, _DIGITS),
        is_calibrated=values is not None and values.is_calibrated,
        p_value=None if values is None else values.p_value,
        recent_effect=None if evidence.recent is None else round(evidence.recent.effect, _DIGITS),
        importance=profile.reference.importances.get(evidence.column),
        quantiles=evidence.quantiles,
        reference_quantiles=evidence.reference_quantiles,
        unseen=dict(list(evidence.unseen_names.items())[:20]),
        bars=_bars(evidence, window.counts, profile),
        since=since(history),
        history=tuple(history),
    )


def since(history: Sequence[Point]) -> datetime | None:
    """The end of the first window of the unbroken row, up to the newest, that were a warning or worse."""
    found = None
    for point in reversed(history):
        if point.severity.rank < Severity.WARNING.rank:
            break
        found = point.end
    return found


def _bars(evidence: Evidence, counts: WindowCounts, profile: Profile) -> tuple[Bar, ...]:
    name = evidence.column
    if evidence.values is None:
        return ()
    if evidence.kind == CATEGORICAL:
        reference = profile.reference.categorical[name]
        names, shares = tuple(reference.counts), profile.shares[name]
        return bars_of_categories(names, shares, counts.categorical[name], other=reference.other)
    if evidence.kind == SCORE:
        return bars_of_numbers(profile.scores[name], counts.scores[name].knots)
    return bars_of_numbers(profile.knots[name], counts.numeric[name].knots)
