"""Judges what a look saw: what is wrong, what is right, and what nobody can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.drift import Severity
from core.thresholds import (
    BURN,
    DAY_S,
    DRIFT_DAYS,
    FAILED_MAY,
    FALLBACK_SHARE,
    LAG_S,
    LEAST,
    LEAST_FALLBACKS,
    MODEL_DAYS,
    MONTH_DAYS,
    MONTH_GB,
    OUTCOME_DAYS,
    SILENT_AFTER_S,
    SLOW_MAY,
    SLOW_S,
    SPOOL_SHARE,
    STORE_SHARE,
)
from watch import catalogue as names
from watch.figures import Figures
from watch.memory import Growth

_UNSAID: Final = "The service does not say."
_UNCHECKED: Final = "Drift was never checked."


class State(StrEnum):
    """How a service says it is."""

    READY = "ready"
    NOT_READY = "not ready"
    DOWN = "down"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """
    On one alert.

    Attributes:
        name: Of the alert.
        is_true: None where nobody can tell.
        what: Was found, in a sentence.
    """

    name: str
    is_true: bool | None
    what: str


def judge_heart(last_beat: float | None, now: float) -> Verdict:
    """
    Whether alerts would arrive; times are seconds since 1970.

    Args:
        last_beat: The last sign of life; None if there never was one, as where there is no Prometheus.
        now: When.
    """
    if last_beat is None:
        return Verdict(name=names.MONITORING_SILENT, is_true=None, what="There never was a heartbeat.")
    age_s = now - last_beat
    # Of another clock, or somebody's hand.
    is_ahead = age_s < -SILENT_AFTER_S
    when = "in the future" if is_ahead else f"{_age(age_s)} old"
    what = f"The last sign of life of those who alert is {when}."
    return Verdict(name=names.MONITORING_SILENT, is_true=abs(age_s) > SILENT_AFTER_S, what=what)


def judge_state(state: State, said: str) -> Iterator[Verdict]:
    """
    Whether a service answers, and may.

    Args:
        state: As /readyz says.
        said: Its words, or why there are none.
    """
    is_down = state is State.DOWN
    yield Verdict(
        name=names.SERVICE_DOWN, is_true=is_down, what=f"The service does not answer: {said}" if is_down else said
    )
    yield Verdict(
        name=names.JOURNAL_UNAVAILABLE,
        is_true=None if is_down else state is State.NOT_READY,
        what=f"The service is not ready: {said}" if state is State.NOT_READY else said,
    )


def judge_figures(figures: Figures, grown: Growth | None, now: float) -> Iterator[Verdict]:
    """
    What a service's figures say.

    Args:
        figures: Of now.
        grown: How far its counters have grown since the last look; None where nobody knows.
        now: In seconds since 1970.
    """
    yield from _counted(grown)
    yield from _journal(figures)
    yield from _model(figures, now)


def _counted(grown: Growth | None) -> Iterator[Verdict]:
    if grown is None:
        for name in (
            names.MANY_ERRORS,
            names.MANY_SLOW,
            names.NOT_WRITTEN,
            names.CHALLENGER_FAILING,
            names.EGRESS_COSTLY,
        ):
            yield Verdict(name=name, is_true=None, what="Nobody knows how much there was at the last look.")
        return
    counts = grown.counters
    failed, slow = _share(counts.failed, counts.requests), _share(counts.slow, counts.predictions)
    fallen = _share(counts.fallbacks, counts.challenger)
    yield Verdict(
        name=names.MANY_ERRORS,
        is_true=failed > BURN * FAILED_MAY and counts.failed > LEAST,
        what=f"{failed:.2%} of {counts.requests:,.0f} requests since the last look failed; {FAILED_MAY:.1%} may.",
    )
    yield Verdict(
        name=names.MANY_SLOW,
        is_true=slow > BURN * SLOW_MAY and counts.slow > LEAST,
        what=f"{slow:.2%} of {counts.predictions:,.0f} predictions since the last look took more than "
        f"{SLOW_S * 1000:.0f} ms; {SLOW_MAY:.0%} may.",
    )
    yield Verdict(
        name=names.NOT_WRITTEN,
        is_true=counts.unwritten > 0,
        what=f"{counts.unwritten:,.0f} requests since the last look have no line in the journal.",
    )
    yield Verdict(
        name=names.CHALLENGER_FAILING,
        is_true=fallen > FALLBACK_SHARE and counts.fallbacks > LEAST_FALLBACKS,
        what=f"The champion had to answer {fallen:.0%} of the challenger's {counts.challenger:,.0f} rows since then.",
    )
    month_gb = None if grown.day_bytes is None else grown.day_bytes * MONTH_DAYS / 1e9
    yield Verdict(
        name=names.EGRESS_COSTLY,
        is_true=None if month_gb is None else month_gb > MONTH_GB,
        what="A day is not over yet." if month_gb is None else f"At this pace answers are {month_gb:,.1f} GB a month.",
    )


def _journal(figures: Figures) -> Iterator[Verdict]:
    yield _above(names.JOURNAL_NOT_DRAINING, figures.lag_s, LAG_S, "The journal's store is {} behind.", _age)
    yield _above(names.SPOOL_NEARLY_FULL, figures.spool, SPOOL_SHARE, "{} of what may wait waits.", _percent)
    yield _above(
        names.STORE_NEARLY_FULL,
        figures.store,
        STORE_SHARE,
        "The store takes {} of what it may.",
        _percent,
        unknown="The service does not say what the store takes, or may take (JOURNAL_STORE_LIMIT_BYTES).",
    )


def _model(figures: Figures, now: float) -> Iterator[Verdict]:
    # Of a check that never was it says 0, and nothing while the journal's store is away.
    unknown = _UNCHECKED if figures.checked == 0 else _UNSAID
    moved = "Columns that are no longer what the model was trained on: {}."
    yield _above(names.DATA_DRIFTED, figures.drifted, 0, moved, _count, unknown=unknown)
    yield _quality(figures.quality)
    checked = None if not figures.checked else now - figures.checked
    yield _above(
        names.NOT_CHECKED, checked, DRIFT_DAYS * DAY_S, "The last drift check is {} old.", _age, unknown=unknown
    )
    trained = None if figures.trained is None else now - figures.trained
    yield _above(names.MODEL_STALE, trained, MODEL_DAYS * DAY_S, "The model that serves was trained {} ago.", _age)
    yield _outcomes(figures, now)


def _quality(severity: float | None) -> Verdict:
    is_true = None if severity is None else severity >= Severity.ALERT.rank
    what = "The model is right as often as the holdout promised, or nearly."
    if severity in {None, Severity.INSUFFICIENT_DATA.rank}:
        what = "No drift check has known enough outcomes."
    elif is_true:
        what = "The model is right less often than the holdout promised."
    return Verdict(name=names.QUALITY_DEGRADED, is_true=is_true, what=what)


def _outcomes(figures: Figures, now: float) -> Verdict:
    """Where none ever came, none is expected, nor where nobody asks."""
    if figures.outcome is None or figures.predicted is None:
        return Verdict(name=names.OUTCOMES_MISSING, is_true=None, what=_UNSAID)
    if not figures.outcome:
        return Verdict(name=names.OUTCOMES_MISSING, is_true=False, what="No outcome ever came, and none is expected.")
    age_s, quiet_s = now - figures.outcome, now - figures.predicted
    is_true = age_s > OUTCOME_DAYS * DAY_S and quiet_s < DAY_S
    begins = "Predictions are made, but the" if is_true else "The"
    return Verdict(
        name=names.OUTCOMES_MISSING, is_true=is_true, what=f"{begins} last outcome was reported {_age(age_s)} ago."
    )


def _above(
    name: str, value: float | None, most: float, what: str, shown: Callable[[float], str], *, unknown: str = _UNSAID
) -> Verdict:
    """Whether a figure is above what it may be; `unknown` says what it means that there is none."""
    if value is None:
        return Verdict(name=name, is_true=None, what=unknown)
    return Verdict(name=name, is_true=value > most, what=what.format(shown(value)))


def _share(some: float, of: float) -> float:
    return some / of if of > 0 else 0.0


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _count(number: float) -> str:
    return f"{number:.0f}"


def _age(seconds: float) -> str:
    """How long that is, in the largest unit of which there are two."""
    for unit, length in (("days", DAY_S), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
