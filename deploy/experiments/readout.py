"""From what an experiment has seen to one of four words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from core.experiment_policy import ExperimentPolicy
from deploy.experiments.mismatch import Split, p_value
from deploy.experiments.sequential import Bounds, Effect, bounds_of, effect_of
from deploy.experiments.units import Units

# Gains that are looked for, as a share of what the champion loses: a tenth of these are found nearly as soon as with a
# number that fits, and much larger ones are found at once.
_USUAL_GAIN: Final = 0.1
# Subjects that went astray are called so once in so many experiments that lost none.
_MISMATCH_LEVEL: Final = 0.001
# A percentile of fewer rows is chance.
_MIN_TIMED_ROWS: Final = 1_000
_ARMS: Final = {False: "champion", True: "challenger"}


class Word(StrEnum):
    """How an experiment stands."""

    RUNNING = "running"
    CHALLENGER = "challenger better"
    CHAMPION = "champion better or equal"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """
    How long requests of an arm took.

    Attributes:
        rows: How many were timed.
        p99_ms: The 99th percentile, in milliseconds.
    """

    rows: int
    p99_ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """
    What was seen since an experiment began.

    Attributes:
        days: Since then.
        units: Of all rows whose outcome is known.
        splits: Of new subjects, by phase.
        segments: By feature and category the units of its rows.
        latency: Of the champion's arm and of the challenger's.
        challenged: Rows of the challenger's arm, with or without an outcome.
        fallbacks: How many of these the champion had to answer, by reason.
        astray: Requests that were not answered by the arm that they were assigned to, in sentences.
    """

    days: float
    units: Units
    splits: tuple[Split, ...]
    segments: Mapping[tuple[str, str], Units] = field(default_factory=dict)
    latency: tuple[Latency, Latency] | None = None
    challenged: int = 0
    fallbacks: Mapping[str, int] = field(default_factory=dict)
    astray: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Readout:
    """
    What is to be said of an experiment.

    Attributes:
        word: How it stands.
        reasons: Why, in sentences, the weightiest first.
        effect: What the challenger loses less; None as long as nothing is known.
        bounds: Of the true effect.
    """

    word: Word
    reasons: tuple[str, ...]
    effect: Effect | None = None
    bounds: Bounds | None = None


def judge(evidence: Evidence, policy: ExperimentPolicy, *, champion_loss: float) -> Readout:
    """
    Say how an experiment stands.

    Args:
        evidence: What was seen.
        policy: Fixed before it began.
        champion_loss: What the champion loses a row, as known before the experiment began; above 0.
    """
    margin, scale = policy.margin * champion_loss, _USUAL_GAIN * champion_loss
    effect = effect_of(evidence.units)
    bounds = bounds_of(effect, scale, policy.confidence) if effect else None
    broken = [*evidence.astray, *_mismatch(evidence), *_crowding(evidence, policy)]
    if broken:
        return Readout(word=Word.BROKEN, reasons=tuple(broken), effect=effect, bounds=bounds)
    harms = [*_failing(evidence, policy), *_slow(evidence, policy), *_harmed_segments(evidence, policy, scale)]
    if harms:
        return Readout(word=Word.CHAMPION, reasons=tuple(harms), effect=effect, bounds=bounds)
    word, reason = _decided(evidence, policy, effect, bounds, margin)
    return Readout(word=word, reasons=(reason,), effect=effect, bounds=bounds)


def _decided(
    evidence: Evidence, policy: ExperimentPolicy, effect: Effect | None, bounds: Bounds | None, margin: float
) -> tuple[Word, str]:
    missing = list(_missing(evidence.units, policy))
    if effect is None or bounds is None or missing:
        word, reason = Word.RUNNING, "; ".join(missing) or "No outcome of either arm is known yet"
    elif bounds.low > 0:
        word, reason = Word.CHALLENGER, f"It loses less by {effect.value:.4g}, and by {bounds.low:.4g} or more for sure"
    elif bounds.high < margin:
        worth = f"{margin:.4g} would be worth a change"
        word, reason = Word.CHAMPION, f"The challenger gains {bounds.high:.4g} at most; {worth}"
    else:
        word, reason = Word.RUNNING, f"The gain lies between {bounds.low:.4g} and {bounds.high:.4g}"
    if word is Word.RUNNING and evidence.days >= policy.max_days:
        return Word.CHAMPION, f"{policy.max_days} days have not shown that the challenger is better. {reason}."
    return word, f"{reason}."


def _missing(units: Units, policy: ExperimentPolicy) -> Iterator[str]:
    for of_challenger, arm in _ARMS.items():
        rows = int(units.rows[units.is_challenger == of_challenger].sum())
        subjects = units.subjects(of_challenger=of_challenger)
        if rows < policy.min_rows:
            yield f"The {arm} has {rows:,} rows with an outcome of {policy.min_rows:,}"
        elif subjects < policy.min_subjects:
            yield f"The {arm} has {subjects:,} subjects with an outcome of {policy.min_subjects:,}"


def _mismatch(evidence: Evidence) -> Iterator[str]:
    p = p_value(evidence.splits)
    if p < _MISMATCH_LEVEL:
        total = sum(each.champion + each.challenger for each in evidence.splits)
        found = sum(each.challenger for each in evidence.splits)
        wanted = sum((each.champion + each.challenger) * each.share for each in evidence.splits)
        yield (
            f"Of {total:,} subjects {found:,} fell to the challenger, {wanted:,.0f} were expected (p = {p:.1g}): some "
            "are lost on the way, or are counted twice, so that the arms cannot be compared."
        )


def _crowding(evidence: Evidence, policy: ExperimentPolicy) -> Iterator[str]:
    for of_challenger, arm in _ARMS.items():
        rows = int(evidence.units.rows[evidence.units.is_challenger == of_challenger].sum())
        share = evidence.units.largest_share(of_challenger=of_challenger)
        if rows >= policy.min_rows and share > policy.max_subject_share:
            yield (
                f"One subject has {100 * share:.0f} % of the {rows:,} rows of the {arm}, "
                f"{100 * policy.max_subject_share:g} % are allowed: a program that asks over and over, or a name that "
                "stands for many."
            )


def _failing(evidence: Evidence, policy: ExperimentPolicy) -> Iterator[str]:
    failed = sum(evidence.fallbacks.values())
    if evidence.challenged >= policy.min_rows and failed > policy.max_fallback_share * evidence.challenged:
        by_reason = ", ".join(f"{count:,} {reason}" for reason, count in sorted(evidence.fallbacks.items()))
        yield (
            f"The champion had to answer {failed:,} of the challenger's {evidence.challenged:,} rows ({by_reason}); "
            f"{100 * policy.max_fallback_share:g} % are allowed."
        )


def _slow(evidence: Evidence, policy: ExperimentPolicy) -> Iterator[str]:
    if evidence.latency is None or min(each.rows for each in evidence.latency) < _MIN_TIMED_ROWS:
        return
    champion, challenger = evidence.latency
    if challenger.p99_ms > policy.max_latency_ratio * champion.p99_ms:
        yield (
            f"The challenger's 99th percentile of latency is {challenger.p99_ms:.1f} ms, the champion's "
            f"{champion.p99_ms:.1f} ms; {policy.max_latency_ratio:g} times that is allowed."
        )


def _harmed_segments(evidence: Evidence, policy: ExperimentPolicy, scale: float) -> Iterator[str]:
    """Of many segments one is worse by chance; the confidence is shared among them."""
    if not evidence.segments:
        return
    confidence = 1 - (1 - policy.confidence) / len(evidence.segments)
    for (feature, category), units in sorted(evidence.segments.items()):
        effect = effect_of(units)
        if effect is None or list(_missing(units, policy)):
            continue
        high = bounds_of(effect, scale, confidence).high
        if high < 0:
            yield f"Where {feature} is {category!r} the challenger loses more, by {-high:.4g} or more for sure."
