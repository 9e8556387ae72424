"""The report in GitHub's Markdown: the summary of a workflow run, and the issue of each kind of trouble."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from core.contract import MAX_NAME_LENGTH
from core.drift import ColumnFinding, DriftReport, QualityFindings
from drift.alerts.conditions import Condition, Kind
from drift.phrases import explaining
from drift.report import blocks, wording
from drift.report.changes import Change, changes_of, is_change, verdict_of, worst_first
from drift.report.escaping import code, prose

_MAX_WINDOWS, _MAX_TAGS, _MAX_TITLED = 6, 4, 3
_TITLE_LENGTH, _TITLED_NAME, _COMMAND_LENGTH = 200, 40, 160
_AGAIN: Final = "Check again, and read the whole page: `scripts/drift`"
_DRIFT: Final = ".venv/bin/python -m drift"
_RETRAIN: Final = "train on newer rows: `gh workflow run train.yml`"
_ROLLBACK: Final = "go back to the model before: `scripts/rollback`"


def job_summary(report: DriftReport) -> str:
    """All that a reader of the workflow run needs; the page, kept beside it, has the plots."""
    changes = changes_of(report)
    parts = [
        f"## {wording.severity(report.severity)}: {prose(report.headline)}",
        f"{_verdict(report, changes)}",
        blocks.advice(report),
        _titled("What changed", [blocks.changes_table(changes) if changes else "", blocks.charted(changes)]),
        *(_quality(quality, level="###") for quality in report.quality[:_MAX_TAGS]),
        _titled("Rows", [_supply(report)]),
        *_windows(report),
        blocks.notes(report.notes),
    ]
    return _joined(parts)


def issue_title(condition: Condition) -> str:
    """What the issue is about; the same as long as the same columns or figures are."""
    names = [wording.plain(name, _TITLED_NAME) for name in condition.columns[:_MAX_TITLED]]
    rest = len(condition.columns) - len(names)
    listed = ", ".join(names) + (f" and {rest} more" if rest > 0 else "")
    about = f": {listed}" if listed else ""
    line = wording.plain(condition.line)
    titles = {
        Kind.DRIFT: f"Inputs of {line} changed{about}",
        Kind.DEGRADATION: f"Predictions of {line} got worse{about}",
        Kind.NO_DATA: f"No rows come for {line}",
    }
    return wording.plain(titles[condition.kind], _TITLE_LENGTH)


def issue_body(report: DriftReport, condition: Condition) -> str:
    """The issue's text, below 60,000 signs; equal findings give equal text, whenever the check ran."""
    bodies = {Kind.DRIFT: _drift, Kind.DEGRADATION: _degradation, Kind.NO_DATA: _no_data}
    return _joined([_standing(condition), *bodies[condition.kind](report, condition)])


def _standing(condition: Condition) -> str:
    text = f"**{wording.severity(condition.severity)}**, model line {code(condition.line)}"
    if condition.since is None:
        return f"{text}."
    return f"{text}, since the window that ended on {wording.day(condition.since)} (UTC)."


def _drift(report: DriftReport, condition: Condition) -> list[str]:
    changes = changes_of(report)
    named = [change for change in changes if change.finding.column in condition.columns] or list(changes)
    others = [change for change in changes if change not in named]
    worst = wording.plain(named[0].finding.column, MAX_NAME_LENGTH) if named else "COLUMN"
    return [
        f"The inputs differ from what the model was trained on. {_verdict(report, changes)}",
        blocks.changes_table(named) if named else "No column is beyond its normal band now.",
        blocks.charted(named),
        blocks.folded("Also changed", blocks.changes_table(others)) if others else "",
        *(_quality(quality, level="###") for quality in report.quality[:_MAX_TAGS]),
        _next(
            [
                f"See all of a column: {code(f'{_DRIFT} {explaining(worst)}', _COMMAND_LENGTH)}",
                "Ask what changed where the column comes from, and mend it there if it is a fault.",
                f"If the change is real and stays, {_RETRAIN}.",
                f"If a new model brought it, {_ROLLBACK}.",
                f"{_AGAIN}.",
            ]
        ),
    ]


