"""How the experiment stands: who answers whom, and what was read off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.console.plots import Intervals, intervals
from app.console.words import NONE, ago, brief, moment, plain, share
from core.experiment import Experiment, Reading

# So many of the newest are shown.
_MOST_READINGS: Final = 30
_MOST_LINES: Final = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingLine:
    """What was read off at a time."""

    at: str
    word: str
    gain: str
    between: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """
    An experiment.

    Attributes:
        summary: Who answers whom, in a sentence.
        verdict: How it stands, in a sentence.
        rule: By what it is judged, in a sentence.
        lines: The newest readings, the newest first.
        plot: The newest readings that have bounds, the oldest first; None where there is none.
        first, last: The days of the plot's ends.
        top, bottom: What the plot's edges stand for.
        described: The plot in words.
    """

    summary: str
    verdict: str
    rule: str
    lines: tuple[ReadingLine, ...]
    plot: Intervals | None
    first: str
    last: str
    top: str
    bottom: str
    described: str


def experiment_of(experiment: Experiment, now: datetime) -> Shown:
    """What is shown of the experiment that is kept."""
    policy, margin = experiment.policy, experiment.policy.margin * experiment.champion_loss
    bounded = [each for each in experiment.readings if _bounds(each) is not None][-_MOST_READINGS:]
    found = [bounds for bounds in map(_bounds, bounded) if bounds is not None]
    plot = intervals(found, margin) if found else None
    loss = policy.loss.value.replace("_", " ")
    return Shown(
        summary=_summary(experiment, now),
        verdict=_verdict(experiment, now),
        rule=(
            f"Judged by {loss} a row, with {share(policy.confidence)} confidence however often one looks; a gain of "
            f"{brief(margin)} is worth a change."
        ),
        lines=tuple(map(_line, reversed(experiment.readings[-_MOST_LINES:]))),
        plot=plot,
        first=f"{bounded[0].at:%Y-%m-%d}" if bounded else "",
        last=f"{bounded[-1].at:%Y-%m-%d}" if bounded else "",
        top=brief(plot.top) if plot else "",
        bottom=brief(plot.bottom) if plot else "",
        described=_described(bounded, found),
    )


def _summary(experiment: Experiment, now: datetime) -> str:
    challenger, champion = experiment.challenger, experiment.champion
    if experiment.ended is not None:
        return f"{challenger} beside {champion} ended {ago(experiment.ended, now)}; the champion answers all."
    began = f"since {ago(experiment.began, now)}"
    return f"{challenger} answers {share(experiment.share)} of the subjects beside {champion}, {began}."


def _verdict(experiment: Experiment, now: datetime) -> str:
    decided = experiment.decided
    if decided is not None:
        return f"Decided {ago(decided.at, now)}: {plain(decided.word)}. {plain(decided.reason)}"
    if not experiment.readings:
        return "Nothing was read off it yet; scripts/experiment readout does."
    return f"Read off {ago(experiment.readings[-1].at, now)}: {plain(experiment.readings[-1].word)}."


def _bounds(reading: Reading) -> tuple[float, float, float] | None:
    low, value, high = reading.low, reading.value, reading.high
    return None if low is None or value is None or high is None else (low, value, high)


def _line(reading: Reading) -> ReadingLine:
    bounds = _bounds(reading)
    return ReadingLine(
        at=moment(reading.at),
        word=plain(reading.word),
        gain=brief(reading.value),
        between=NONE if bounds is None else f"{brief(bounds[0])} to {brief(bounds[2])}",
    )


def _described(bounded: Sequence[Reading], found: Sequence[tuple[float, float, float]]) -> str:
    if not found:
        return ""
    low, value, high = found[-1]
    now = f"{brief(value)}, between {brief(low)} and {brief(high)}"
    if len(found) == 1:
        return f"The challenger's gain at {moment(bounded[-1].at)}: {now}."
    before_low, _, before_high = found[0]
    return (
        f"The challenger's gain in {len(found)} readings: between {brief(before_low)} and {brief(before_high)} at "
        f"{moment(bounded[0].at)}; {now} at {moment(bounded[-1].at)}."
    )
