"""A column's plots, and a figure's, as small SVGs that stand in a page and take its colours."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from rich.cells import chop_cells

from core.drift import Bar, ColumnFinding, Severity
from drift.report.inline import ACCENT, BAND, GRID, INK, LIMIT, MUTED, inline
from drift.report.wording import number, plain, share

# SVG identifiers are random unless told otherwise; equal reports must give equal bytes.
_STYLE: Any = {
    "svg.hashsalt": "slipway", "svg.fonttype": "none", "font.size": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.spines.left": False, "axes.axisbelow": True, "text.parse_math": False,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.edgecolor": GRID,
    "grid.color": GRID, "grid.linewidth": 0.6, "ytick.left": False, "axes.unicode_minus": True,
    "figure.facecolor": "none", "axes.facecolor": "none", "path.simplify": False,
    "xtick.major.size": 0, "ytick.major.size": 0, "xtick.major.pad": 8,
}  # fmt: skip
_DEFAULTS: Final = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}
_WIDTH: Final = 4.6
_MAX_PAIRS, _LABEL_LENGTH = 12, 16
# Inches: the room beside a plot's axes, and about what a sign of a label takes.
_LEFT, _RIGHT, _SIGN = 0.55, 0.28, 0.083
_MARKERS: Final = {
    Severity.OK: "o", Severity.INFO: "o", Severity.INSUFFICIENT_DATA: "o", Severity.WARNING: "^", Severity.ERROR: "X",
    Severity.ALERT: "s", Severity.CRITICAL: "D",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """A value at a time, the value it is held against, what was found, and an interval; each may be unknown."""

    end: datetime
    value: float | None
    limit: float | None
    severity: Severity | None
    low: float | None = None
    high: float | None = None


def distribution(finding: ColumnFinding, key: str) -> str:
    """
    The reference and the window beside each other; empty where there is nothing to draw.

    Args:
        finding: Its bars are drawn: a number's as steps, a category's as pairs.
        key: Makes the identifiers of this plot differ from those of all others on a page.
    """
    if not finding.bars:
        return ""
    draw = _pairs if finding.kind == "categorical" else _steps
    title = f"Distribution of {plain(finding.column)}: reference and window"
    return _svg(lambda: draw(finding.bars), key=key, title=title)


def effect_over_time(finding: ColumnFinding, key: str) -> str:
    """The distance from the reference, window by window, above its normal band; empty for fewer than two windows."""
    levels = [
        Level(end=point.end, value=point.effect, limit=point.threshold, severity=point.severity)
        for point in finding.history
    ]
    if not _is_drawable(levels):
        return ""
    title = f"Distance of {plain(finding.column)} from training over time, and its normal band"
    return _svg(lambda: _timeline(levels, is_band=True), key=key, title=title)


def figure_over_time(name: str, levels: Sequence[Level], key: str) -> str:
    """A figure of quality, window by window, beside the holdout's; empty for fewer than two windows."""
    if not _is_drawable(levels):
        return ""
    return _svg(lambda: _timeline(levels, is_band=False), key=key, title=f"{plain(name)} over time, and the holdout's")


def _is_drawable(levels: Sequence[Level]) -> bool:
    return sum(level.value is not None for level in levels) > 1


def _svg(draw: Callable[[], Figure], *, key: str, title: str) -> str:
    buffer = io.StringIO()
    # Not from the reader's own matplotlibrc, or the bytes would be theirs.
    with mpl.rc_context({**_DEFAULTS, **_STYLE}), warnings.catch_warnings():
        # The reader's browser draws the letters, not matplotlib.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        draw().savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    return inline(buffer.getvalue(), key=key, title=title)


def _axes(height: float, *, left: float = _LEFT, bottom: float = 0.38) -> tuple[Figure, Any]:
    """A plot of some inches, with margins in inches, as measuring the texts would double the time."""
    figure = Figure(figsize=(_WIDTH, height))
    edges = (left / _WIDTH, bottom / height, 1 - (left + _RIGHT) / _WIDTH, 1 - (bottom + 0.1) / height)
    return figure, figure.add_axes(edges)


