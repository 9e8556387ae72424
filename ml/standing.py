"""How a project stands on a day: what has served, what the gate said, how inputs drift, how well answers turn out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from core.drift import DriftReport, QualityFindings, Severity, WindowFindings
from core.ledger import Deployment
from core.manifest import Manifest
from core.tags import ModelTag

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
# So many columns have figures of their own; the table has them all.
_MOST_COLUMNS: Final = 100
_DAY_S: Final = 86_400
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """
    What there is to be told.

    Attributes:
        day: Of which.
        now: The moment from which ages count.
        history: Deployments to production, the oldest first.
        manifests: Of published models, by rising tag.
        refused: Of a candidate that the gate refused and that is still there.
        report: Of the last check of drift; None where there was none.
    """

    day: date
    now: datetime
    history: Sequence[Deployment]
    manifests: Sequence[Manifest]
    refused: Manifest | None = None
    report: DriftReport | None = None

    @property
    def champion(self) -> ModelTag | None:
        """What serves production."""
        return self.history[-1].tag if self.history else None

    @property
    def manifest(self) -> Manifest | None:
        """The champion's, if it is published."""
        return next((each for each in self.manifests if each.tag == self.champion), None)

    @property
    def window(self) -> WindowFindings | None:
        """Of the report's windows the longest of the champion, or of all where the champion has none."""
        windows = self.report.windows if self.report else ()
        own = [window for window in windows if window.tag == str(self.champion)]
        return max(own or windows, key=lambda window: (window.days, window.end), default=None)

    @property
    def quality(self) -> QualityFindings | None:
        """The newest of the champion's, or of all where the champion has none."""
        found = self.report.quality if self.report else ()
        own = [each for each in found if each.tag == str(self.champion)]
        return max(own or found, key=lambda each: each.end, default=None)


def run_id(line: str, day: date) -> str:
    """The same for every look at a model line on a day."""
    return f"watch-{_key(line)}-{day:%Y%m%d}"


def config_of(standing: Standing) -> dict[str, Any]:
    """What a run is found by."""
    report = standing.report
    return {
        "champion": str(standing.champion) if standing.champion else None,
        "day": standing.day.isoformat(),
        "checked_at": report.made_at.isoformat() if report else None,
    }


def figures_of(standing: Standing) -> dict[str, float]:
    """Figures of the day; what is not known is left out, as W&B would draw a zero."""
    return {name: value for name, value in _figures(standing) if value is not None}


def _figures(standing: Standing) -> Iterator[tuple[str, float | None]]:
    # Panels draw days along an axis of numbers.
    yield "day", float((standing.day - _EPOCH).days)
    yield "registry/models", float(len(standing.manifests))
    yield "champion/changes", float(len(standing.history))
    if standing.history:
        yield "champion/served_days", _days(standing.now, standing.history[-1].at)
    if manifest := standing.manifest:
        yield "champion/trained_days", _days(standing.now, manifest.created_at)
        for name, metric in manifest.metrics.items():
            yield f"holdout/{name}", metric.value
            yield f"holdout/{name}_low", metric.low
            yield f"holdout/{name}_high", metric.high
    if standing.report:
        yield from _drift_figures(standing.report, standing.window, standing.now)
    if quality := standing.quality:
        yield from _quality_figures(quality)


def _drift_figures(
    report: DriftReport, window: WindowFindings | None, now: datetime
) -> Iterator[tuple[str, float | None]]:
    yield "drift/severity", float(report.severity.rank)
    yield "drift/checked_days", _days(now, report.made_at)
    yield "drift/quiet_days", float(report.supply.quiet_days)
    if window is None:
        return
    yield "drift/rows", float(window.rows)
    counts = Counter(column.severity for column in window.columns)
    for severity in Severity:
        yield f"drift/columns/{severity}", float(counts[severity])
    for column in window.columns[:_MOST_COLUMNS]:
        name = f"drift/column/{_own_key(column.column)}"
        yield f"{name}/severity", float(column.severity.rank)
        yield f"{name}/effect", column.effect
        yield f"{name}/threshold", column.threshold


