"""What a drift check found, on the console."""

from __future__ import annotations

from datetime import timedelta

from app.console.drift import MOST_COLUMNS, drift_of
from app.console.quality import quality_of
from app.console.words import NONE
from core.drift import Figure
from tests.drift_reports import (
    END,
    all_clear,
    crowded,
    hostile,
    make_quality,
    make_report,
    never_any,
    worse_quality,
)

NOW = END + timedelta(days=1)


def test_a_report_says_how_bad_it_is_when_it_was_made_and_what_to_do() -> None:
    found = drift_of(make_report(), NOW)
    assert (found.badge.mark, found.badge.word, found.badge.tone) == ("✖", "critical", "wrong")
    assert found.headline == "seats is absent from every row, and distance comes in another unit."
    assert found.checked.replace("\u00a0", " ") == "2013-06-10 05:17 UTC (18 h ago)"
    assert len(found.advice) == 3
    assert (found.supply, found.supply_badge.tone) == ("Rows come every day.", "good")


def test_columns_that_ask_for_a_look_come_first_and_have_their_distance() -> None:
    week, day = drift_of(make_report(), NOW).windows
    assert (week.title, week.rows, week.tag) == ("From 2013-06-03, 7 days", "5,993 rows", "model-v1.4.0")
    assert day.title == "From 2013-06-09"
    assert (len(week.striking), len(week.calm), week.omitted) == (6, 7, 0)
    assert week.others == "1 info, 1 too few rows, 5 ok"
    absent, distance, *_ = week.striking
    assert (absent.name, absent.distance, absent.filled, absent.since) == ("seats", NONE, None, "2013-06-10")
    assert (distance.distance, distance.limit, distance.filled, distance.limit_at) == ("0.411", "0.052", 1, 0.3333)
    plan = next(line for line in week.striking if line.name == "plan")
    assert plan.filled == 0.6136
    assert {line.badge.word for line in week.striking} == {"critical", "alert", "error", "warning"}
    assert {line.badge.word for line in week.calm} == {"info", "too few rows", "ok"}


def test_of_very_many_columns_the_worst_are_shown() -> None:
    week, _ = drift_of(crowded(MOST_COLUMNS + 7), NOW).windows
    assert (len(week.striking) + len(week.calm), week.omitted) == (MOST_COLUMNS, 7)


def test_a_report_without_windows_or_trouble_is_shown_too() -> None:
    assert drift_of(never_any(), NOW).windows == ()
    assert drift_of(all_clear(), NOW).windows[0].striking == ()


def test_names_and_sentences_from_outside_are_lines_without_signs_that_act() -> None:
    found = drift_of(hostile(), NOW)
    texts = [found.headline, found.supply, *found.advice]
    texts += [text for window in found.windows for line in window.striking for text in (line.name, line.sentence)]
    assert all(text.isprintable() for text in texts)
    assert max(map(len, texts)) <= 600


def test_quality_is_shown_beside_the_holdout() -> None:
    (found,) = quality_of(make_report(quality=(worse_quality(),)))
    assert (found.title, found.badge.word) == ("model-v1.4.0 from 2013-06-03, 7 days", "critical")
    assert found.known.replace("\u00a0", " ") == "The outcome of 5,310 of 5,993 predictions is known (88.6 %)."
    assert [(line.name, line.value, line.interval, line.baseline, line.worse_by) for line in found.figures] == [
        ("auc", "0.861", "0.846 to 0.875", "0.92", "0.059 worse"),
        ("accuracy", "0.874", "0.864 to 0.884", "0.913", "0.039 worse"),
        ("brier", "0.089", "0.082 to 0.096", "0.062", "0.027 worse"),
        ("log loss", "not defined", NONE, "0.211", NONE),
    ]


def test_what_is_better_or_equal_is_called_so() -> None:
    figures = {
        name: Figure(baseline=0.9, value=0.9, worse_by=worse_by) for name, worse_by in (("auc", 0.0), ("brier", -0.01))
    }
    (found,) = quality_of(make_report(quality=(make_quality(figures=figures),)))
    assert [line.worse_by for line in found.figures] == ["as good", "0.01 better"]
