"""A replay in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.experiment_policy import ExperimentPolicy, Loss
from deploy.replay.comparing import Comparison, Figures, Quality, Shift
from deploy.replay.replaying import Left, Replay
from deploy.replay.saying import as_markdown, as_text, sentences
from tests.experiments import BEGAN, CHALLENGER, CHAMPION

NOTHING = Left(others={}, cut=0, missing=(), odd=0, remembered=0, until=None)


def make_figures(quality: Quality | None = None, **changes: Any) -> Figures:
    values: dict[str, Any] = {"rows": 1200, "alike": 0.912, "correlation": None, "quality": quality}
    return Figures(**(values | {"shift": Shift(mean=-0.0123, largest=0.4, distance=0.081)} | changes))


def make_quality(low: float | None = 0.01, high: float | None = 0.03, **changes: Any) -> Quality:
    values: dict[str, Any] = {"rows": 800, "champion": 0.2, "challenger": 0.18, "groups": 60}
    return Quality(**(values | {"low": low, "high": high} | changes))


def make_replay(figures: Figures | None = None, **changes: Any) -> Replay:
    whole = figures or make_figures()
    values: dict[str, Any] = {
        "champion": CHAMPION,
        "challenger": CHALLENGER,
        "policy": ExperimentPolicy(loss=Loss.BRIER),
        "unit": "",
        "level": None,
        "first": BEGAN,
        "last": BEGAN + timedelta(days=2),
        "left": NOTHING,
        "groups": "subject",
        "comparison": Comparison(whole=whole, segments={}),
    }
    return Replay(**(values | changes))


def test_what_was_compared_is_said_first() -> None:
    assert sentences(make_replay()) == [
        "model-v1.1.0 answered 1,200 rows that model-v1.0.0 answered from 2026-11-01 06:00 to 2026-11-03 06:00 UTC.",
        (
            "It gives 91.2% of them the same label. Its score is -0.0123 away on average and at most 0.4; the two "
            "distributions are 0.081 apart (Kolmogorov's distance, from 0 to 1)."
        ),
        "Which of the two is right more often cannot be said: no outcome of these rows is known.",
    ]


@pytest.mark.parametrize(
    ("found", "end"),
    [
        (make_quality(), "+0.01 to +0.03 (by 60 subjects). The challenger would have done better."),
        (make_quality(-0.03, -0.01), "-0.03 to -0.01 (by 60 subjects). The challenger would have done worse."),
        (make_quality(-0.01, 0.03), "-0.01 to +0.03 (by 60 subjects). That may be chance."),
        (make_quality(None, None), " An interval needs at least 10 subjects, days or hours; this may be chance."),
    ],
)
def test_which_was_right_more_often_is_said_as_far_as_it_is_known(found: Quality, end: str) -> None:
    said = sentences(make_replay(make_figures(found)))[2]
    begin = "On 800 rows with an outcome model-v1.1.0 lost 0.18 a row and model-v1.0.0 0.2 (brier): a gain of +0.02"
    assert said.startswith(begin)
    assert said.endswith(end)


def test_values_are_told_in_their_unit() -> None:
    policy = ExperimentPolicy(loss=Loss.ABSOLUTE_ERROR)
    of_values = make_replay(make_figures(correlation=0.98765), policy=policy, unit="EUR", level=0.9)
    assert sentences(of_values)[1].startswith(
        "91.2% of its values lie within model-v1.0.0's 90% interval; the correlation of the two is 0.988. Its value is "
        "-0.0123 EUR away on average and at most 0.4 EUR;"
    )
    assert "within interval  correlation" in as_text(of_values)
    said = sentences(make_replay(policy=policy))[1]
    assert said.startswith("91.2% of its values lie within 5 % of it; the correlation of the two cannot be said.")


def test_what_was_left_out_is_counted() -> None:
    left = Left(
        others={"model-v0.9.0": 1000, "model-v1.1.0": 7},
        cut=12,
        missing=("city",),
        odd=3,
        remembered=90,
        until=datetime(2026, 11, 2, 8, 30, tzinfo=UTC),
    )
    assert sentences(make_replay(left=left))[3:] == [
        "Left out: 1,007 rows that other tags answered: model-v0.9.0 (1,000), model-v1.1.0 (7).",
        "12 rows cannot be scored, as the journal does not hold city of them (JOURNAL_DROP, JOURNAL_REDACT).",
        "3 rows have a score that is no number.",
        (
            "90 outcomes do not count, as their rows are not from after 2026-11-02 08:30, up to when model-v1.1.0 was "
            "fitted: it may have learnt them."
        ),
    ]


def test_segments_follow_in_a_table_and_what_callers_sent_stays_text() -> None:
    segments = {("city", "Oslo | `x`"): make_figures(), ("city", "Rome"): make_figures(make_quality(None, None))}
    found = make_replay(comparison=Comparison(whole=make_figures(make_quality()), segments=segments))
    whole, oslo, rome = (line.split() for line in as_text(found).splitlines()[-3:])
    shift = ["91.2%", "-0.0123", "0.4", "0.081"]
    assert whole == ["all", "1,200", *shift, "800", "0.2", "0.18", "+0.02", "+0.01", "to", "+0.03"]
    assert oslo == ["city:", "Oslo", "|", "`x`", "1,200", *shift, "0", "-", "-", "-", "-"]
    assert rome == ["city:", "Rome", "1,200", *shift, "800", "0.2", "0.18", "+0.02", "-"]
    page = as_markdown(found)
    assert page.startswith("## Replay: model-v1.1.0 on what model-v1.0.0 answered\n\nmodel-v1.1.0 answered 1,200 rows")
    assert "\n| `city: Oslo \\|  x ` | 1,200 | 91.2% | -0.0123 | 0.4 | 0.081 | 0 |" in page
