"""Figures for people; needs none of the libraries that make them."""

from __future__ import annotations

from core.manifest import Metric


def metric_text(metric: Metric, *, with_interval: bool = True) -> str:
    """A figure for people."""
    if metric.value is None:
        return "not defined"
    if not with_interval:
        return _short(metric.value)
    if metric.low is None or metric.high is None:
        return f"{_short(metric.value)} (too few days for an interval)"
    return f"{_short(metric.value)} ({_short(metric.low)} to {_short(metric.high)})"


def _short(value: float) -> str:
    return f"{value:.3g}" if 0 < abs(value) < 0.001 else f"{value:,.4f}"
