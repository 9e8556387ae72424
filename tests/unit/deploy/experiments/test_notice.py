"""What an experiment's issue says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from core.experiment import Decision, Reading
from deploy.experiments.mismatch import Split
from deploy.experiments.notice import alert_of, figures, key_of, plot
from deploy.experiments.readout import Evidence, Latency, Readout, Word
from deploy.experiments.units import Units
from tests.experiments import BEGAN, make_experiment

UNITS = Units(
    phase=np.zeros(3, dtype=np.int64),
    subject=np.arange(3),
    is_challenger=np.array([False, True, True]),
    rows=np.array([4.0, 2.0, 0.0]),
    loss=np.array([1.0, 0.4, 0.0]),
)
EVIDENCE = Evidence(
    days=3,
    units=UNITS,
    splits=(Split(share=0.5, champion=1, challenger=2),),
    latency=(Latency(rows=4, p99_ms=2.34), Latency(rows=0, p99_ms=0.0)),
    challenged=3,
    fallbacks={"slow": 1, "failed": 2},
)
RUNNING = Readout(word=Word.RUNNING, reasons=("Nobody knows.",))


def readings(count: int, **changes: Any) -> tuple[Reading, ...]:
    values: dict[str, Any] = {"word": "running", "value": 0.01, "low": -0.02, "high": 0.04}
    return tuple(Reading(at=BEGAN + timedelta(days=day), **(values | changes)) for day in range(count))


def test_the_key_tells_one_experiment_from_the_next_of_the_same_tag() -> None:
    assert key_of(make_experiment()) == "experiment/model-v1.1.0/2026-11-01"


def test_both_arms_stand_side_by_side() -> None:
    assert figures(make_experiment(), EVIDENCE).splitlines() == [
        "| arm | subjects | rows with an outcome | brier a row | latency, p99 | fell back |",
        "| --- | --- | --- | --- | --- | --- |",
        "| model-v1.0.0 | 1 | 4 | 0.2500 | 2.3 ms |  |",
        "| model-v1.1.0 | 2 | 2 | 0.2000 | - | 3 |",
    ]


def test_a_running_experiment_says_so_and_what_judges_it() -> None:
    alert = alert_of(make_experiment(readings=readings(3)), RUNNING, EVIDENCE, acts=True)
    assert alert.title == "model-v1.1.0 against model-v1.0.0: running"
    assert alert.labels == ("experiment",)
    assert alert.body.startswith("**running**. Nobody knows.")
    assert "Nothing is to be done; it is looked at again tomorrow." in alert.body
    assert "a gain of 2% of the champion's 0.2 is worth a change. All of that was fixed on 2026-11-01." in alert.body


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("challenger better", "`python -m deploy up model-v1.1.0`"),
        ("champion better or equal", "`python -m deploy experiment stop`; model-v1.0.0 goes on serving"),
        ("broken", "Find out what went wrong"),
    ],
)
def test_a_decision_stands_whatever_is_read_later(word: str, advice: str) -> None:
    decided = make_experiment(decided=Decision(at=BEGAN, word=word, reason="So it was."))
    alert = alert_of(decided, RUNNING, EVIDENCE, acts=False)
    assert alert.title.endswith(f": {word}")
    assert alert.body.startswith(f"**{word}**, since 2026-11-01. So it was.")
    assert advice in alert.body
    assert "What follows is done by itself." in alert_of(decided, RUNNING, EVIDENCE, acts=True).body


def test_a_plot_has_the_gain_and_its_bounds_by_day() -> None:
    assert plot(readings(3), "brier").splitlines() == [
        "```mermaid",
        "xychart-beta",
        '  title "brier that the challenger gains a row, and its bounds"',
        '  x-axis ["11-01", "11-02", "11-03"]',
        '  y-axis "gain" -0.12 --> 0.12',
        "  line [0.01, 0.01, 0.01]",
        "  line [-0.02, -0.02, -0.02]",
        "  line [0.04, 0.04, 0.04]",
        "```",
    ]


def test_a_plot_of_many_days_has_thirty_with_the_newest() -> None:
    (axis,) = [line for line in plot(readings(200), "brier").splitlines() if "x-axis" in line]
    assert axis.count('"') <= 60
    assert axis.endswith(f'"{BEGAN + timedelta(days=199):%m-%d}"]')


def test_bounds_that_are_far_wider_at_first_do_not_hide_the_rest() -> None:
    wide = readings(1, low=-5.0, high=5.0)
    lines = plot((*wide, *(each for each in readings(4)[1:])), "brier").splitlines()
    assert '  y-axis "gain" -0.12 --> 0.12' in lines
    assert "  line [-0.12, -0.02, -0.02, -0.02]" in lines


@pytest.mark.parametrize("known", [(), readings(1), readings(5, value=None)], ids=["none", "one", "nothing known"])
def test_without_two_days_there_is_no_plot(known: tuple[Reading, ...]) -> None:
    assert plot(known, "brier") == ""
