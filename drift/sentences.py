"""What was found of a column, for somebody who knows no statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.contract import DriftRole
from core.drift import Rule, Severity
from drift.evidence import CATEGORICAL, SCORE, Evidence
from drift.verdict import Judgement

_LASTING: Final = " It was so in an earlier window already."
_NAME_LENGTH: Final = 40


def sentence_of(judgement: Judgement) -> str:
    """One or two sentences; equal findings give equal text."""
    text = _found(judgement)
    return text + _LASTING if judgement.is_lasting else text


def _found(judgement: Judgement) -> str:
    evidence, rule = judgement.evidence, judgement.rule
    if rule is not None:
        if judgement.severity is Severity.INSUFFICIENT_DATA:
            return "The journal does not hold it, so nothing can be said of it."
        return _RULES[rule](evidence)
    if judgement.severity is Severity.INSUFFICIENT_DATA:
        return f"{_rows(evidence.present)} with a value are too few to tell."
    if evidence.is_redacted:
        return "Its values are not written down; as many are missing as is usual."
    if evidence.role is DriftRole.CALENDAR:
        return "It follows the calendar, so its values are not compared."
    return "Nothing beyond what chance makes."


def _absent(_: Evidence) -> str:
    return "No row has it, and the model needs it."


def _type(evidence: Evidence) -> str:
    wanted = "text" if evidence.kind == CATEGORICAL else "a finite number"
    return f"{_percent(evidence.wrong / evidence.rows)} of the values are not {wanted}."


def _range(evidence: Evidence) -> str:
    return f"{_percent(evidence.outside / evidence.rows)} of the rows are outside the range that the model accepts."


def _unit(evidence: Evidence) -> str:
    return f"It {evidence.unit_hint}."


def _missing(evidence: Evidence) -> str:
    if not evidence.present:
        return f"No row has a value; in training {_percent(1 - evidence.reference_missing)} had one."
    now, before = _percent(evidence.missing), _percent(evidence.reference_missing)
    return f"It is missing in {now} of the rows; in training it was missing in {before}."


def _unseen(evidence: Evidence) -> str:
    share = _percent(evidence.unseen.effect) if evidence.unseen else ""
    names = [f"'{_short(name)}'" for name in evidence.unseen_names]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    return f"{share} of the values are categories that the model never saw: {shown}."


def _mean(evidence: Evidence) -> str:
    before, now = _number(evidence.reference_mean), _number(evidence.mean)
    return f"The model's answers are {_direction(evidence)} than they were: {now} on average, {before} before."


def _values(evidence: Evidence) -> str:
    compared = evidence.recent if evidence.role is DriftRole.SEASONAL and evidence.recent else evidence.values
    than = "in the last weeks" if compared is evidence.recent and compared is not None else "in training"
    if evidence.kind == CATEGORICAL:
        text = f"The mix of categories is another than {than}"
    elif evidence.kind == SCORE:
        text = f"The model's answers are spread otherwise than {than}"
    else:
        text = f"The values are spread otherwise than {than}"
    if compared is None:
        return f"{text}."
    if compared.effect < compared.threshold:
        return f"{text}, and no more so than is usual from one window to another."
    return f"{text}, {compared.effect / compared.threshold:.1f} times as much as is usual."


_RULES: Final[Mapping[Rule, Callable[[Evidence], str]]] = {
    Rule.ABSENT: _absent,
    Rule.TYPE: _type,
    Rule.RANGE: _range,
    Rule.UNIT: _unit,
    Rule.MISSING: _missing,
    Rule.UNSEEN: _unseen,
    Rule.MEAN: _mean,
    Rule.VALUES: _values,
}


def _direction(evidence: Evidence) -> str:
    return "higher" if (evidence.mean or 0) > (evidence.reference_mean or 0) else "lower"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.2g} %" if percent < 1 else f"{percent:.3g} %"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