def _quality_figures(quality: QualityFindings) -> Iterator[tuple[str, float | None]]:
    yield "live/severity", float(quality.severity.rank)
    yield "live/labels", float(quality.labels)
    yield "live/predictions", float(quality.predictions)
    for name, figure in quality.figures.items():
        yield f"live/{name}", figure.value
        yield f"live/{name}_low", figure.low
        yield f"live/{name}_high", figure.high
        yield f"live/{name}_worse_by", figure.worse_by


def tables_of(standing: Standing) -> dict[str, Table]:
    """Columns and rows of each table; none shows a value of anybody's row."""
    tables = {"watch/champions": _champions(standing), "watch/gate": _gate(standing)}
    if standing.report:
        tables["watch/drift"] = _drift(standing.report)
        tables["watch/live"] = _live(standing.report)
    return tables


def _champions(standing: Standing) -> Table:
    """What served production from when until when, with its figures on the holdout."""
    known = {each.tag: each for each in standing.manifests}
    names = _metric_names(standing.manifests)
    since = [deployment.at.isoformat() for deployment in standing.history]
    rows = [
        [
            since[place],
            since[place + 1] if place + 1 < len(since) else None,
            str(deployment.tag),
            deployment.reason,
            *_metrics(known.get(deployment.tag), names),
        ]
        for place, deployment in enumerate(standing.history)
    ]
    return ("since", "until", "tag", "reason", *_metric_head(names)), rows


def _gate(standing: Standing) -> Table:
    """What the gate said of each model that is known, refused ones as far as they are kept."""
    names = _metric_names(standing.manifests)
    known = [*standing.manifests, *([standing.refused] if standing.refused else [])]
    rows = [
        [
            each.created_at.isoformat(),
            str(each.tag),
            each.gate.accepted,
            str(each.gate.champion) if each.gate.champion else None,
            each.gate.compared_with,
            "; ".join(each.gate.reasons),
            each.wandb_run_id,
            *_metrics(each, names),
        ]
        for each in sorted(known, key=lambda manifest: manifest.created_at)
    ]
    return ("trained", "tag", "accepted", "champion", "compared with", "reasons", "run", *_metric_head(names)), rows


def _drift(report: DriftReport) -> Table:
    head = ("tag", "days", "end", "column", "kind", "severity", "rule", "distance", "threshold", "missing", "since")
    rows = [
        [
            window.tag,
            window.days,
            window.end.isoformat(),
            column.column,
            column.kind,
            column.severity.value,
            column.rule.value if column.rule else None,
            column.effect,
            column.threshold,
            column.missing,
            column.since.isoformat() if column.since else None,
        ]
        for window in report.windows
        for column in window.columns
    ]
    return head, rows


def _live(report: DriftReport) -> Table:
    head = ("tag", "end", "figure", "live", "low", "high", "holdout", "worse by", "at least", "labels", "severity")
    rows = [
        [
            each.tag,
            each.end.isoformat(),
            name,
            figure.value,
            figure.low,
            figure.high,
            figure.baseline,
            figure.worse_by,
            figure.worse_by_at_least,
            each.labels,
            each.severity.value,
        ]
        for each in report.quality
        for name, figure in each.figures.items()
    ]
    return head, rows


def _metric_names(manifests: Sequence[Manifest]) -> list[str]:
    return list(dict.fromkeys(name for each in manifests for name in each.metrics))


def _metric_head(names: Sequence[str]) -> list[str]:
    return [title for name in names for title in (name, f"{name} low", f"{name} high")]


def _metrics(manifest: Manifest | None, names: Sequence[str]) -> list[float | None]:
    found: Mapping[str, Any] = manifest.metrics if manifest else {}
    metrics = [found.get(name) for name in names]
    return [value for each in metrics for value in ((each.value, each.low, each.high) if each else (None, None, None))]


def _days(now: datetime, then: datetime) -> float | None:
    """None where it is yet to come, by the clock of a replay."""
    return round((now - then).total_seconds() / _DAY_S, 3) if then <= now else None


def _key(name: str) -> str:
    """A part of a name that W&B takes for nothing else."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)


def _own_key(name: str) -> str:
    """The same, that no other name has."""
    plain = _key(name)
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"
