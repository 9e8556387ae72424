"""How good the model is on what is known by now, beside the holdout."""

from __future__ import annotations

from dataclasses import dataclass

from app.console.severity import Badge, badge
from app.console.words import NONE, brief, counted, plain, share
from core.drift import DriftReport, Figure, QualityFindings


@dataclass(frozen=True, kw_only=True, slots=True)
class FigureLine:
    """A figure: now, with its interval, and on the holdout."""

    name: str
    value: str
    interval: str
    baseline: str
    worse_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """A tag's newest window whose outcomes are known."""

    title: str
    badge: Badge
    sentence: str
    known: str
    figures: tuple[FigureLine, ...]


def quality_of(report: DriftReport) -> tuple[Quality, ...]:
    """What is shown of each tag that answered."""
    return tuple(map(_shown, report.quality))


def _shown(findings: QualityFindings) -> Quality:
    days = max(1, (findings.end - findings.start).days)
    labels, predictions = f"{findings.labels:,}", counted(findings.predictions, "prediction")
    return Quality(
        title=f"{plain(findings.tag)} from {findings.start:%Y-%m-%d}, {counted(days, 'day')}",
        badge=badge(findings.severity),
        sentence=plain(findings.sentence),
        known=f"The outcome of {labels} of {predictions} is known ({share(findings.coverage)}).",
        figures=tuple(_figure(name, figure) for name, figure in findings.figures.items()),
    )


def _figure(name: str, figure: Figure) -> FigureLine:
    has_interval = figure.low is not None and figure.high is not None
    return FigureLine(
        name=plain(name.replace("_", " ")),
        value="not defined" if figure.value is None else brief(figure.value),
        interval=f"{brief(figure.low)} to {brief(figure.high)}" if has_interval else NONE,
        baseline=brief(figure.baseline),
        worse_by=_worse(figure.worse_by),
    )


def _worse(by: float | None) -> str:
    if by is None:
        return NONE
    return "as good" if not by else f"{brief(abs(by))} {'worse' if by > 0 else 'better'}"
