"""Whether a model does worse on rows whose outcome is known than it did on its holdout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Task
from core.drift import Figure, SegmentQuality, Severity, worst
from core.manifest import Metric
from drift.quality.labelled import NO_CLASS, Labelled
from drift.quality.performance import HIGHER_IS_BETTER, measure
from drift.quality.sentences import conclusion, coverage, incomparable, misfit, much_worse

Baseline = Mapping[str, Metric]

# What the verdict rests on; the other figures are told only.
JUDGED: Final[Mapping[Task, tuple[str, ...]]] = {
    Task.BINARY: ("accuracy", "auc"),
    Task.MULTICLASS: ("accuracy",),
    Task.REGRESSION: ("mae", "rmse", "coverage"),
}
_SEGMENT_FACTOR: Final = 2
# A misspelt class is a fault of who reports it, and says nothing of the model.
_MOST_STRANGE: Final = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityPolicy:
    """
    What counts as worse.

    Attributes:
        min_labels: Rows with an outcome that a verdict needs.
        min_segment_labels: Rows with an outcome that the figures of a category need.
        points: Loss of accuracy or area under the curve that is critical when it is larger; half of it is a warning.
        share: The same of an error, as a share of the holdout's.
        coverage_points: The same of the share of outcomes that intervals hold. Errors that are a seventh larger make
            intervals of 90 % hold 5 points less.
    """

    min_labels: int = 500
    min_segment_labels: int = 200
    points: float = 0.02
    share: float = 0.1
    coverage_points: float = 0.05

    def margin(self, name: str, baseline: float) -> float:
        """The worsening that is critical, in the figure's own unit."""
        if name == "coverage":
            return self.coverage_points
        return self.points if name in HIGHER_IS_BETTER else self.share * baseline


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityVerdict:
    """
    What was found.

    Attributes:
        severity: Of the whole; a category alone makes no more than `info`.
        sentence: For somebody who knows no statistics.
        figures: By name.
        segments: Categories with enough rows, by column, the most frequent first.
    """

    severity: Severity
    sentence: str
    figures: dict[str, Figure]
    segments: tuple[SegmentQuality, ...]


def judge_quality(
    labelled: Labelled,
    baseline: Baseline,
    policy: QualityPolicy,
    *,
    segment_baselines: Mapping[tuple[str, str], Baseline] | None = None,
) -> QualityVerdict:
    """
    Compare the rows of a window with what the bundle promised.

    Args:
        labelled: Rows whose outcome is known.
        baseline: The manifest's figures of the holdout. They are taken as known: the question is whether these rows
            went worse than what was promised, so only the window's own interval counts.
        policy: What counts as worse.
        segment_baselines: The same of a column and its category, where they are known. A category is compared with its
            own past only, because some are harder than others for ever.

    Returns:
        `critical` when a judged figure is worse by more than its margin, and `warning` when by more than half of it,
        each only if the 95 % interval leaves no doubt that it is worse at all; `insufficient_data` with too few rows,
        `error` without a figure of the holdout to compare with, or where more than a tenth of the outcomes are no
        class. A category that is worse by more than twice the margin is an `info`: among many categories one is
        beyond its interval by chance nearly every time.
    """
    strange = _strange_share(labelled)
    if strange > _MOST_STRANGE:
        sentences = [misfit(labelled, strange), *labelled.notes]
        return QualityVerdict(severity=Severity.ERROR, sentence=" ".join(sentences), figures={}, segments=())
    figures = _figures(labelled, baseline)
    segments = tuple(_segments(labelled, policy, segment_baselines or {}))
    if len(labelled) < policy.min_labels:
        severity, sentences = Severity.INSUFFICIENT_DATA, [coverage(labelled, needed=policy.min_labels)]
    else:
        judged = {name: figures[name] for name in JUDGED[labelled.target.task] if name in figures}
        severity, sentences = _judge(judged, labelled, policy)
        bad = [segment for segment in segments if _is_much_worse(segment, judged, policy)]
        severity = worst([severity, Severity.INFO]) if bad else severity
        sentences += much_worse(bad)
    return QualityVerdict(
        severity=severity, sentence=" ".join([*sentences, *labelled.notes]), figures=figures, segments=segments
    )


