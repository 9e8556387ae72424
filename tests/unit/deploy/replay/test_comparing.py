"""How far apart two models' answers are, against figures by hand and by scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

from core.contract import Task
from deploy.replay.comparing import compare, correlation, half_width, quality, shift, t_point
from deploy.replay.pairs import Groups, Pairs

RANDOM = np.random.default_rng(8)


def column(*values: float) -> Any:
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def make_pairs(count: int = 40, *, name: str = "subject", groups: int = 20, **changes: Any) -> Pairs:
    """Rows of which the challenger's loss is 0.1 to 0.3 less."""
    champion = np.linspace(0.2, 0.8, count)
    values: dict[str, Any] = {
        "champion": champion.reshape(-1, 1),
        "challenger": champion.reshape(-1, 1) + 0.1,
        "is_alike": np.arange(count) % 4 > 0,
        "champion_loss": np.full(count, 0.5),
        "challenger_loss": np.linspace(0.2, 0.4, count),
        "groups": Groups(name=name, number=np.arange(count) % groups),
        "categories": {"city": np.array(["Oslo", "Rome", "Oslo", ""] * (count // 4))},
    }
    return Pairs(**(values | changes))


def test_a_shift_is_that_of_its_definition() -> None:
    found = shift(column(0.1, 0.2, 0.3, 0.4), column(0.1, 0.1, 0.9, 0.5))
    assert found.mean == pytest.approx(0.15)
    assert found.largest == pytest.approx(0.6)
    # Below 0.2 lie a quarter and a half; from 0.5 on a half and nothing.
    assert found.distance == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(5))
def test_the_distance_is_scipys(seed: int) -> None:
    random = np.random.default_rng(seed)
    old, new = random.normal(size=(300, 1)).round(1), random.normal(0.2, 1.3, size=(300, 1)).round(1)
    expected = scipy.stats.ks_2samp(new[:, 0], old[:, 0]).statistic
    assert shift(old, new).distance == pytest.approx(expected, abs=1e-12)


def test_of_several_classes_the_worst_counts() -> None:
    old = np.array([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1]])
    found = shift(old, old + np.array([0.02, -0.05, 0.03]))
    assert found.mean == pytest.approx(-0.05)
    assert found.largest == pytest.approx(0.05)
    assert found.distance == 1


def test_what_is_the_same_is_not_apart() -> None:
    scores = RANDOM.random((50, 3))
    found = shift(scores, scores)
    assert (found.mean, found.largest, found.distance) == (0, 0, 0)


def test_a_correlation_is_scipys_and_there_is_none_of_equal_values() -> None:
    old = RANDOM.normal(size=100)
    new = old + RANDOM.normal(size=100)
    assert correlation(old, new) == pytest.approx(scipy.stats.pearsonr(old, new).statistic)
    assert correlation(old, np.ones(100)) is None


@pytest.mark.parametrize("degrees", [9, 10, 19, 60, 400, 10_000])
def test_a_point_of_students_t_is_scipys(degrees: int) -> None:
    assert t_point(degrees) == pytest.approx(scipy.stats.t.ppf(0.975, degrees), abs=1e-3)


def test_an_interval_of_rows_by_themselves_is_that_of_a_t_test() -> None:
    values = RANDOM.normal(size=80)
    low, high = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert half_width(values, np.arange(80)) == pytest.approx((high - low) / 2, rel=1e-4)


def test_rows_that_repeat_each_other_tell_no_more_than_one_of_them() -> None:
    values = RANDOM.normal(size=30)
    once = half_width(values, np.arange(30))
    assert half_width(np.repeat(values, 7), np.repeat(np.arange(30), 7)) == pytest.approx(once)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = 0
    for _ in range(1000):
        number = np.repeat(np.arange(15), 6)
        values = RANDOM.normal(size=15)[number] + RANDOM.normal(size=90)
        held += abs(values.mean()) <= half_width(values, number)
    # Three standard errors around 950.
    assert 929 <= held <= 971


def test_what_was_lost_is_compared_on_rows_with_outcomes_only() -> None:
    champion_loss = np.where(np.arange(40) < 30, 0.5, np.nan)
    challenger_loss = np.where(np.arange(40) < 30, 0.3, np.nan)
    found = quality(make_pairs(champion_loss=champion_loss, challenger_loss=challenger_loss))
    assert found is not None
    assert (found.rows, found.groups) == (30, 20)
    assert (found.champion, found.challenger, found.gain) == pytest.approx((0.5, 0.3, 0.2))
    assert (found.low, found.high) == pytest.approx((0.2, 0.2))


def test_without_outcomes_nothing_is_said_of_what_was_lost() -> None:
    assert quality(make_pairs(champion_loss=np.full(40, np.nan), challenger_loss=np.full(40, np.nan))) is None


@pytest.mark.parametrize(("name", "groups"), [("", 1), ("subject", 9)])
def test_of_few_groups_there_is_no_interval(name: str, groups: int) -> None:
    found = quality(make_pairs(name=name, groups=groups))
    assert found is not None
    assert (found.low, found.high) == (None, None)
    assert found.gain == pytest.approx(0.2)


def test_each_category_has_its_own_figures_the_largest_first() -> None:
    found = compare(make_pairs(), Task.BINARY)
    assert (found.whole.rows, found.whole.alike, found.whole.correlation) == (40, 0.75, None)
    assert [(place, each.rows) for place, each in found.segments.items()] == [
        (("city", "Oslo"), 20),
        (("city", "Rome"), 10),
    ]
    assert found.segments["city", "Rome"].alike == 1
    assert found.whole.quality is not None
    assert found.whole.quality.low is not None
    assert found.whole.quality.low > 0


def test_values_are_compared_by_their_correlation_too() -> None:
    assert compare(make_pairs(), Task.REGRESSION).whole.correlation == pytest.approx(1)


def test_of_many_categories_the_most_frequent_are_shown() -> None:
    names = np.array([f"c{number % 30:02}" for number in range(40)])
    found = compare(make_pairs(categories={"city": names}), Task.BINARY)
    assert list(found.segments) == [("city", f"c{number:02}") for number in range(20)]
