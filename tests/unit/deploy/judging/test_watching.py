"""What speaks against a model that serves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Task
from deploy.judging.comparison import Numbers, Side
from deploy.judging.policy import Policy
from deploy.judging.watching import Figures, Probe, Seen, Tally, is_slow, judge_watch

POLICY = Policy()
GREEN, BLUE = "model-v1.1.0", "model-v1.0.0"
GOOD = Probe(status=200, tag=GREEN, took_ms=3.0)
BAD = Probe(status=502, tag="", took_ms=3.0, problem="answered 502")
NOTHING = np.zeros((0, 1))


def seen(count: int = 0, latency_ms: float = 3.0, scores: Numbers | None = None) -> Seen:
    found = np.linspace(0, 1, count).reshape(-1, 1) if scores is None else scores.reshape(-1, 1)
    return Seen(rows=count, single_ms=np.full(count, latency_ms), scores=found)


def sides(green: Numbers, blue: Numbers) -> tuple[Side, Side]:
    answered, labels = np.ones(len(green), dtype=np.bool_), ("",) * len(green)
    return (
        Side(scores=green.reshape(-1, 1), labels=labels, was_answered=answered),
        Side(scores=blue.reshape(-1, 1), labels=labels, was_answered=answered),
    )


def figures(**changes: Any) -> Figures:
    quiet = Figures(
        green=GREEN,
        blue=BLUE,
        task=Task.BINARY,
        has_settled=True,
        probes=(GOOD,),
        tally=Tally(requests=1000),
        tally_before=Tally(requests=1000),
        after=seen(),
        before=seen(),
        same_rows=None,
        was_slow=False,
    )
    return replace(quiet, **changes)


def breaches(**changes: Any) -> list[str]:
    return [each.name for each in judge_watch(figures(**changes), POLICY).breaches]


def test_a_quiet_service_is_let_pass_and_that_is_said() -> None:
    verdict = judge_watch(figures(after=seen(12)), POLICY)
    said = {each.name: each.found for each in verdict.evidence}
    assert verdict.problem == ""
    assert said["scores"] == "12 rows came, blue had 0; judged by the replay before the switch"
    assert said["latency"].startswith("12 requests for one row came, blue had 0")


@pytest.mark.parametrize(
    ("probes", "is_breach"),
    [
        ([GOOD], False),
        ([BAD, BAD], False),
        ([BAD, BAD, GOOD], False),
        ([GOOD, BAD, BAD, BAD], True),
        ([Probe(status=0, tag="", took_ms=0)] * 3, True),
        ([Probe(status=404, tag="", took_ms=0)] * 3, True),
        ([Probe(status=429, tag="", took_ms=0)] * 9, False),
    ],
)
def test_three_failures_in_a_row_are_a_crash(probes: list[Probe], is_breach: bool) -> None:  # a table
    assert breaches(probes=tuple(probes)) == ["probes"] * is_breach


@pytest.mark.parametrize(
    ("tag", "has_settled", "is_breach"),
    [
        (GREEN, True, False),
        (BLUE, False, False),
        (BLUE, True, True),
        ("model-v1.0.9", False, True),
    ],
)
def test_blue_may_answer_until_it_has_settled_and_another_never(
    tag: str,
    has_settled: bool,  # a table
    is_breach: bool,  # a table
) -> None:
    probe = Probe(status=200, tag=tag, took_ms=1)
    assert breaches(probes=(probe,), has_settled=has_settled) == ["tag"] * is_breach


@pytest.mark.parametrize(
    ("tally", "before", "is_breach"),
    [
        (Tally(requests=4, errors=4), Tally(), False),
        (Tally(requests=5, errors=5), Tally(), True),
        (Tally(requests=1000, errors=10), Tally(requests=1000), False),
        (Tally(requests=1000, errors=30), Tally(requests=1000), True),
        (Tally(requests=1000, errors=30), Tally(requests=1000, errors=30), False),
        (Tally(requests=1000, errors=30), Tally(requests=3), True),
        (Tally(), Tally(), False),
    ],
)
def test_errors_count_beyond_one_in_a_hundred_and_beyond_blues(
    tally: Tally,
    before: Tally,
    is_breach: bool,  # a table
) -> None:
    assert breaches(tally=tally, tally_before=before) == ["errors"] * is_breach


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_an_interval_holds_the_share_and_stays_within_bounds(counts: tuple[int, int]) -> None:
    requests, errors = counts
    low, high = Tally(requests=requests, errors=errors).bounds
    assert 0 <= low <= errors / requests + 1e-12
    assert errors / requests - 1e-12 <= high <= 1


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    assert Tally(requests=100, errors=10).bounds == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_a_slow_model_is_one_that_is_slow_twice() -> None:
    slow: dict[str, Any] = {"after": seen(50, 30.0), "before": seen(50, 3.0)}
    assert is_slow(figures(**slow), POLICY)
    assert breaches(**slow) == []
    assert breaches(**slow, was_slow=True) == ["median latency", "p95 latency"]
    assert not is_slow(figures(after=seen(49, 30.0), before=seen(50, 3.0)), POLICY)
    assert not is_slow(figures(after=seen(50, 16.0), before=seen(50, 3.0)), POLICY)


def test_scores_are_held_against_what_blue_would_have_said_of_the_same_rows() -> None:
    scores = np.linspace(0.05, 0.95, 240) ** 2
    assert breaches(same_rows=sides(scores, scores)) == []
    assert breaches(same_rows=sides(1 - scores, scores)) == ["score distribution", "mean score"]
    assert breaches(same_rows=sides(1 - scores[:199], scores[:199])) == []


def test_scores_of_another_contract_are_no_measure() -> None:
    low, high = np.linspace(0, 0.1, 300), np.linspace(0.9, 1, 300)
    seconds: dict[str, Any] = {"after": seen(300, scores=high), "before": seen(300, scores=low)}
    assert breaches(**seconds) == ["score distribution"]
    assert breaches(**seconds, blue="model-v0.9.0") == []


def test_an_hour_that_differs_is_no_bad_model() -> None:
    calm, storm = np.linspace(0, 0.6, 300), np.linspace(0.3, 1, 300)
    assert breaches(after=seen(300, scores=storm), before=seen(300, scores=calm)) == []
    assert breaches(after=seen(300, scores=calm + 0.6), before=seen(300, scores=calm)) == ["score distribution"]
    assert breaches(after=seen(199, scores=calm[:199] + 9), before=seen(300, scores=calm)) == []


def test_what_could_not_be_read_is_said() -> None:
    quiet = judge_watch(figures(), POLICY).evidence[0]
    note = replace(quiet, name="journal", found="could not be read")
    assert note in judge_watch(figures(notes=(note,)), POLICY).evidence
