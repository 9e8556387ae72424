"""Metrics of a drift report: how severe it is, column by column, and how well the model does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric

from core.drift import DriftReport, QualityFindings, Severity, worst
from core.tags import FIRST_TAG, ModelTag, is_tag

CHECKED, SEVERITY = "slipway_drift_last_check_timestamp_seconds", "slipway_drift_severity"
COLUMNS, COLUMN = "slipway_drift_columns", "slipway_drift_column_severity"
QUALITY, QUALITY_SEVERITY = "slipway_quality", "slipway_quality_severity"
_RANKS: Final = ", ".join(f"{severity.rank} {severity}" for severity in Severity)
HELP: Final = {
    CHECKED: "When drift was last checked, in seconds since 1970; 0 if it never was.",
    SEVERITY: f"The worst that was found: {_RANKS}.",
    COLUMNS: "Columns by what was found; one of several windows counts once, by its worst.",
    COLUMN: f"What was found in a column, the worst first: {_RANKS}.",
    QUALITY: "Figures of the newest window whose outcomes are known.",
    QUALITY_SEVERITY: f"How that window compares with the holdout: {_RANKS}.",
}
# Of more columns the worst are shown.
MOST_COLUMNS: Final = 100


def gauges_of_report(report: DriftReport | None) -> list[Metric]:
    """What there is to show of the newest report, or of none."""
    if report is None:
        return [_gauge(CHECKED, {"": 0.0})]
    columns = _columns(report)
    counts = Counter(columns.values())
    shown = sorted(columns, key=lambda column: -columns[column].rank)[:MOST_COLUMNS]
    gauges = [
        _gauge(CHECKED, {"": report.made_at.timestamp()}),
        _gauge(SEVERITY, {"": report.severity.rank}),
        _gauge(COLUMNS, {severity: counts[severity] for severity in Severity}, "severity"),
        _gauge(COLUMN, {column: columns[column].rank for column in shown}, "column"),
    ]
    newest = max(report.quality, key=_newness, default=None)
    if newest is None:
        return gauges
    figures = {name: figure.value for name, figure in newest.figures.items() if figure.value is not None}
    # A challenger's window that says little must not hide what the champion's says.
    severity = worst(window.severity for window in report.quality if window.end == newest.end)
    return [
        *gauges,
        _gauge(QUALITY_SEVERITY, {"": severity.rank}),
        *([_gauge(QUALITY, figures, "figure")] if figures else []),
    ]


def _gauge(name: str, values: Mapping[str, float], label: str | None = None) -> Metric:
    gauge = GaugeMetricFamily(name, HELP[name], labels=[label] if label else None)
    for value_of, value in values.items():
        gauge.add_metric([value_of] if label else [], value)
    return gauge


def _columns(report: DriftReport) -> dict[str, Severity]:
    found: dict[str, list[Severity]] = {}
    for window in report.windows:
        for finding in window.columns:
            found.setdefault(finding.column, []).append(finding.severity)
    return {column: worst(severities) for column, severities in found.items()}


def _newness(findings: QualityFindings) -> tuple[datetime, bool, ModelTag]:
    """Orders windows of several models by their end, and those of one end by their tags; what is no tag comes first."""
    known = is_tag(findings.tag)
    return findings.end, known, ModelTag.parse(findings.tag) if known else FIRST_TAG
