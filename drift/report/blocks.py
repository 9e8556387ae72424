"""Tables and charts of a report in GitHub's Markdown; every text from outside is escaped, and every list has an end."""

from __future__ import annotations

from collections.abc import Sequence

from core.drift import ColumnFinding, DriftReport, QualityFindings
from core.summary import table
from drift.report import wording
from drift.report.changes import Change, segment_figures
from drift.report.escaping import code, prose

_MAX_COLUMNS, _MAX_SEGMENTS, _MAX_POINTS, _MAX_SENTENCES = 20, 15, 14, 10
_CELL, _NAME = 200, 40


def more(total: int, shown: int, what: str) -> str:
    """What says that a list goes on."""
    return f"\n\n… and {total - shown:,} more {what}." if total > shown else ""


def changes_table(changes: Sequence[Change]) -> str:
    """What changed, since when and how much, the worst first."""
    rows = [
        (
            wording.severity(change.finding.severity),
            code(change.finding.column),
            prose(change.finding.sentence, _CELL),
            prose(wording.how_much(change.finding), _CELL),
            wording.since(change.finding, change.window),
            code(change.window.tag),
        )
        for change in changes[:_MAX_COLUMNS]
    ]
    head = ("severity", "column", "what", "how much", "since", "model")
    return table(head, rows) + more(len(changes), len(rows), "columns")


def columns_table(findings: Sequence[ColumnFinding]) -> str:
    """How far columns are from training."""
    rows = [
        (
            code(finding.column),
            wording.severity(finding.severity),
            wording.beyond(finding),
            wording.share(finding.missing),
            prose(finding.sentence, _CELL),
        )
        for finding in findings[:_MAX_COLUMNS]
    ]
    head = ("column", "state", "distance from training", "missing", "what was found")
    return table(head, rows) + more(len(findings), len(rows), "columns")


def quality_table(quality: QualityFindings) -> str:
    """Figures with their intervals beside the holdout's."""
    rows = [
        (
            prose(wording.figure_name(name), _NAME),
            wording.interval(figure),
            wording.exact(figure.baseline),
            wording.exact(figure.worse_by),
            wording.exact(figure.worse_by_at_least),
        )
        for name, figure in quality.figures.items()
    ]
    return table(("figure", "here (95 % interval)", "holdout", "worse by", "at least"), rows)


def segments_table(quality: QualityFindings) -> str:
    """The same by segment."""
    names = segment_figures(quality)
    rows = [
        (
            f"{code(segment.column)}: {code(segment.category)}",
            f"{segment.labels:,}",
            *(
                wording.interval(segment.figures[name]) if name in segment.figures else wording.NONE
                for name in names
            ),
        )
        for segment in quality.segments[:_MAX_SEGMENTS]
    ]  # fmt: skip
    head = ("segment", "outcomes", *(prose(wording.figure_name(name), _NAME) for name in names))
    return table(head, rows) + more(len(quality.segments), len(rows), "segments")


def coverage(quality: QualityFindings) -> str:
    """Of how many predictions the outcome is known, and of which days."""
    return (
        f"The outcome is known of {quality.labels:,} of {quality.predictions:,} predictions of {code(quality.tag)} "
        f"({wording.share(quality.coverage)}), {wording.day(quality.start)} until {wording.day(quality.end)}."
    )


def effect_chart(finding: ColumnFinding) -> str:
    """A column's distance from training over time against its normal band; empty where there is too little of it."""
    points = [
        (f"{point.end:%m-%d}", point.effect, point.threshold or 0.0)
        for point in finding.history
        if point.effect is not None
    ]
    lines = [[effect for _, effect, _ in points], [threshold for _, _, threshold in points]]
    return _chart("distance from training", [end for end, _, _ in points], lines)


def quality_chart(quality: QualityFindings) -> str:
    """The first figure over time beside the holdout's; empty where there is too little of it."""
    if not quality.figures:
        return ""
    name, figure = next(iter(quality.figures.items()))
    older = [(end, values.get(name)) for end, values in quality.history if end < quality.end]
    points = [(end, value) for end, value in (*older, (quality.end, figure.value)) if value is not None]
    lines = [[value for _, value in points]]
    if figure.baseline is not None:
        lines.append([figure.baseline] * len(points))
    return _chart(wording.figure_name(name), [f"{end:%m-%d}" for end, _ in points], lines)


def _chart(name: str, ends: Sequence[str], lines: Sequence[Sequence[float]]) -> str:
    """
    Lines over the ends of windows, in Mermaid, which knows no gaps.

    Source:
        https://mermaid.js.org/syntax/xyChart.html
    """
    if len(ends) < 2:
        return ""
    shown = [line[-_MAX_POINTS:] for line in lines]
    low, high = min(map(min, shown)), max(map(max, shown))
    room = 0.1 * (high - low) or 0.1 * abs(high) or 0.1
    bottom = 0.0 if low >= 0 and low < 0.5 * high else low - room
    label = "".join(sign for sign in name if sign.isalnum() or sign in " -")
    axis = ", ".join(f'"{end}"' for end in ends[-_MAX_POINTS:])
    drawn = [f"  line [{', '.join(f'{value:.4f}' for value in line)}]" for line in shown]
    head = [
        "```mermaid", "xychart-beta", f"  x-axis [{axis}]", f'  y-axis "{label}" {bottom:.4f} --> {high + room:.4f}',
    ]  # fmt: skip
    return "\n".join([*head, *drawn, "```"])


def advice(report: DriftReport) -> str:
    """What to do, as the report says, in a numbered list; empty where it says nothing."""
    return "\n".join(f"1. {prose(sentence)}" for sentence in report.advice[:_MAX_SENTENCES])


def notes(sentences: Sequence[str]) -> str:
    """What else is to be known."""
    return "\n".join(f"- {prose(sentence)}" for sentence in sentences[:_MAX_SENTENCES])


def folded(summary: str, content: str) -> str:
    """What is shown when it is asked for."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def charted(changes: Sequence[Change]) -> str:
    """The chart of the worst column that has one, with a sentence; else empty."""
    for change in changes:
        chart = effect_chart(change.finding)
        if chart:
            name = code(change.finding.column)
            return f"How far {name} is from training by the end of each window, and its normal limit:\n\n{chart}"
    return ""
