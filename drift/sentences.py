"""What was found of a column, for somebody who knows no statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.contract import DriftRole
from core.drift import Rule, Severity
from core.reference import DISAGREEMENT
from drift.evidence import CATEGORICAL, SCORE, Difference, Evidence
from drift.phrases import numbers, percent
from drift.verdict import Judgement

_LASTING: Final = " It was worth a warning in one of the two windows before, too."
_FEW: Final = " There are too few values to rely on that."
_AGREE_LESS: Final = " On average they agree less than in training."
_UNLIKE: Final = " Rows are unlike those of training."
_NAME_LENGTH: Final = 40


def sentence_of(judgement: Judgement) -> str:
    """One or two sentences; equal findings give equal text."""
    text = _found(judgement)
    return text + _LASTING if judgement.is_lasting else text


def _found(judgement: Judgement) -> str:
    evidence, rule = judgement.evidence, judgement.rule
    if rule is not None:
        if judgement.severity is Severity.INSUFFICIENT_DATA:
            return "The rows do not hold it, so nothing can be said of it."
        text = _RULES[rule](evidence)
        return text + _FEW if _is_held_back(judgement) else text
    if judgement.severity is Severity.INSUFFICIENT_DATA:
        return _untold(evidence)
    if evidence.is_redacted:
        return "Its values are not written down; as many are missing as is usual."
    if evidence.role is DriftRole.CALENDAR:
        return "It follows the calendar, so its values are not compared."
    return "Nothing beyond what chance makes."


def _untold(evidence: Evidence) -> str:
    if evidence.rows and evidence.values is None and evidence.gap is None:
        return "Training has no value of it to compare with."
    known = evidence.rows if evidence.is_redacted else evidence.present
    counted = "row" if evidence.is_redacted else "row with a value"
    if known == 1:
        return f"Only 1 {counted} is too few to tell."
    return f"{known:,} {counted.replace('row', 'rows')} are too few to tell." if known else f"No {counted} came."


def _absent(_: Evidence) -> str:
    return "No row has it, and the model needs it."


def _type(evidence: Evidence) -> str:
    wanted = "text" if evidence.kind == CATEGORICAL else "a finite number"
    return f"In {percent(evidence.wrong / evidence.rows)} of the rows its value is not {wanted}."


def _range(evidence: Evidence) -> str:
    return f"In {percent(evidence.outside / evidence.rows)} of the rows it is outside the range that the model accepts."


def _unit(evidence: Evidence) -> str:
    return f"It {evidence.unit_hint}."


def _missing(evidence: Evidence) -> str:
    if not evidence.present and evidence.wrong:
        return f"No row has a value that the model can take. {_type(evidence)}"
    if not evidence.present:
        return f"No row has a value; in training {percent(1 - evidence.reference_missing)} had one."
    now, before = percent(evidence.missing), percent(evidence.reference_missing)
    return f"It is missing in {now} of the rows; in training it was missing in {before}."


def _unseen(evidence: Evidence) -> str:
    share = percent(evidence.unseen.effect) if evidence.unseen else ""
    names = [f"'{_short(name)}'" for name in evidence.unseen_names]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    return f"{share} of the values are categories that the model never saw: {shown}."


def _mean(evidence: Evidence) -> str:
    before, now = evidence.reference_mean, evidence.mean
    if before is None or now is None or before == now:
        return "The model's answers are others than in training."
    told_before, told_now = numbers([before, now])
    if _is_disagreement(evidence):
        way = "less" if now > before else "more"
        text = f"The members agree {way} than in training: they lie {told_now} apart on average, {told_before} then."
        return text + _UNLIKE if now > before else text
    way = "higher" if now > before else "lower"
    return f"The model's answers are {way} than in training: {told_now} on average, {told_before} then."


def _values(evidence: Evidence) -> str:
    is_seasonal, compared = evidence.role is DriftRole.SEASONAL, _compared(evidence)
    what = {
        CATEGORICAL: "The mix of categories is different from",
        SCORE: "The model's answers are spread differently from",
    }.get(evidence.kind, "The values are spread differently from")
    if _is_disagreement(evidence):
        what = "How far the members lie apart is spread differently from"
    if is_seasonal and evidence.recent is None:
        return f"{what} training, which the season may explain; there are too few weeks yet to compare with."
    text = f"{what} {'the last weeks' if is_seasonal else 'training'}"
    text = f"{text}{_degree(compared)}." if compared else f"{text}."
    return text + _AGREE_LESS + _UNLIKE if _agree_less(evidence) else text


def _is_disagreement(evidence: Evidence) -> bool:
    return evidence.kind == SCORE and evidence.column == DISAGREEMENT


def _agree_less(evidence: Evidence) -> bool:
    """Whether members disagree by more than is usual, and on the whole."""
    before, now, values = evidence.reference_mean, evidence.mean, evidence.values
    if not _is_disagreement(evidence) or before is None or now is None or values is None:
        return False
    return now > before and values.effect >= values.threshold


def _compared(evidence: Evidence) -> Difference | None:
    return evidence.recent if evidence.role is DriftRole.SEASONAL else evidence.values


def _is_held_back(judgement: Judgement) -> bool:
    """Whether the values differ by more than is usual, and are too few for a warning."""
    compared = _compared(judgement.evidence)
    is_told = judgement.rule is Rule.VALUES and judgement.severity is Severity.INFO
    return is_told and compared is not None and compared.effect >= compared.threshold


def _degree(compared: Difference) -> str:
    times = f"{compared.effect / compared.threshold:.1f} times"
    if compared.effect < compared.threshold:
        usual = "is usual from one window to another" if compared.is_calibrated else "is let pass by default"
        return f", but no more than {usual}"
    if compared.is_calibrated:
        return f", {times} as much as is usual"
    return f", {times} as much as is let pass by default (what is usual is not known)"


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


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
