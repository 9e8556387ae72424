"""The first lines of a report: what is the matter, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core.drift import ColumnFinding, QualityFindings, Rule, Severity, Supply, WindowFindings

_NAMED = 3


def headline_of(
    severity: Severity, windows: Sequence[WindowFindings], quality: Sequence[QualityFindings], supply: Supply
) -> str:
    """One sentence, of the worst that was found."""
    worse = [each for each in quality if each.severity is Severity.CRITICAL]
    if worse:
        return f"{worse[0].tag} does worse than on its holdout."
    if supply.severity is Severity.ALERT:
        return "No rows come any more."
    for level, text in (
        (Severity.CRITICAL, "What the model needs does not arrive: {}."),
        (Severity.ALERT, "Inputs changed: {}."),
        (Severity.WARNING, "Inputs may be changing: {}."),
    ):
        columns = _columns(windows, level)
        if columns:
            return text.format(_named(columns))
    return _quiet(severity, windows)


def _quiet(severity: Severity, windows: Sequence[WindowFindings]) -> str:
    if severity is Severity.ERROR:
        return "Some rows could not be compared."
    if not windows:
        return "There is nothing to compare yet."
    if all(each.severity is Severity.INSUFFICIENT_DATA for each in windows):
        return "Too few rows to tell."
    return "Inputs are as they were in training."


def advice_of(
    windows: Sequence[WindowFindings], quality: Sequence[QualityFindings], supply: Supply, notes: Sequence[str]
) -> tuple[str, ...]:
    """What to do, the most urgent first."""
    return tuple(dict.fromkeys(_advice(windows, quality, supply, notes)))


def _advice(
    windows: Sequence[WindowFindings], quality: Sequence[QualityFindings], supply: Supply, notes: Sequence[str]
) -> Iterator[str]:
    if any(each.severity is Severity.CRITICAL for each in quality):
        yield "Outcomes say that the model does worse: train again (`scripts/train`), or go back (`scripts/rollback`)."
    if supply.severity is Severity.ALERT:
        yield "See that the service is up and asked (`/readyz`), and that its journal is written and shipped."
    findings = {each.column: each for each in _alarming(windows)}
    for finding in list(findings.values())[:_NAMED]:
        yield _advice_on(finding)
    if findings:
        name = next(iter(findings))
        yield f"Look closer: `python -m drift explain {_quoted(name)}`."
        if all(each.rule in (Rule.VALUES, Rule.MEAN) for each in findings.values()):
            yield "If the change is real and lasts, train on newer rows (`scripts/train`)."
    if notes:
        yield "Read the notes below: not every row could be used."


def _advice_on(finding: ColumnFinding) -> str:
    name = f"`{finding.column}`"
    return {
        Rule.ABSENT: f"Ask whoever sends {name} why it is gone; the model needs it.",
        Rule.UNIT: f"See in which unit {name} is sent now.",
        Rule.TYPE: f"See what is sent as {name}: values of another kind than the model takes.",
        Rule.RANGE: f"See what is sent as {name}: values outside what the model accepts.",
        Rule.MISSING: f"See why {name} is missing more often, or less.",
        Rule.UNSEEN: f"See whether the new values of {name} are right; if they are, train on rows that have them.",
        Rule.MEAN: "See which inputs moved the model's answers; the columns below are sorted by how bad they are.",
    }.get(finding.rule or Rule.VALUES, f"See whether the change of {name} is real or a fault of what sends it.")


def _columns(windows: Iterable[WindowFindings], level: Severity) -> list[str]:
    return list(dict.fromkeys(each.column for window in windows for each in window.columns if each.severity is level))


def _alarming(windows: Iterable[WindowFindings]) -> list[ColumnFinding]:
    found = [each for window in windows for each in window.columns if each.severity.is_alarming]
    return sorted(found, key=lambda each: -each.severity.rank)


def _named(columns: Sequence[str]) -> str:
    shown, rest = ", ".join(columns[:_NAMED]), len(columns) - _NAMED
    return shown + (f" and {rest} more" if rest > 0 else "")


def _quoted(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f'"{name}"'
