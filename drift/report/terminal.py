"""The report on a terminal, and everything about one column in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console

from core.drift import ColumnFinding, DriftReport, Point, QualityFindings, Rule, Severity, WindowFindings
from drift.report import wording
from drift.report.changes import changes_of, verdict_of
from drift.report.printing import print_table, say

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_STYLES: Final = {
    Severity.OK: "green",
    Severity.INSUFFICIENT_DATA: "dim",
    Severity.INFO: "blue",
    Severity.WARNING: "yellow",
    Severity.ERROR: "magenta",
    Severity.ALERT: "red",
    Severity.CRITICAL: "bold red",
}
_CHECKS: Final = {
    Rule.ABSENT: "whether callers still send it, under this name",
    Rule.TYPE: "whether callers send it as the model file says: numbers or texts",
    Rule.RANGE: "the largest and smallest values: a fault of a sensor, or another unit",
    Rule.UNIT: "the unit in which callers send it now",
    Rule.MISSING: "why it is missing more often where it comes from",
    Rule.UNSEEN: "whether the new categories are real, or spelt otherwise than before",
    Rule.VALUES: "what changed in the world or in the callers since then",
    Rule.MEAN: "which inputs changed along with the answers, and whether outcomes bear the answers out",
}
_MAX_ROWS, _MAX_POINTS = 60, 13


def show(report: DriftReport, console: Console) -> None:
    """Print what changed, what to do, how good the model is, and whether rows come."""
    say(console, f"{wording.severity(report.severity)}: {_prose(report.headline)}", _STYLES[report.severity])
    for place, sentence in enumerate(report.advice, start=1):
        say(console, f"  {place}. {_prose(sentence)}")
    changes = changes_of(report)
    rows = [
        (
            wording.severity(change.finding.severity),
            wording.plain(change.finding.column),
            wording.how_much(change.finding),
            wording.since(change.finding, change.window),
            wording.plain(change.window.tag),
        )
        for change in changes[:_MAX_ROWS]
    ]
    print_table(console, ("severity", "column", "how much", "since", "model"), rows)
    if len(changes) > len(rows):
        say(console, f"… and {len(changes) - len(rows)} more columns")
    for quality in report.quality:
        _show_quality(quality, console)
    if changes or report.quality:
        say(console, f"{verdict_of(report.quality)}.")
    say(console, f"Rows: {_prose(report.supply.sentence)} The newest: {wording.moment(report.supply.newest)}.")
    for note in report.notes:
        say(console, f"Note: {_prose(note)}")


def _show_quality(quality: QualityFindings, console: Console) -> None:
    known = f"{quality.labels:,} of {quality.predictions:,} outcomes known ({wording.share(quality.coverage)})"
    say(console, f"{wording.plain(quality.tag)}: {_prose(quality.sentence)} {known}.")
    rows = [
        (wording.figure_name(wording.plain(name)), wording.interval(figure), wording.exact(figure.baseline))
        for name, figure in quality.figures.items()
    ]
    print_table(console, ("figure", "here (95 % interval)", "holdout"), rows)


def explain(finding: ColumnFinding, window: WindowFindings, console: Console) -> None:
    """Print everything that is known of one column in one window."""
    say(console, f"{wording.plain(finding.column)}, {wording.window_name(window)}, {wording.plain(window.tag)}", "bold")
    say(console, f"{wording.severity(finding.severity)}: {_prose(finding.sentence)}", _STYLES[finding.severity])
    for line in _facts(finding, window):
        say(console, line)
    _values(finding, console)
    _history(finding.history, console)
    if finding.rule is not None:
        say(console, f"To check: {_CHECKS[finding.rule]}.")
    if finding.severity.is_alarming or finding.severity is Severity.WARNING:
        say(console, "That an input changed does not by itself mean that the model is worse; outcomes say that.")


def _facts(finding: ColumnFinding, window: WindowFindings) -> Iterable[str]:
    if finding.since is not None:
        yield f"Since: {wording.since(finding, window)}"
    missing, before = wording.share(finding.missing), wording.share(finding.reference_missing)
    yield f"Rows: {finding.rows:,}; it is missing in {missing} of them, {before} in training"
    if finding.importance is not None:
        yield f"Importance: the model's loss grows by {wording.number(finding.importance)} % when it is shuffled"
    if finding.effect is None:
        return
    yield f"Distance from training: {wording.beyond(finding)}; it is {wording.distance(finding)}"
    if finding.threshold is not None:
        yield f"Normal band: {wording.origin_of_threshold(finding)}"
    if finding.recent_effect is not None:
        yield f"Distance from the last twelve weeks: {wording.number(finding.recent_effect)}"
    yield f"As large a distance of independent rows: {wording.chance(finding.p_value)}"


def _values(finding: ColumnFinding, console: Console) -> None:
    if finding.quantiles and finding.reference_quantiles:
        unit = f", {wording.plain(finding.unit, 20)}" if finding.unit else ""
        pairs = zip(wording.QUANTILES, finding.reference_quantiles, finding.quantiles, strict=False)
        rows = [(name, wording.number(before), wording.number(now)) for name, before, now in pairs]
        print_table(console, (f"share of rows below{unit}", "training", "this window"), rows)
    moved = wording.movers(finding.bars, 8) if finding.kind == "categorical" else []
    shares = [(wording.plain(bar.label), wording.share(bar.reference), wording.share(bar.window)) for bar in moved]
    print_table(console, ("category", "training", "this window"), shares)
    unseen = [(wording.plain(name), f"{rows:,}") for name, rows in wording.new_categories(finding)[:8]]
    print_table(console, ("new category", "rows"), unseen)


def _history(history: Sequence[Point], console: Console) -> None:
    if not history:
        return
    say(console, f"Distance window by window, the newest last: {sparkline([point.effect for point in history])}")
    rows = [
        (
            wording.day(point.end),
            wording.number(point.effect),
            wording.number(point.threshold),
            wording.severity(point.severity),
        )
        for point in history[-_MAX_POINTS:]
    ]
    print_table(console, ("window until", "distance", "normal up to", "state"), rows)


def sparkline(values: Sequence[float | None]) -> str:
    """A bar a value, from 0 to the largest; a dot where it is unknown."""
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    last = len(_BLOCKS) - 1
    return "".join("·" if value is None else _BLOCKS[max(0, min(last, round(last * value / top)))] for value in values)


def _prose(text: str) -> str:
    return wording.plain(text, wording.TEXT_LENGTH)
