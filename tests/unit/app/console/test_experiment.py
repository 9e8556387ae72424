"""How an experiment is shown on the console."""

from __future__ import annotations

from datetime import timedelta

from app.console.experiment import experiment_of
from app.console.words import NONE
from core.experiment import Decision, Reading
from tests.experiments import BEGAN, make_experiment

NOW = BEGAN + timedelta(days=40, hours=1)


def reading(day: int, low: float | None, value: float | None, high: float | None, word: str = "running") -> Reading:
    return Reading(at=BEGAN + timedelta(days=day), word=word, low=low, value=value, high=high)


def test_one_that_was_not_read_off_says_who_answers_whom() -> None:
    found = experiment_of(make_experiment(0.25), NOW)
    said = "model-v1.1.0 answers 25 % of the subjects beside model-v1.0.0, since 2026-11-01 06:00 UTC (40 d ago)."
    assert found.summary.replace("\u00a0", " ") == said
    assert found.verdict == "Nothing was read off it yet; scripts/experiment readout does."
    assert (found.plot, found.lines, found.described) == (None, (), "")
    rule = "Judged by brier a row, with 95 % confidence however often one looks; a gain of 0.004 is worth a change."
    assert found.rule.replace("\u00a0", " ") == rule


def test_readings_are_listed_from_the_newest_and_drawn_from_the_oldest() -> None:
    readings = (reading(1, None, None, None), *(reading(day, -0.1 / day, 0.01, 0.1 / day) for day in range(2, 40)))
    found = experiment_of(make_experiment(readings=readings), NOW)
    assert found.verdict.replace("\u00a0", " ") == "Read off 2026-12-10 06:00 UTC (1 d ago): running."
    assert [line.at for line in found.lines[:2]] == ["2026-12-10 06:00 UTC", "2026-12-09 06:00 UTC"]
    assert len(found.lines) == 7
    assert (found.lines[0].gain, found.lines[0].between) == ("0.01", "-0.00256 to 0.00256")
    assert found.plot is not None
    assert len(found.plot.spans) == 30
    assert (found.first, found.last) == ("2026-11-11", "2026-12-10")
    assert found.described == (
        "The challenger's gain in 30 readings: between -0.01 and 0.01 at 2026-11-11 06:00 UTC; 0.01, between -0.00256 "
        "and 0.00256 at 2026-12-10 06:00 UTC."
    )


def test_a_reading_of_which_nothing_is_known_is_listed_only() -> None:
    found = experiment_of(make_experiment(readings=(reading(1, None, None, None),)), NOW)
    assert (found.plot, found.lines[0].gain, found.lines[0].between) == (None, NONE, NONE)


def test_a_single_reading_is_described_by_itself() -> None:
    found = experiment_of(make_experiment(readings=(reading(1, -0.1, 0.0, 0.1),)), NOW)
    assert found.described == "The challenger's gain at 2026-11-02 06:00 UTC: 0, between -0.1 and 0.1."


def test_a_decision_and_an_end_are_told() -> None:
    decided = Decision(at=NOW, word="challenger better", reason="It loses less.")
    found = experiment_of(make_experiment(decided=decided, ended=NOW - timedelta(hours=2)), NOW)
    assert found.verdict.endswith(": challenger better. It loses less.")
    ended = "model-v1.1.0 beside model-v1.0.0 ended 2026-12-11 05:00 UTC (2 h ago); the champion answers all."
    assert found.summary.replace("\u00a0", " ") == ended
