"""What a report has to say first: each column once, where it is worst."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.drift import ColumnFinding, DriftReport, QualityFindings, Severity, WindowFindings, worst


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A column of a window that is worth a look."""

    window: WindowFindings
    finding: ColumnFinding


def is_change(finding: ColumnFinding) -> bool:
    """Whether a column is worth a warning or more."""
    return finding.severity.rank >= Severity.WARNING.rank


def changes_of(report: DriftReport) -> tuple[Change, ...]:
    """Every changed column of every tag once: in the window in which it is worst, of equal ones in the longest."""
    found: dict[tuple[str, str], Change] = {}
    for window in sorted(report.windows, key=lambda window: -window.days):
        for finding in filter(is_change, window.columns):
            known = found.get((window.tag, finding.column))
            if known is None or finding.severity.rank > known.finding.severity.rank:
                found[window.tag, finding.column] = Change(window=window, finding=finding)
    return tuple(sorted(found.values(), key=lambda change: _urgency(change.finding)))


def worst_first(findings: Iterable[ColumnFinding]) -> list[ColumnFinding]:
    """By severity, then by what the model makes of the column."""
    return sorted(findings, key=_urgency)


def _urgency(finding: ColumnFinding) -> tuple[int, float, str]:
    return -finding.severity.rank, -(finding.importance or 0.0), finding.column


def is_shown(finding: ColumnFinding) -> bool:
    """Whether a column has plots of its own; what is calm, or not compared, is a line in a table."""
    return is_change(finding) or finding.severity is Severity.INFO


def verdict_of(quality: Iterable[QualityFindings]) -> str:
    """What outcomes say of the model, which changed inputs alone cannot."""
    known = [each.severity for each in quality if each.labels and each.severity is not Severity.INSUFFICIENT_DATA]
    worst_known = worst(known)
    if worst_known.is_alarming:
        return "Outcomes say that the model is worse"
    if worst_known is Severity.WARNING:
        return "Outcomes hint that the model may be worse"
    if known and worst_known is not Severity.ERROR:
        return "Outcomes say that the model is as good as on its holdout"
    return "Whether the model is worse, only outcomes can say; they do not say so yet"


def segment_figures(quality: QualityFindings) -> list[str]:
    """The names of the figures that any segment has, in the order of all figures."""
    return [name for name in quality.figures if any(name in segment.figures for segment in quality.segments)]
