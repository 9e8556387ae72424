"""Judges the windows of one length after the other, and the weeks whose outcomes are known, remembering both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from core.contract import Contract, DriftRole
from core.drift import Point, QualityFindings, WindowFindings, overall
from core.drift_policy import DriftPolicy
from core.reference import WEEK, WINDOW_DAYS
from drift.alerts.conditions import Kind
from drift.alerts.standing import after
from drift.columns import Columns
from drift.counts import WindowCounts, merged
from drift.evidence import Witness
from drift.findings import JudgedWindow, findings_of
from drift.memory import MOST_POINTS, Memory
from drift.models import Model
from drift.periods import ONE_WEEK
from drift.quality.labelled import Labelled, labelled_of
from drift.quality.verdict import QualityPolicy, QualityVerdict, judge_quality
from drift.thresholds import Thresholds
from drift.verdict import judge

SEASON_WEEKS: Final = 12
# With fewer weeks behind it a week has no season to be compared with.
_FEWEST_SEASON_WEEKS: Final = 4


@dataclass(kw_only=True, slots=True)
class Judge:
    """
    Judges what windows say.

    Attributes:
        memory: Of the windows before; is changed.
        policy: What model.toml says.
        drops_columns: Whether a column may be absent on purpose.
        thresholds: What counts as a change.
        windows: The newest findings by tag and length in days.
        quality: The newest by tag.
        judged: How many windows were judged.
    """

    memory: Memory
    policy: DriftPolicy
    drops_columns: bool
    thresholds: Thresholds = field(default_factory=Thresholds)
    windows: dict[tuple[str, int], WindowFindings] = field(default_factory=dict)
    quality: dict[str, QualityFindings] = field(default_factory=dict)
    judged: int = 0

    def see(self, length: str, start: datetime, end: datetime, found: Mapping[Model, WindowCounts]) -> None:
        """Judge a window of some length: the rows of each model that answered in it."""
        judged = [self._window(model, length, start, end, counts) for model, counts in found.items()]
        if judged:
            alarming = [
                each.evidence.column for window in judged for each in window.judgements if each.severity.is_alarming
            ]
            stream = self.memory.stream(Kind.DRIFT, length)
            severity = overall(window.severity for window in judged)
            self.memory.keep_stream(Kind.DRIFT, length, after(stream, severity, alarming, end))

    def _window(self, model: Model, length: str, start: datetime, end: datetime, counts: WindowCounts) -> JudgedWindow:
        remembered = self.memory.tag(model.tag)
        weeks = [week for monday, week in remembered.season.items() if _is_in_season(monday, start)]
        recent = merged(weeks) if len(weeks) >= _FEWEST_SEASON_WEEKS else None
        witness = Witness(profile=model.profile, length=length, thresholds=self.thresholds)
        judgements = judge(
            witness.gather(counts, recent),
            _recent(remembered.history.get(length, {}), start),
            self.thresholds,
            length=length,
            drops_columns=self.drops_columns,
        )
        window = JudgedWindow(tag=model.tag, length=length, start=start, end=end, counts=counts, judgements=judgements)
        remembered.note(length, window.points())
        key = (model.tag, WINDOW_DAYS[length])
        self.windows[key] = findings_of(window, model.profile, remembered.history[length])
        self.judged += 1
        return window

    def remember_season(self, monday: datetime, model: Model, counts: WindowCounts) -> None:
        """Keep the seasonal columns of a week, and forget those of weeks that are long ago."""
        remembered = self.memory.tag(model.tag)
        remembered.season[monday] = _seasonal(model.profile.contract, counts)
        remembered.season = {
            start: week for start, week in remembered.season.items() if _is_in_season(start, monday + ONE_WEEK)
        }

    def labelled(self, model: Model, columns: Columns) -> Labelled:
        """The rows of a model whose outcome is known; of segments those that it has, as an older one may lack some."""
        segments = [name for name in self.policy.segments if name in model.profile.reference.categorical]
        return labelled_of(
            columns, model.profile.contract.target, threshold=model.threshold, band=model.band, segments=segments
        )

    def see_outcomes(self, start: datetime, end: datetime, found: Mapping[Model, Labelled]) -> None:
        """Judge a week by its outcomes: the rows of each model that answered in it."""
        verdicts = [self._outcomes(model, start, end, labelled) for model, labelled in found.items()]
        if verdicts:
            alarming = [
                name
                for verdict in verdicts
                if verdict.severity.is_alarming
                for name, figure in verdict.figures.items()
                if figure.worse_by is not None and figure.worse_by > 0
            ]
            stream = self.memory.stream(Kind.DEGRADATION, WEEK)
            severity = overall(verdict.severity for verdict in verdicts)
            self.memory.keep_stream(Kind.DEGRADATION, WEEK, after(stream, severity, alarming, end))

    def _outcomes(self, model: Model, start: datetime, end: datetime, labelled: Labelled) -> QualityVerdict:
        verdict = judge_quality(
            labelled,
            model.baseline,
            QualityPolicy(min_labels=self.policy.min_labels),
            segment_baselines=model.segment_baselines,
        )
        remembered = self.memory.tag(model.tag)
        figures = {name: figure.value for name, figure in verdict.figures.items()}
        remembered.quality = [*remembered.quality, (end, figures)][-MOST_POINTS:]
        self.quality[model.tag] = QualityFindings(
            tag=model.tag,
            start=start,
            end=end,
            severity=verdict.severity,
            sentence=verdict.sentence,
            predictions=labelled.predictions,
            labels=len(labelled),
            figures=verdict.figures,
            segments=verdict.segments,
            history=tuple(remembered.quality),
        )
        return verdict


def _recent(history: Mapping[str, Sequence[Point]], start: datetime) -> dict[str, list[Point]]:
    """What the two weeks before a window said; what is longer ago does not make a warning last."""
    return {name: [point for point in points if point.end > start - 2 * ONE_WEEK] for name, points in history.items()}


def _is_in_season(monday: datetime, start: datetime) -> bool:
    """Whether a week is one of the last twelve before that of a window's start."""
    return monday < start < monday + (SEASON_WEEKS + 1) * ONE_WEEK


def _seasonal(contract: Contract, counts: WindowCounts) -> WindowCounts:
    names = {feature.name for feature in contract.features if feature.drift is DriftRole.SEASONAL}
    return replace(
        counts,
        numeric={name: each for name, each in counts.numeric.items() if name in names},
        categorical={name: each for name, each in counts.categorical.items() if name in names},
        scores={},
    )
