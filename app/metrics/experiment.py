"""Metrics of an experiment: whether one goes on, and what was read off it last."""

from __future__ import annotations

from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric

from core.experiment import Experiment

_PREFIX: Final = "slipway_experiment_"
HELP: Final = {
    "running": "1 while a challenger answers some subjects, else 0.",
    "share": "Of the subjects, that the challenger answers.",
    "gain": "What the challenger loses less a row than the champion, as it was read off last.",
    "gain_low": "Lower bound of the gain.",
    "gain_high": "Upper bound of the gain.",
    "last_readout_timestamp_seconds": "When it was read off last, in seconds since 1970; 0 if it never was.",
}


def gauges_of_experiment(experiment: Experiment | None) -> list[Metric]:
    """What there is to show of the experiment that is kept, or of none."""
    if experiment is None:
        return [_gauge("running", 0), _gauge("share", 0)]
    gauges = [
        _gauge("running", experiment.ended is None),
        _gauge("share", experiment.share),
    ]
    if not experiment.readings:
        return [*gauges, _gauge("last_readout_timestamp_seconds", 0)]
    last = experiment.readings[-1]
    found = {"gain": last.value, "gain_low": last.low, "gain_high": last.high}
    return [
        *gauges,
        _gauge("last_readout_timestamp_seconds", last.at.timestamp()),
        *(_gauge(name, value) for name, value in found.items() if value is not None),
    ]


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}{name}", HELP[name], float(value))
