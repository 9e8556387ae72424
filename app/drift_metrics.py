"""Metrics of the newest drift report, whichever worker took it: they are read from the journal's store."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.documents import from_json
from core.drift import REPORT_NAME, DriftReport, QualityFindings, Severity, worst
from core.errors import JournalUnavailable, ManifestError
from core.journal.store import JournalStore
from core.tags import FIRST_TAG, ModelTag, is_tag

CHECKED, SEVERITY = "slipway_drift_last_check_timestamp_seconds", "slipway_drift_severity"
COLUMNS, QUALITY = "slipway_drift_columns", "slipway_quality"
_HELP = {
    CHECKED: "When drift was last checked, in seconds since 1970; 0 if it never was.",
    SEVERITY: f"The worst that was found: {', '.join(f'{severity.rank} {severity}' for severity in Severity)}.",
    COLUMNS: "Columns by what was found; one of several windows counts once, by its worst.",
    QUALITY: "Figures of the newest window whose outcomes are known.",
}
# The store is asked at most so often, however many scrape.
_SHOWN_S = 15.0
_LOG = structlog.get_logger()


class DriftCollector(Collector):
    """Shows the newest report; while the store is away, the one that it showed last."""

    def __init__(self, store: JournalStore, *, shown_s: float = _SHOWN_S) -> None:
        """
        Args:
            store: Where reports are kept.
            shown_s: How long a report is shown before the store is asked for a newer one.
        """
        self._store, self._shown_s = store, shown_s
        self._lock = threading.Lock()
        self._shown: list[Metric] = []
        self._until = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """What it can show, without a look at the store."""
        return [Metric(name, text, "gauge") for name, text in _HELP.items()]

    def collect(self) -> Iterable[Metric]:
        """What it shows now."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._shown = self._read()
                self._until = time.monotonic() + self._shown_s
            return self._shown

    def _read(self) -> list[Metric]:
        try:
            found = self._store.kept(REPORT_NAME)
            return gauges_of(None if found is None else from_json(found[1], DriftReport, source=REPORT_NAME))
        except (JournalUnavailable, ManifestError) as error:
            _LOG.warning("the metrics of drift may be old", problem=str(error))
            return self._shown


def gauges_of(report: DriftReport | None) -> list[Metric]:
    """What there is to show of the newest report, or of none."""
    if report is None:
        return [_gauge(CHECKED, {"": 0.0})]
    counts = _columns(report)
    gauges = [
        _gauge(CHECKED, {"": report.made_at.timestamp()}),
        _gauge(SEVERITY, {"": report.severity.rank}),
        _gauge(COLUMNS, {severity: counts[severity] for severity in Severity}, "severity"),
    ]
    figures = _figures(report)
    return [*gauges, _gauge(QUALITY, figures, "figure")] if figures else gauges


def _gauge(name: str, values: Mapping[str, float], label: str | None = None) -> Metric:
    gauge = GaugeMetricFamily(name, _HELP[name], labels=[label] if label else None)
    for value_of, value in values.items():
        gauge.add_metric([value_of] if label else [], value)
    return gauge


def _columns(report: DriftReport) -> Counter[Severity]:
    found: dict[str, list[Severity]] = {}
    for window in report.windows:
        for finding in window.columns:
            found.setdefault(finding.column, []).append(finding.severity)
    return Counter(map(worst, found.values()))


def _figures(report: DriftReport) -> dict[str, float]:
    newest = max(report.quality, key=_newness, default=None)
    figures = newest.figures if newest else {}
    return {name: figure.value for name, figure in figures.items() if figure.value is not None}


def _newness(findings: QualityFindings) -> tuple[datetime, bool, ModelTag]:
    """Orders windows of several models by their end, and those of one end by their tags; what is no tag comes first."""
    known = is_tag(findings.tag)
    return findings.end, known, ModelTag.parse(findings.tag) if known else FIRST_TAG
