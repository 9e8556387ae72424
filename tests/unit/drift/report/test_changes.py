"""What a report has to say first."""

from __future__ import annotations

import pytest

from core.drift import Severity
from drift.report.changes import changes_of, is_shown, segment_figures, verdict_of
from tests.drift_reports import (
    all_clear,
    kilometres,
    make_number,
    make_quality,
    make_report,
    make_window,
    temperature,
    too_few,
    weekday,
    worse_quality,
)


def test_the_worst_comes_first_and_of_equals_what_matters_to_the_model() -> None:
    names = [change.finding.column for change in changes_of(make_report())]
    assert names == ["seats", "distance", "wind_direction", "earlier_delay", "plan", "score"]


def test_a_column_is_told_once_by_its_longest_window() -> None:
    days = {change.finding.column: change.window.days for change in changes_of(make_report())}
    assert days["distance"] == 7


def test_a_column_is_told_by_the_window_in_which_it_is_worst() -> None:
    week = make_window([make_number("distance", severity=Severity.WARNING)])
    day = make_window([kilometres()], days=1)
    (change,) = changes_of(make_report(windows=(week, day)))
    assert change.window.days == 1


def test_two_models_have_a_change_each() -> None:
    windows = tuple(make_window([kilometres()], tag=tag) for tag in ("model-v1.0.0", "model-v2.0.0"))
    assert {change.window.tag for change in changes_of(make_report(windows=windows))} == {
        "model-v1.0.0",
        "model-v2.0.0",
    }


def test_what_is_calm_is_no_change() -> None:
    assert changes_of(all_clear()) == ()


def test_only_what_is_worth_a_look_is_drawn() -> None:
    assert is_shown(temperature())
    assert is_shown(kilometres())
    assert not is_shown(weekday())
    assert not is_shown(too_few())


@pytest.mark.parametrize(
    ("quality", "words"),
    [
        ((), "they do not say so yet"),
        ((make_quality(labels=0),), "they do not say so yet"),
        ((make_quality(severity=Severity.INSUFFICIENT_DATA),), "they do not say so yet"),
        ((make_quality(severity=Severity.ERROR),), "they do not say so yet"),
        ((make_quality(),), "as good as on its holdout"),
        ((make_quality(), make_quality(severity=Severity.WARNING)), "may be worse"),
        ((make_quality(), worse_quality()), "the model is worse"),
    ],
)
def test_only_outcomes_say_how_good_the_model_is(quality: tuple[object, ...], words: str) -> None:
    assert words in verdict_of(quality)  # type: ignore[arg-type]


def test_segments_are_told_by_the_figures_they_have() -> None:
    assert segment_figures(worse_quality()) == ["auc"]
    assert segment_figures(make_quality(segments=())) == []
