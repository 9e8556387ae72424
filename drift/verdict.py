"""Judges what a window says of each column, and remembers the windows before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.contract import DriftRole
from core.drift import Point, Rule, Severity
from core.reference import WEEK
from drift.evidence import SCORE, Difference, Evidence
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
    """Which differences are no chance; what is not judged takes no part."""
    tests = [
        (index, name, test.p_value)
        for index, each in enumerate(evidence)
        for name, test in (("values", _compared(each, thresholds)), ("gap", _gap(each, thresholds)))
        if test is not None
    ]
    stands = benjamini_hochberg([p_value for _, _, p_value in tests], thresholds.false_discovery_rate)
    standing = {(index, name) for (index, name, _), stood in zip(tests, stands, strict=True) if stood}
    return [
        _Significant(values=(index, "values") in standing, gap=(index, "gap") in standing)
        for index in range(len(evidence))
    ]


def _compared(evidence: Evidence, thresholds: Thresholds) -> Difference | None:
    """What is tested of the values: nothing of a calendar, and of a season what the last weeks say, where they do."""
    is_judged = evidence.role is not DriftRole.CALENDAR and evidence.present >= thresholds.few_rows
    return (evidence.recent or evidence.values) if is_judged and evidence.values is not None else None


def _gap(evidence: Evidence, thresholds: Thresholds) -> Difference | None:
    """What is tested of the share of missing values: nothing of a column that no row has."""
    return None if evidence.is_absent or evidence.rows < thresholds.few_rows else evidence.gap


def _judge_column(
    evidence: Evidence, thresholds: Thresholds, significant: _Significant, *, drops_columns: bool
) -> Judgement:
    if evidence.is_absent and (drops_columns or evidence.kind == SCORE):
        # Rows of a file may come without the model's answers.
        return Judgement(evidence=evidence, severity=Severity.INSUFFICIENT_DATA, rule=Rule.ABSENT)
    found = [
        *_schema(evidence, thresholds),
        *_missing(evidence, thresholds, is_significant=significant.gap),
        *_unseen(evidence, thresholds),
        *_values(evidence, thresholds, is_significant=significant.values),
    ]
    if not found:
        severity = Severity.OK if _is_enough(evidence, thresholds) else Severity.INSUFFICIENT_DATA
        return Judgement(evidence=evidence, severity=severity, rule=None)
    severity, rule = max(found, key=lambda each: (each[0].rank, -_ORDER.index(each[1])))
    return Judgement(evidence=evidence, severity=severity, rule=rule)


def _is_enough(evidence: Evidence, thresholds: Thresholds) -> bool:
    """Whether finding nothing means something: there were rows enough, and a reference to compare them with."""
    known = evidence.rows if evidence.is_redacted else evidence.present
    return known >= thresholds.few_rows and (evidence.values is not None or evidence.gap is not None)


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
    # A rare value may be in no row by chance; a score is in every row.
    if not evidence.present and (is_significant or evidence.kind == SCORE):
        yield Severity.CRITICAL, Rule.MISSING
    gap = _gap(evidence, thresholds)
    if gap is not None and is_significant and _is_large(gap, evidence.rows, thresholds):
        is_more = evidence.missing > evidence.reference_missing
        # That more is known than was is no fault; where a made-up value stands for none, the values tell.
        yield (_graded(gap.effect, gap.threshold, thresholds) if is_more else Severity.INFO), Rule.MISSING


def _unseen(evidence: Evidence, thresholds: Thresholds) -> Iterator[_Found]:
    unseen = evidence.unseen
    if (
        unseen is not None
        and round(unseen.effect * evidence.present) >= thresholds.rule_rows
        and unseen.effect >= unseen.threshold
        and unseen.p_value <= thresholds.unseen_level
    ):
        yield _graded(unseen.effect, unseen.threshold, thresholds), Rule.UNSEEN


def _values(evidence: Evidence, thresholds: Thresholds, *, is_significant: bool) -> Iterator[_Found]:
    compared, values = _compared(evidence, thresholds), evidence.values
    if compared is None or values is None:
        return
    # Another unit is told by training alone, as the last weeks may have been as wrong.
    is_far = values.p_value <= thresholds.false_discovery_rate and _is_large(values, evidence.present, thresholds)
    if evidence.unit_hint is not None and is_far:
        yield Severity.ALERT, Rule.UNIT
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
    has_moved = evidence.mean_threshold is not None and _shift(evidence) >= evidence.mean_threshold
    if has_moved and _tells(compared, evidence.present, thresholds):
        yield Severity.ALERT, Rule.MEAN


def _shift(evidence: Evidence) -> float:
    if evidence.mean is None or evidence.reference_mean is None:
        return 0.0
    return abs(evidence.mean - evidence.reference_mean)


def _is_large(difference: Difference, rows: int, thresholds: Thresholds) -> bool:
    """Whether a difference is larger than usual, and large enough for so few rows."""
    return difference.effect >= difference.threshold and _tells(difference, rows, thresholds)


def _tells(difference: Difference, rows: int, thresholds: Thresholds) -> bool:
    """Whether so few rows can tell of a difference."""
    return rows >= thresholds.min_rows or difference.effect >= thresholds.few_effect


def _graded(effect: float, threshold: float, thresholds: Thresholds) -> Severity:
    return Severity.ALERT if effect >= thresholds.alert_ratio * threshold else Severity.WARNING


def _remember(judgement: Judgement, before: Sequence[Point]) -> Judgement:
    """A warning that is not the first is an alert; but not what a season's values say."""
    is_seasonal = judgement.evidence.role is DriftRole.SEASONAL
    if judgement.severity is not Severity.WARNING or (is_seasonal and judgement.rule is Rule.VALUES):
        return judgement
    if not _was_noted(before[-MEMORY:], is_seasonal=is_seasonal):
        return judgement
    return Judgement(evidence=judgement.evidence, severity=Severity.ALERT, rule=judgement.rule, is_lasting=True)


def _was_noted(points: Iterable[Point], *, is_seasonal: bool) -> bool:
    return any(point.severity in _NOTED and not (is_seasonal and point.rule is Rule.VALUES) for point in points)
