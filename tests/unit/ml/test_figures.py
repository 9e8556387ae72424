"""Figures as people read them."""

from __future__ import annotations

import pytest

from core.manifest import Metric
from ml.figures import metric_text


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        (Metric(value=None), "not defined"),
        (Metric(value=0.9), "0.9000 (too few days for an interval)"),
        (Metric(value=0.9, low=0.88, high=0.92), "0.9000 (0.8800 to 0.9200)"),
        (Metric(value=0.00012, low=0.0, high=12345.678), "0.00012 (0.0000 to 12,345.6780)"),
    ],
)
def test_a_figure_is_written_for_people(metric: Metric, text: str) -> None:
    assert metric_text(metric) == text
    assert metric_text(metric, with_interval=False) == (
        "not defined" if metric.value is None else text.split(maxsplit=1)[0]
    )
