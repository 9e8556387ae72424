"""What a drift check finds, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.drift import (
    ColumnFinding,
    DriftReport,
    Figure,
    QualityFindings,
    Severity,
    Supply,
    WindowFindings,
)

CHECKED = datetime(2026, 11, 26, 6, tzinfo=UTC)


def make_column(column: str = "age", severity: Severity = Severity.OK) -> ColumnFinding:
    return ColumnFinding(column=column, kind="numeric", role="tested", severity=severity, sentence="As ever.", rows=900)


def make_window(*columns: ColumnFinding, days: int = 7) -> WindowFindings:
    return WindowFindings(
        tag="model-v1.0.0",
        days=days,
        start=CHECKED - timedelta(days=days),
        end=CHECKED,
        rows=900,
        severity=Severity.OK,
        columns=columns,
    )


def make_quality(end: datetime = CHECKED, **figures: float | None) -> QualityFindings:
    return QualityFindings(
        tag="model-v1.0.0",
        start=end - timedelta(days=7),
        end=end,
        severity=Severity.OK,
        sentence="As good as ever.",
        predictions=900,
        labels=800,
        figures={name: Figure(baseline=0.9, value=value) for name, value in figures.items()},
    )


def make_report(**changes: Any) -> DriftReport:
    """A check that found nothing, in no window."""
    values: dict[str, Any] = {
        "line": "model",
        "made_at": CHECKED,
        "source": "journal",
        "severity": Severity.OK,
        "headline": "Nothing changed.",
        "advice": (),
        "windows": (),
        "quality": (),
        "supply": Supply(
            severity=Severity.OK,
            sentence="Rows come every day.",
            newest=CHECKED,
            quiet_days=0,
            allowed_quiet_days=2,
        ),
        "judged": 0,
    }
    return DriftReport(**(values | changes))
