"""Judges what a window says of each column, and remembers the windows before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.contract import DriftRole
from core.drift import Point, Rule, Severity
from core.reference import WEEK
from drift.evidence import Difference, Evidence
from drift.statistics import benjamini_hochberg
from drift.thresholds import Thresholds

# A warning now and one in the two windows before: a change that lasts.
MEMORY: Final = 2
# Of two findings that are as severe the first is told.
_ORDER: Final = (
    Rule.ABSENT, Rule.UNIT, Rule.TYPE, Rule.RANGE, Rule.MISSING, Rule.UNSEEN, Rule.MEAN, Rule.VALUES,
)  # fmt: skip
_NOTED: Final = frozenset({Severity.WARNING, Severity.ALERT, Severity.CRITICAL})
_Found = tuple[Severity, Rule]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """
    A column's verdict.

    Attributes:
        evidence: What it rests on.
        severity: The worst that was found.
        rule: By what; None where nothing was.
        is_lasting: Whether it is an alert only because it was a warning before.
    """

    evidence: Evidence
    severity: Severity
    rule: Rule | None
    is_lasting: bool = False


def judge(
    evidence: Sequence[Evidence],
    history: Mapping[str, Sequence[Point]],
    thresholds: Thresholds,
    *,
    length: str,
    drops_columns: bool,
) -> list[Judgement]:
    """
    Judge the columns of a window.

    A difference counts when it is no chance (Benjamini-Hochberg over the window's tests of values and of missing
    values) and larger than usual. It is an alert when it is twice that, or when the column was worth a warning in one
    of the two windows before: so for weeks; a day is an alert by itself or not at all, because days differ.

    Args:
        evidence: Of each column.
        history: By column, the windows before, the oldest first.
        thresholds: What counts as a change.
        length: Of the window, `1d` or `7d`.
        drops_columns: Whether a column may be absent on purpose.
    """
    significant = _significant(evidence, thresholds)
    return [
        _remember(
            _judge_column(each, thresholds, significant[index], drops_columns=drops_columns),
            history.get(each.column, ()) if length == WEEK else (),
        )
        for index, each in enumerate(evidence)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Significant:
    values: bool
    gap: bool


def _significant(evidence: Sequence[Evidence], thresholds: Thresholds) -> list[_Significant]:
    """Which differences are no chance; what is not compared takes no part."""
    tests = [
        (index, name, test.p_value)
        for index, each in enumerate(evidence)
        for name, test in (("values", _compared(each)), ("gap", each.gap))
        if test is not None
    ]
    stands = benjamini_hochberg([p_value for _, _, p_value in tests], thresholds.false_discovery_rate)
    standing = {(index, name) for (index, name, _), stood in zip(tests, stands, strict=True) if stood}
    return [
        _Significant(values=(index, "values") in standing, gap=(index, "gap") in standing)
        for index in range(len(evidence))
    ]


def _compared(evidence: Evidence) -> Difference | None:
    """What is tested of the values: nothing of a calendar, and of a season what the last weeks say, where they do."""
    if evidence.role is DriftRole.CALENDAR:
        return None
    return evidence.recent or evidence.values


def _judge_column(
    evidence: Evidence, thresholds: Thresholds, significant: _Significant, *, drops_columns: bool
) -> Judgement:
    if evidence.is_absent and drops_columns:
        return Judgement(evidence=evidence, severity=Severity.INSUFFICIENT_DATA, rule=Rule.ABSENT)
    found = [
        *_schema(evidence, thresholds),
        *_missing(evidence, thresholds, is_significant=significant.gap),
        *_unseen(evidence, thresholds),
        *_values(evidence, thresholds, is_significant=significant.values),
    ]
    if not found:
        too_few = evidence.present < thresholds.few_rows and not evidence.is_redacted
        severity = Severity.INSUFFICIENT_DATA if too_few else Severity.OK
        return Judgement(evidence=evidence, severity=severity, rule=None)
    severity, rule = max(found, key=lambda each: (each[0].rank, -_ORDER.index(each[1])))
    return Judgement(evidence=evidence, severity=severity, rule=rule)


def _schema(evidence: Evidence, thresholds: Thresholds) -> Iterator[_Found]:
    if evidence.is_absent:
        yield Severity.CRITICAL, Rule.ABSENT
    for rows, rule in ((evidence.wrong, Rule.TYPE), (evidence.outside, Rule.RANGE)):
        share = rows / evidence.rows if evidence.rows else 0.0
        if rows >= thresholds.rule_rows and share >= thresholds.rule_share:
            yield _graded(share, thresholds.rule_share, thresholds), rule


def _missing(evidence: Evidence, thresholds: Thresholds, *, is_significant: bool) -> Iterator[_Found]:
    if evidence.rows < thresholds.few_rows or evidence.is_absent:
        return
    if not evidence.present and evidence.reference_missing < 1:
        yield Severity.CRITICAL, Rule.MISSING
    gap = evidence.gap
    if gap is not None and is_significant and _is_large(gap, evidence.rows, thresholds):
        yield _graded(gap.effect, gap.threshold, thresholds), Rule.MISSING


def _unseen(evidence: Evidence, thresholds: Thresholds) -> Iterator[_Found]:
    unseen = evidence.unseen
    if (
        unseen is not None
        and unseen.effect * evidence.present >= thresholds.rule_rows
        and unseen.effect >= unseen.threshold
        and unseen.p_value <= thresholds.unseen_level
    ):
        yield _graded(unseen.effect, unseen.threshold, thresholds), Rule.UNSEEN


def _values(evidence: Evidence, thresholds: Thresholds, *, is_significant: bool) -> Iterator[_Found]:
    compared, values = _compared(evidence), evidence.values
    if compared is None or values is None or evidence.present < thresholds.few_rows:
        return
    if not is_significant:
        return
    yield Severity.INFO, Rule.VALUES
    is_large = _is_large(compared, evidence.present, thresholds)
    if evidence.role is DriftRole.SEASONAL:
        # What follows the season is no alert by itself; without the last weeks it says nothing at all.
        if is_large and evidence.recent is not None:
            yield Severity.WARNING, Rule.VALUES
    elif is_large:
        yield _graded(values.effect, values.threshold, thresholds), Rule.VALUES
    if evidence.unit_hint is not None and _is_large(values, evidence.present, thresholds):
        yield Severity.ALERT, Rule.UNIT
    if evidence.mean_threshold is not None and _shift(evidence) >= evidence.mean_threshold:
        yield Severity.ALERT, Rule.MEAN


def _shift(evidence: Evidence) -> float:
    if evidence.mean is None or evidence.reference_mean is None:
        return 0.0
    return abs(evidence.mean - evidence.reference_mean)


def _is_large(difference: Difference, rows: int, thresholds: Thresholds) -> bool:
    """Whether a difference is larger than usual, and large enough for so few rows."""
    if rows < thresholds.min_rows and difference.effect < thresholds.few_effect:
        return False
    return difference.effect >= difference.threshold


def _graded(effect: float, threshold: float, thresholds: Thresholds) -> Severity:
    return Severity.ALERT if effect >= thresholds.alert_ratio * threshold else Severity.WARNING


def _remember(judgement: Judgement, before: Sequence[Point]) -> Judgement:
    """A warning that is not the first is an alert; but not what a season's values say."""
    is_seasonal = judgement.evidence.role is DriftRole.SEASONAL and judgement.rule is Rule.VALUES
    if judgement.severity is not Severity.WARNING or is_seasonal or not _was_noted(before[-MEMORY:]):
        return judgement
    return Judgement(evidence=judgement.evidence, severity=Severity.ALERT, rule=judgement.rule, is_lasting=True)


def _was_noted(points: Iterable[Point]) -> bool:
    return any(point.severity in _NOTED for point in points)
