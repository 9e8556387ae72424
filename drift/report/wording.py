"""Findings in words and short numbers, the same on the page, in Markdown and on the terminal."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

from core.drift import Bar, ColumnFinding, Figure, Rule, Severity, WindowFindings

NONE: Final = "\u2013"
NAME_LENGTH: Final = 60
TEXT_LENGTH: Final = 800
_LIKELIHOODS: Final = ((1e-6, "less than one in a million"), (1e-3, "less than one in a thousand"))
# The space must not break a line.
_PER_CENT: Final = "\u00a0%"
QUANTILES: Final = ("5 %", "25 %", "50 %", "75 %", "95 %")


def plain(text: str, length: int = NAME_LENGTH) -> str:
    """Text from outside on one line, without characters that steer a terminal or a reader's eye, and not too long."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def severity(level: Severity) -> str:
    """A severity as a mark and a word, so that neither colour nor mark has to be known."""
    return f"{level.mark} {level.word}"


def number(value: float | None) -> str:
    """A number in at most three digits after its first, without an exponent where it can be."""
    if value is None or not math.isfinite(value):
        return NONE
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def share(value: float | None) -> str:
    """A share in [0, 1] in per cent."""
    if value is None or not math.isfinite(value):
        return NONE
    if 0 < value < 0.001:
        return f"<0.1{_PER_CENT}"
    return f"{100 * value:.3g}{_PER_CENT}" if value < 0.9995 or value >= 1 else f"99.9{_PER_CENT}"


def day(at: datetime | None) -> str:
    """A day, as in 2013-06-03."""
    return NONE if at is None else f"{at:%Y-%m-%d}"


def moment(at: datetime | None) -> str:
    """A minute in UTC."""
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def window_name(window: WindowFindings) -> str:
    """A window by its first day."""
    return _first_day(window.start, window.days)


def _first_day(start: datetime, days: int) -> str:
    if days == 1:
        return f"{start:%Y-%m-%d}"
    return f"week of {start:%Y-%m-%d}" if days == 7 else f"{days} days from {start:%Y-%m-%d}"


def since(finding: ColumnFinding, window: WindowFindings) -> str:
    """The first window of those in which the column was worth a warning, without a break until now."""
    if finding.since is None:
        return NONE
    return _first_day(finding.since - timedelta(days=window.days), window.days)


def how_much(finding: ColumnFinding) -> str:
    """What changed in a column, in its own numbers."""
    if finding.rule in (Rule.ABSENT, Rule.TYPE, Rule.MISSING):
        return f"missing in {share(finding.missing)} of rows, {share(finding.reference_missing)} in training"
    if finding.rule is Rule.UNSEEN and finding.unseen:
        return "new: " + _several([f"{plain(name, 24)} ({_rows(rows)})" for name, rows in new_categories(finding)])
    if finding.quantiles and finding.reference_quantiles:
        unit = f" {plain(finding.unit, 12)}" if finding.unit else ""
        middle = len(finding.quantiles) // 2
        before, now = finding.reference_quantiles[len(finding.reference_quantiles) // 2], finding.quantiles[middle]
        return f"median {number(before)} → {number(now)}{unit}"
    moved = movers(finding.bars, 2)
    if finding.kind == "categorical" and moved:
        return "; ".join(f"{plain(bar.label, 24)} {share(bar.reference)} → {share(bar.window)}" for bar in moved)
    return NONE


def new_categories(finding: ColumnFinding) -> list[tuple[str, int]]:
    """Categories that the reference does not have, with their rows, the most frequent first."""
    return sorted(finding.unseen.items(), key=lambda entry: (-entry[1], entry[0]))


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _several(names: list[str], shown: int = 3) -> str:
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest:,} more" if rest > 0 else "")


def movers(bars: tuple[Bar, ...], count: int) -> list[Bar]:
    """The bars whose share changed most, the most first."""
    changed = [bar for bar in bars if bar.window != bar.reference]
    return sorted(changed, key=lambda bar: -abs(bar.window - bar.reference))[:count]


def beyond(finding: ColumnFinding) -> str:
    """How far the distribution is from the reference, measured by what is normal for it."""
    if finding.effect is None:
        return "not compared" if finding.role == "calendar" else NONE
    if not finding.threshold:
        return number(finding.effect)
    times = finding.effect / finding.threshold
    if times < 1:
        return f"within its normal band ({number(finding.effect)} of {number(finding.threshold)})"
    return f"{times:.1f} times its normal band ({number(finding.effect)}; normal is up to {number(finding.threshold)})"


def distance(finding: ColumnFinding) -> str:
    """What the effect of a column means."""
    if finding.kind == "categorical":
        return "the share of rows that would need another category to look like training"
    return "the largest gap between the shares of rows up to any value, here and in training"


def origin_of_threshold(finding: ColumnFinding) -> str:
    """Where the threshold of a column comes from."""
    if finding.is_calibrated:
        return "from how much windows of the training rows differ from each other"
    return "a default, as the training rows hold too few windows to learn it from"


def chance(p_value: float | None) -> str:
    """How likely so large a distance is by chance, for somebody who knows no statistics."""
    if p_value is None or not math.isfinite(p_value):
        return "not tested"
    for limit, words in _LIKELIHOODS:
        if p_value < limit:
            return f"{words} by chance"
    return f"{number(100 * p_value)} in 100 by chance"


def figure_name(name: str) -> str:
    """A figure of quality as it is written."""
    return {"auc": "AUC", "brier": "Brier score", "log_loss": "log loss", "mae": "MAE", "rmse": "RMSE"}.get(name, name)


def interval(figure: Figure) -> str:
    """A figure with its 95 % interval."""
    if figure.value is None:
        return "not defined here"
    known = figure.low is not None and figure.high is not None
    return exact(figure.value) + (f" ({exact(figure.low)} to {exact(figure.high)})" if known else "")


def exact(value: float | None) -> str:
    """A figure of quality: three decimals below 10, as differences of a hundredth count."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.3f}" if abs(value) < 10 else number(value)
