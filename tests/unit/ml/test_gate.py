"""The gate's answers to single questions, and how often it errs over many simulated comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from core.manifest import Metric
from ml.gate import Coverage, Evidence, Finding, GatePolicy, Latency, Verdict, decide

POLICY = GatePolicy(
    segments=("plan",),
    min_segment_rows=500,
    confidence=0.975,
    stale_after_days=90,
    stale_margin=0.01,
    max_calibration_error=0.05,
    max_latency_ratio=3.0,
)
DAYS, ROWS_A_DAY, SEGMENTS = 90, 100, 5
AS_FAST = Latency(challenger_ms=10.0, champion_ms=10.0)


def _evidence(
    difference: float | NDArray[np.float64] = -0.05,
    *,
    rows: int = 4000,
    segments: Mapping[str, NDArray[np.bool_]] | None = None,
    champion: str = "model-v1.0.0",
    calibration_error: float | None = 0.01,
    latency: Latency | None = AS_FAST,
    champion_age_days: float | None = 10.0,
    calibration_chance: float = 0.0,
    remarks: tuple[Finding, ...] = (),
    days: int = 40,
) -> Evidence:
    """A champion that loses 0.5 a row on average, and a challenger that loses so much more, with little noise."""
    random = np.random.default_rng(0)
    loss = random.gamma(4, 0.125, rows)
    return Evidence(
        champion=champion,
        champion_loss=loss,
        challenger_loss=loss + difference + random.normal(0, 0.1, rows),
        blocks=np.arange(rows) * days // rows,
        segments=segments or {},
        calibration_error=calibration_error,
        calibration_chance=calibration_chance,
        remarks=remarks,
        latency=latency,
        champion_age_days=champion_age_days,
    )


def _texts(verdict: Verdict, *, passed: bool) -> str:
    return "; ".join(finding.text for finding in verdict.findings if finding.passed is passed)


def test_a_better_challenger_is_accepted() -> None:
    verdict = decide(_evidence(), POLICY, seed=0)
    assert verdict.is_accepted
    assert verdict.champion == "model-v1.0.0"


def test_a_worse_challenger_is_refused() -> None:
    assert not decide(_evidence(0.05), POLICY, seed=0).is_accepted


def test_the_finding_names_the_change_the_champion_and_the_bound() -> None:
    finding = decide(_evidence(champion="the base rate"), POLICY, seed=0).findings[0]
    assert finding.text.startswith("loss -9.")
    assert "% against the base rate (upper bound -8." in finding.text
    assert finding.text.endswith("; it must be below zero")


@pytest.mark.parametrize("age", [None, 10.0])
def test_models_that_score_alike_are_a_tie_that_keeps_the_champion(age: float | None) -> None:
    evidence = _evidence(champion_age_days=age)
    assert not decide(replace(evidence, challenger_loss=evidence.champion_loss), POLICY, seed=0).is_accepted


def test_two_perfect_models_are_a_tie_too() -> None:
    perfect = np.zeros(4000)
    everywhere = {"plan=gold": np.ones(4000, dtype=bool)}
    evidence = replace(_evidence(segments=everywhere), champion_loss=perfect, challenger_loss=perfect)
    verdict = decide(evidence, POLICY, seed=0)
    assert not verdict.is_accepted
    assert verdict.findings[0].text.startswith("loss +0 against model-v1.0.0 (upper bound +0)")


def test_a_challenger_that_errs_where_the_champion_is_perfect_is_refused() -> None:
    everywhere = {"plan=gold": np.ones(4000, dtype=bool)}
    evidence = replace(_evidence(0.05, segments=everywhere), champion_loss=np.zeros(4000))
    assert "significantly worse in plan=gold" in _texts(decide(evidence, POLICY, seed=0), passed=False)


@pytest.mark.parametrize(("age", "is_accepted"), [(89.9, False), (90.0, True), (400.0, True), (None, False)])
def test_a_stale_champion_gives_way_to_its_equal(age: float | None, is_accepted: bool) -> None:
    evidence = _evidence(champion_age_days=age)
    equal = replace(evidence, challenger_loss=evidence.champion_loss)
    assert decide(equal, POLICY, seed=0).is_accepted is is_accepted


def test_a_stale_champion_does_not_give_way_to_a_model_worse_than_the_margin() -> None:
    verdict = decide(_evidence(0.02, champion_age_days=100), POLICY, seed=0)
    assert not verdict.is_accepted
    assert "the champion is 100 days old, so up to +1.00% is allowed" in _texts(verdict, passed=False)


def test_a_segment_that_gets_worse_is_named_with_its_rows() -> None:
    worse = np.arange(4000) % 4 == 0
    evidence = _evidence(np.where(worse, 0.05, -0.1), segments={"plan=gold": worse, "plan=free": ~worse})
    text = _texts(decide(evidence, POLICY, seed=0), passed=False)
    assert text.startswith("significantly worse in plan=gold (+")
    assert text.endswith("% over 1,000 rows)")


def test_every_segment_that_gets_worse_is_named() -> None:
    first, second = np.arange(4000) % 4 == 0, np.arange(4000) % 4 == 1
    evidence = _evidence(np.where(first | second, 0.05, -0.3), segments={"a=1": first, "a=2": second})
    text = _texts(decide(evidence, POLICY, seed=0), passed=False)
    assert "a=1" in text
    assert "a=2" in text


@pytest.mark.parametrize(("rows", "is_judged"), [(499, False), (500, True)])
def test_only_segments_of_enough_rows_are_judged(rows: int, is_judged: bool) -> None:
    # The segment's rows are spread over all of the blocks.
    worse = np.zeros(4000, dtype=bool)
    worse[(np.arange(rows) * 8) % 4000 + np.arange(rows) // 500] = True
    assert worse.sum() == rows
    verdict = decide(_evidence(np.where(worse, 0.1, -0.1), segments={"a=1": worse}), POLICY, seed=0)
    assert verdict.is_accepted is not is_judged


def test_segments_that_hold_are_counted() -> None:
    even = np.arange(4000) % 2 == 0
    verdict = decide(_evidence(segments={"a=1": even, "a=2": ~even}), POLICY, seed=0)
    assert "no segment of 2 is significantly worse" in _texts(verdict, passed=True)


def test_segments_that_were_not_judged_are_counted() -> None:
    even, few = np.arange(4000) % 2 == 0, np.arange(4000) < 499
    verdict = decide(_evidence(segments={"a=1": even, "a=2": few}), POLICY, seed=0)
    text = "no segment of 1 is significantly worse; 1 with too few rows or days were not judged"
    assert text in _texts(verdict, passed=True)


def test_a_millisecond_is_fast_enough_however_fast_the_champion_is() -> None:
    assert decide(_evidence(latency=Latency(challenger_ms=0.9, champion_ms=0.1)), POLICY, seed=0).is_accepted
    assert not decide(_evidence(latency=Latency(challenger_ms=1.1, champion_ms=0.1)), POLICY, seed=0).is_accepted


@pytest.mark.parametrize(("days", "is_enough"), [(1, False), (4, False), (5, True)])
def test_a_handful_of_days_decides_nothing(days: int, is_enough: bool) -> None:
    verdict = decide(_evidence(days=days), POLICY, seed=0)
    assert verdict.is_accepted is is_enough
    assert is_enough or f"over {days} days; at least 5 days are needed" in _texts(verdict, passed=False)


def test_a_segment_of_few_blocks_is_not_judged() -> None:
    four_blocks = np.arange(4000) < 400
    policy = replace(POLICY, min_segment_rows=100)
    evidence = _evidence(np.where(four_blocks, 0.05, -0.1), segments={"a=1": four_blocks})
    assert decide(evidence, policy, seed=0).is_accepted


def test_a_segment_of_some_of_the_blocks_is_judged_by_the_draws_that_hold_it() -> None:
    # One draw in 300 holds none of these five blocks; counting it as no loss would hide a group that is clearly worse.
    five_blocks = np.arange(4000) < 500
    segments = {"a=1": five_blocks} | {f"a={number}": np.arange(4000) % 2 == 0 for number in range(2, 20)}
    evidence = _evidence(np.where(five_blocks, 0.5, -0.5), segments=segments)
    assert "significantly worse in a=1" in _texts(decide(evidence, POLICY, seed=0), passed=False)


@pytest.mark.parametrize(
    ("field", "at_limit", "above", "words"),
    [
        (
            "calibration_error",
            0.05,
            0.0501,
            "calibration error 0.0501, of which 0.0000 is chance; at most 0.05 above chance is allowed",
        ),
        (
            "latency",
            Latency(challenger_ms=30.0, champion_ms=10.0),
            Latency(challenger_ms=30.1, champion_ms=10.0),
            "one row takes more than 3 times the champion's time, or 1 ms",
        ),
    ],
)
def test_a_budget_may_be_spent_but_not_overspent(field: str, at_limit: Any, above: Any, words: str) -> None:
    spent: dict[str, Any] = {field: at_limit}
    overspent: dict[str, Any] = {field: above}
    assert decide(_evidence(**spent), POLICY, seed=0).is_accepted
    assert _texts(decide(_evidence(**overspent), POLICY, seed=0), passed=False) == words


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        (Metric(value=0.9, low=0.88, high=0.92), True),
        (Metric(value=0.97, low=0.96, high=0.98), True),
        (Metric(value=0.84, low=0.82, high=0.86), True),
        (Metric(value=0.82, low=0.80, high=0.84), False),
        (Metric(value=0.7, low=0.5, high=0.9), True),
        (Metric(value=0.8), False),
        (Metric(value=0.86), True),
    ],
    ids=["as promised", "more", "a little less", "less", "less by chance", "few days, less", "few days"],
)
def test_intervals_that_hold_surely_less_than_they_promise_are_refused(found: Metric, passed: bool) -> None:
    evidence = replace(_evidence(calibration_error=None, latency=None), coverage=Coverage(found=found, level=0.9))
    verdict = decide(evidence, POLICY, seed=0)
    assert verdict.is_accepted is passed
    text = verdict.findings[-1].text
    assert text.startswith(f"intervals hold {found.value:.4f}")
    assert text.endswith("of the outcomes, 0.9 is promised; at most 0.05 less is allowed, above chance")


def test_what_was_not_measured_is_not_asked() -> None:
    evidence = _evidence(calibration_error=None, latency=None)
    assert len(decide(evidence, POLICY, seed=0).findings) == 1


def test_equal_evidence_and_seeds_give_equal_verdicts() -> None:
    assert decide(_evidence(-0.001), POLICY, seed=5) == decide(_evidence(-0.001), POLICY, seed=5)


def test_blocks_need_no_numbers_in_a_row() -> None:
    evidence = _evidence()
    assert decide(replace(evidence, blocks=evidence.blocks * 7 + 3), POLICY, seed=0) == decide(evidence, POLICY, seed=0)


def _simulated(seed: int, *, gain: float, worse_segment: float = 0.0, age: float = 10.0) -> Evidence:
    """
    A quarter of a year in which both models share good and bad days.

    The challenger's own luck varies by day too, so that rows of one day are no independent evidence.

    Args:
        gain: Of the challenger's expected loss, as a share of the champion's.
        worse_segment: How much worse it is instead in the first of five segments.
        age: Of the champion, in days.
    """
    random = np.random.default_rng(seed)
    days = np.repeat(np.arange(DAYS), ROWS_A_DAY)
    segment = random.integers(0, SEGMENTS, len(days))
    mean_loss = 0.5 * np.exp(random.normal(-0.02, 0.2, DAYS))[days]
    hardness = random.gamma(1, 1, len(days))
    change = np.where((segment == 0) & (worse_segment > 0), worse_segment, -gain)
    luck = random.normal(0, 0.03, DAYS)[days] + random.normal(0, 0.3, len(days))
    champion_loss = mean_loss * hardness
    return Evidence(
        champion="model-v1.0.0",
        champion_loss=champion_loss,
        challenger_loss=champion_loss * (1 + change) + 0.5 * luck,
        blocks=days,
        segments={f"segment={number}": segment == number for number in range(SEGMENTS)},
        calibration_error=0.01,
        calibration_chance=0.0,
        latency=AS_FAST,
        champion_age_days=age,
    )


def tie_of_a_week(seed: int) -> Evidence:
    """The same in a holdout of seven days."""
    evidence = _simulated(seed, gain=0.0)
    rows = evidence.blocks < 7
    return replace(
        evidence,
        champion_loss=evidence.champion_loss[rows],
        challenger_loss=evidence.challenger_loss[rows],
        blocks=evidence.blocks[rows],
        segments={name: found[rows] for name, found in evidence.segments.items()},
    )


def tie(seed: int) -> Evidence:
    """Equal in expectation, each better on some days."""
    return _simulated(seed, gain=0.0)


def better(seed: int) -> Evidence:
    """A twentieth better everywhere."""
    return _simulated(seed, gain=0.05)


def worse_in_a_segment(seed: int) -> Evidence:
    """A tenth better in four segments of five, a tenth worse in the other."""
    return _simulated(seed, gain=0.1, worse_segment=0.1)


def better_than_stale(seed: int) -> Evidence:
    """Equal in expectation, and the champion is old; the noise is well below the margin."""
    evidence = _simulated(seed, gain=0.0, age=120)
    quiet = 0.2 * (evidence.challenger_loss - evidence.champion_loss)
    return replace(evidence, challenger_loss=evidence.champion_loss + quiet)


def identical(seed: int) -> Evidence:
    """The same scores."""
    evidence = tie(seed)
    return replace(evidence, challenger_loss=evidence.champion_loss)


# How often each may be accepted, and in how many draws that is tried: a decision takes up to a fifth of a second.
SCENARIOS = [
    pytest.param(tie, 0.0, 0.025, 150, marks=pytest.mark.slow),
    pytest.param(tie_of_a_week, 0.0, 0.025, 150),
    pytest.param(better, 0.95, 1.0, 40),
    pytest.param(worse_in_a_segment, 0.0, 0.05, 40),
    pytest.param(better_than_stale, 0.95, 1.0, 40),
    pytest.param(identical, 0.0, 0.0, 10),
]


def acceptances(scenario: Callable[[int], Evidence], draws: int) -> int:
    """How many of so many simulated challengers the gate accepts."""
    return sum(decide(scenario(seed), POLICY, seed=seed).is_accepted for seed in range(draws))


@pytest.mark.parametrize(("scenario", "low", "high", "draws"), SCENARIOS)
def test_the_gate_errs_no_more_often_than_it_promises(
    scenario: Callable[[int], Evidence], low: float, high: float, draws: int, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = acceptances(scenario, draws)
    with capsys.disabled():
        print(f"\n  gate, {scenario.__name__:<20} accepted {accepted:3d} of {draws} ({accepted / draws:6.1%})", end="")  # noqa: T201  # the rates are this test's result
    # One true gate in a thousand would fall outside of these bounds by chance.
    assert binom.ppf(0.001, draws, low) <= accepted <= binom.ppf(0.999, draws, high)


def test_what_chance_alone_explains_of_a_calibration_error_is_not_held_against_a_challenger() -> None:
    error = POLICY.max_calibration_error + 0.02
    assert decide(_evidence(calibration_error=error, calibration_chance=0.03), POLICY, seed=0).is_accepted
    assert not decide(_evidence(calibration_error=error, calibration_chance=0.01), POLICY, seed=0).is_accepted


def test_what_was_found_before_counts_too() -> None:
    remarks = (Finding(passed=True, text="compared on some rows"), Finding(passed=False, text="fitted on these rows"))
    verdict = decide(_evidence(remarks=remarks), POLICY, seed=0)
    assert not verdict.is_accepted
    assert _texts(verdict, passed=False) == "fitted on these rows"