def _strange_share(labelled: Labelled) -> float:
    """Of the outcomes, those that are no class of the target; in [0, 1]."""
    if labelled.target.task is Task.REGRESSION or not len(labelled):
        return 0.0
    return float((labelled.outcomes == NO_CLASS).mean())


def _judge(judged: Mapping[str, Figure], labelled: Labelled, policy: QualityPolicy) -> tuple[Severity, list[str]]:
    by_figure = {name: _severity(name, figure, policy) for name, figure in judged.items()}
    is_compared = any(figure.worse_by is not None for figure in judged.values())
    severity = worst(by_figure.values()) if is_compared else Severity.ERROR
    told = [name for name in judged if by_figure[name] is not Severity.OK] or [next(iter(judged))]
    return severity, [
        conclusion(severity, {name: judged[name] for name in told}, labelled.target),
        coverage(labelled),
        *incomparable(judged),
    ]


def compare(name: str, found: Metric, baseline: Metric | None) -> Figure:
    """A figure beside the holdout's; `worse_by` is positive when it is worse, whichever way is up."""
    promised = baseline.value if baseline else None
    if promised is None or found.value is None:
        return Figure(baseline=promised, value=found.value, low=found.low, high=found.high)
    sign, best = (-1, found.high) if name in HIGHER_IS_BETTER else (1, found.low)
    return Figure(
        baseline=promised,
        value=found.value,
        low=found.low,
        high=found.high,
        worse_by=sign * (found.value - promised),
        worse_by_at_least=None if best is None else sign * (best - promised),
    )


def _figures(labelled: Labelled, baseline: Baseline, rows: NDArray[np.int64] | None = None) -> dict[str, Figure]:
    chosen = slice(None) if rows is None else rows
    found = measure(
        labelled.scores[chosen],
        labelled.outcomes[chosen],
        labelled.target.task,
        labelled.threshold,
        None if labelled.ends is None else labelled.ends[chosen],
    )
    return {name: compare(name, metric, baseline.get(name)) for name, metric in found.items()}


def _segments(
    labelled: Labelled, policy: QualityPolicy, baselines: Mapping[tuple[str, str], Baseline]
) -> Iterator[SegmentQuality]:
    for column, coded in labelled.segments.items():
        counts = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.categories))
        for code in np.argsort(-counts, kind="stable"):
            if counts[code] >= max(policy.min_segment_labels, 1):
                category = coded.categories[code]
                rows = np.flatnonzero(coded.codes == code)
                own = baselines.get((column, category), {})
                yield SegmentQuality(
                    column=column, category=category, labels=len(rows), figures=_figures(labelled, own, rows)
                )


def _severity(name: str, figure: Figure, policy: QualityPolicy) -> Severity:
    if _is_worse(name, figure, policy, factor=1):
        return Severity.CRITICAL
    return Severity.WARNING if _is_worse(name, figure, policy, factor=0.5) else Severity.OK


def _is_worse(name: str, figure: Figure, policy: QualityPolicy, *, factor: float) -> bool:
    """Whether it is worse by more than some times the margin, and surely worse at all."""
    if figure.baseline is None or figure.worse_by is None or figure.worse_by_at_least is None:
        return False
    return figure.worse_by_at_least > 0 and figure.worse_by > factor * policy.margin(name, figure.baseline)


def _is_much_worse(segment: SegmentQuality, judged: Iterable[str], policy: QualityPolicy) -> bool:
    return any(_is_worse(name, segment.figures[name], policy, factor=_SEGMENT_FACTOR) for name in judged)