def _steps(bars: Sequence[Bar]) -> Figure:
    figure, axes = _axes(1.9)
    edges = list(range(len(bars) + 1))
    axes.stairs([bar.reference for bar in bars], edges, fill=True, color=MUTED)
    axes.stairs([bar.window for bar in bars], edges, color=ACCENT, linewidth=1.8)
    axes.grid(axis="y")
    axes.set(xlim=(0, len(bars)), ylim=(0, 1.08 * max(_largest(bars), 0.01)))
    _label_shares(axes.yaxis)
    places = _places(len(bars), max(len(_cut(bar.label)) for bar in bars), edge=0.5)
    axes.set_xticks([place + 0.5 for place in places], [_cut(bars[place].label) for place in places])
    return figure


def _pairs(bars: Sequence[Bar]) -> Figure:
    shown = list(bars[:_MAX_PAIRS])[::-1]
    figure, axes = _axes(0.5 + 0.24 * len(shown), left=1.4)
    places = range(len(shown))
    axes.barh([place + 0.2 for place in places], [bar.reference for bar in shown], height=0.36, color=MUTED)
    axes.barh([place - 0.2 for place in places], [bar.window for bar in shown], height=0.36, color=ACCENT)
    axes.grid(axis="x")
    axes.set(ylim=(-0.6, len(shown) - 0.4), xlim=(0, 1.08 * max(_largest(shown), 0.01)))
    axes.set_yticks(places, [_cut(bar.label) for bar in shown])
    _label_shares(axes.xaxis)
    return figure


def _timeline(levels: Sequence[Level], *, is_band: bool) -> Figure:
    figure, axes = _axes(1.9)
    places = range(len(levels))
    limits = [_or_nan(level.limit) for level in levels]
    if is_band:
        axes.fill_between(places, [0.0] * len(levels), limits, color=BAND, linewidth=0)
    axes.plot(places, limits, color=LIMIT, linewidth=1, linestyle=(0, (4, 2)))
    axes.plot(places, [_or_nan(level.value) for level in levels], color=ACCENT, linewidth=1.6)
    for place, level in enumerate(levels):
        _mark(axes, place, level)
    axes.grid(axis="y")
    axes.set(xlim=(0, len(levels) - 1), ylim=_limits(levels, is_band=is_band))
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    ticks = _places(len(levels), len("30 Sep"), edge=0)
    axes.set_xticks(ticks, [_last_day(levels[place].end) for place in ticks])
    return figure


def _mark(axes: Any, place: int, level: Level) -> None:
    if level.value is None or level.severity is None:
        return
    marker = _MARKERS[level.severity]
    axes.plot([place], [level.value], marker, markersize=3 if marker == "o" else 5, color=ACCENT, clip_on=False)
    if level.low is not None and level.high is not None:
        axes.plot([place, place], [level.low, level.high], color=ACCENT, linewidth=1.6, clip_on=False)


def _last_day(end: datetime) -> str:
    last = end - timedelta(microseconds=1)
    return f"{last.day} {last:%b}"


def _limits(levels: Sequence[Level], *, is_band: bool) -> tuple[float, float]:
    values = [value for level in levels for value in (level.value, level.limit, level.low, level.high)]
    known = [value for value in values if value is not None]
    low, high = (0.0 if is_band else min(known)), max(known)
    room = 0.12 * (high - low) or 0.1 * abs(high) or 0.1
    return (low if is_band else low - room), high + room


def _or_nan(value: float | None) -> float:
    """A gap in a line, which is how matplotlib takes it."""
    return float("nan") if value is None else value


def _largest(bars: Sequence[Bar]) -> float:
    return max(max(bar.reference, bar.window) for bar in bars)


def _label_shares(axis: Any) -> None:
    axis.set_major_locator(mpl.ticker.MaxNLocator(4))
    axis.set_major_formatter(lambda value, _: share(value))


def _cut(label: str) -> str:
    return chop_cells(plain(label, _LABEL_LENGTH), _LABEL_LENGTH)[0] if label.strip() else ""


def _places(count: int, length: int, *, edge: float) -> list[int]:
    """
    Evenly spread places whose labels of that many signs neither touch nor stand out.

    Args:
        count: Of all places.
        length: Of the longest label.
        edge: How far the first and last place are from the edge of the axes, in places.
    """
    step = (_WIDTH - _LEFT - _RIGHT) / max(count - 1 + 2 * edge, 1)
    margin = max(0, math.ceil((length * _SIGN / 2 - _RIGHT) / step - edge))
    apart = math.ceil((length + 1) * _SIGN / step)
    first, last = margin, count - 1 - margin
    if last - first < apart:
        return [count // 2]
    steps = (last - first) // apart
    return sorted({first + round((last - first) * number / steps) for number in range(steps + 1)})