def _degradation(report: DriftReport, condition: Condition) -> list[str]:
    worse = [quality for quality in report.quality if quality.severity.is_alarming] or list(report.quality)
    changes = changes_of(report)
    moved = blocks.changes_table(changes) if changes else "No column is beyond its normal band, so look for a change "
    moved += "" if changes else "in what is predicted rather than in the inputs."
    figures = ", ".join(code(name) for name in condition.columns)
    return [
        "Outcomes say that the model is worse than on its holdout" + (f", by {figures}." if figures else "."),
        *(_quality(quality, level="###") for quality in worse[:_MAX_TAGS]),
        _titled("Inputs", [moved]),
        _next(
            [
                f"Unless an input is broken, {_RETRAIN}.",
                f"If the model before was better, {_ROLLBACK}.",
                f"See an input that changed: `{_DRIFT} explain COLUMN`",
                f"{_AGAIN}.",
            ]
        ),
    ]


def _no_data(report: DriftReport, _condition: Condition) -> list[str]:
    days = report.supply.allowed_quiet_days
    usual = "1 complete day" if days == 1 else f"{days} complete days"
    return [
        f"{_newest(report)} Without rows nobody knows whether the inputs changed; up to {usual} without one is usual.",
        f"Rows come from {code(report.source, wording.TEXT_LENGTH)}.",
        _next(
            [
                "See whether the service runs and is asked at all: its `/readyz`, and its log.",
                "See whether it writes its journal down: its disk, its database, and what its log says of the journal.",
                "See whether the check reads the right place: `DRIFT_SOURCE`, and the key in `SERVICE_KEY`.",
                f"If a deployment stopped it, {_ROLLBACK}.",
                f"See what a column was like before: `{_DRIFT} explain COLUMN`",
                f"Once rows come again and differ from before, {_RETRAIN}.",
                f"{_AGAIN}.",
            ]
        ),
    ]


def _verdict(report: DriftReport, changes: Sequence[Change]) -> str:
    verdict = f"{verdict_of(report.quality)}."
    if not changes:
        return verdict if report.quality else ""
    return f"Changed inputs do not by themselves mean that the model is worse. **{verdict}**"


def _quality(quality: QualityFindings, *, level: str) -> str:
    segments = blocks.folded("By segment", blocks.segments_table(quality)) if quality.segments else ""
    return _joined(
        [
            f"{level} How good {code(quality.tag)} is: {wording.severity(quality.severity)}",
            prose(quality.sentence),
            blocks.quality_table(quality) if quality.figures else "",
            blocks.coverage(quality),
            blocks.quality_chart(quality),
            segments,
        ]
    ).strip()


def _newest(report: DriftReport) -> str:
    if report.supply.newest is None:
        return "There is no row."
    return f"The newest row came at {wording.moment(report.supply.newest)}."


def _supply(report: DriftReport) -> str:
    return f"{wording.severity(report.supply.severity)}. {prose(report.supply.sentence)} {_newest(report)}"


def _windows(report: DriftReport) -> Iterable[str]:
    for window in report.windows[:_MAX_WINDOWS]:
        title = (
            f"{wording.window_name(window)}, {window.rows:,} rows, {len(window.columns)} columns: "
            f"{wording.severity(window.severity)}"
        )
        calm = _calm(window.columns)
        content = [f"Model {code(window.tag)}.", blocks.columns_table(calm) if calm else ""]
        yield blocks.folded(title, _joined(content).strip())


def _calm(columns: Iterable[ColumnFinding]) -> list[ColumnFinding]:
    return [finding for finding in worst_first(columns) if not is_change(finding)]


def _titled(title: str, parts: Sequence[str]) -> str:
    return _joined([f"### {title}", *parts]).strip() if any(parts) else ""


def _next(steps: Sequence[str]) -> str:
    return _titled("What to do next", ["\n".join(f"1. {step}" for step in steps)])


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
