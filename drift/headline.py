"""The first lines of a report: what is the matter, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core.drift import ColumnFinding, QualityFindings, Rule, Severity, Supply, WindowFindings
from core.reference import DISAGREEMENT
from drift.evidence import SCORE
from drift.phrases import code, explaining

# So many columns are named, and so many sentences say what to do.
_NAMED, _MOST_ADVICE = 3, 6


def headline_of(
    severity: Severity, windows: Sequence[WindowFindings], quality: Sequence[QualityFindings], supply: Supply
) -> str:
    """One sentence, of the worst that was found."""
    worse = [each.tag for each in quality if each.severity is Severity.CRITICAL]
    if worse:
        return f"{worse[0]} does worse than on its holdout."
    needed, changed = _columns(windows, Severity.CRITICAL), _changed(windows, Severity.ALERT, "changed")
    if supply.severity is Severity.ALERT:
        return "No rows come any more."
    if needed:
        return f"What the model needs does not arrive: {_named(needed)}."
    if changed:
        return changed
    if severity is Severity.ERROR:
        return "Not everything could be compared."
    return _uncertain(windows, quality)


def _uncertain(windows: Sequence[WindowFindings], quality: Sequence[QualityFindings]) -> str:
    doubtful = [each.tag for each in quality if each.severity is Severity.WARNING]
    if doubtful:
        return f"{doubtful[0]} may do a little worse than on its holdout."
    changing = _changed(windows, Severity.WARNING, "may be changing")
    if changing:
        return changing
    if not windows:
        return "There is nothing to compare yet: a day is compared when it is over, by UTC."
    if all(each.severity is Severity.INSUFFICIENT_DATA for each in windows):
        return "Too few rows to tell."
    if _columns(windows, Severity.INFO):
        return "Inputs differ from training, but not enough for a warning."
    return "Inputs are as they were in training."


def advice_of(
    windows: Sequence[WindowFindings], quality: Sequence[QualityFindings], supply: Supply, notes: Sequence[str]
) -> tuple[str, ...]:
    """What to do, the most urgent first, in at most six sentences."""
    return tuple(dict.fromkeys(_advice(windows, quality, supply, notes)))[:_MOST_ADVICE]


def _advice(
    windows: Sequence[WindowFindings], quality: Sequence[QualityFindings], supply: Supply, notes: Sequence[str]
) -> Iterator[str]:
    if any(each.severity is Severity.CRITICAL for each in quality):
        yield "Outcomes say that the model does worse: train again (`scripts/train`), or go back (`scripts/rollback`)."
    if supply.severity is Severity.ALERT:
        yield "See that the service is up and asked (`/readyz`), and that its journal is written and shipped."
    elif supply.newest is None:
        yield "Ask the service for predictions, or see that `DRIFT_SOURCE` names where its rows are."
    findings = _alarming(windows)
    for finding in findings[:_NAMED]:
        yield _advice_on(finding)
    if findings:
        yield f"Look closer: `python -m drift {explaining(findings[0].column)}`."
        if all(each.rule in (Rule.VALUES, Rule.MEAN) for each in findings):
            yield "If the change is real and lasts, train on newer rows (`scripts/train`)."
    if notes:
        yield "Read the notes below: they say what else is to be known of the rows."


def _advice_on(finding: ColumnFinding) -> str:
    if finding.kind == SCORE and finding.column == DISAGREEMENT and finding.rule in (Rule.MEAN, Rule.VALUES):
        return "See on which rows the members lie apart: the journal has it of each, as `disagreement`."
    name = code(finding.column)
    return {
        Rule.ABSENT: f"Ask whoever sends {name} why it is gone; the model needs it.",
        Rule.UNIT: f"See in which unit {name} is sent now.",
        Rule.TYPE: f"See what is sent as {name}: values of another kind than the model takes.",
        Rule.RANGE: f"See what is sent as {name}: values outside what the model accepts.",
        Rule.MISSING: f"See why {name} is missing {_direction(finding)} often than in training.",
        Rule.UNSEEN: f"See whether the new values of {name} are right; if they are, train on rows that have them.",
        Rule.MEAN: "See which inputs moved the model's answers; the columns below are sorted by how bad they are.",
    }.get(finding.rule or Rule.VALUES, f"See whether the change of {name} is real or a fault of what sends it.")


def _direction(finding: ColumnFinding) -> str:
    return "less" if (finding.missing or 0.0) < (finding.reference_missing or 0.0) else "more"


def _changed(windows: Sequence[WindowFindings], level: Severity, verb: str) -> str:
    """A sentence on columns, empty without one; the model's answers are named where no input is, which moves them."""
    answers = {each.column for window in windows for each in window.columns if each.kind == SCORE}
    columns = _columns(windows, level)
    inputs = [name for name in columns if name not in answers]
    if inputs:
        return f"Inputs {verb}: {_named(inputs)}."
    if columns == [DISAGREEMENT]:
        return f"The agreement of the model's members {verb}."
    return f"The model's answers {verb}: {_named(columns)}." if columns else ""


def _columns(windows: Iterable[WindowFindings], level: Severity) -> list[str]:
    return list(dict.fromkeys(each.column for window in windows for each in window.columns if each.severity is level))


def _alarming(windows: Iterable[WindowFindings]) -> list[ColumnFinding]:
    """Each column once, where it is worst; the worst first."""
    found: dict[str, ColumnFinding] = {}
    for each in (column for window in windows for column in window.columns if column.severity.is_alarming):
        known = found.get(each.column)
        if known is None or each.severity.rank > known.severity.rank:
            found[each.column] = each
    return sorted(found.values(), key=lambda each: -each.severity.rank)


def _named(columns: Sequence[str]) -> str:
    shown, rest = ", ".join(columns[:_NAMED]), len(columns) - _NAMED
    return shown + (f" and {rest} more" if rest > 0 else "")
