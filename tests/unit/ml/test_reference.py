"""The reference of a training: all rows, and how much its own windows differ."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from core.contract import CategoricalFeature, Contract, NumericFeature, Target, Task
from core.documents import to_json_line
from core.effects import count_at_knots, counts_of, ks_distance, total_variation
from core.ensemble import Opinions, disagreement, weighted_mean
from core.reference import Knots, Reference
from ml.dataset import fit_to_contract
from ml.reference import MAX_BYTES, build_reference
from ml.split import Share, Split, split
from tests.factories import TARGETS, make_contract
from tests.unit.ml.factories import make_raw, make_scorer, make_split

START = datetime(2025, 1, 1)


def days(count: int = 70, rows: int = 300, *, without: tuple[int, ...] = ()) -> Split:
    """So many rows on each day, a city that is met on the last day only, ages that grow, a tenth missing."""
    generator = np.random.default_rng(0)
    kept = [day for day in range(count) if day not in without]
    frame = pl.DataFrame(
        {
            "at": [START + timedelta(days=day, minutes=number) for day in kept for number in range(rows)],
            "age": pl.Series(
                np.concatenate([generator.integers(20, 60, rows) + day / 10 for day in kept]).round(1)
            ).set(pl.Series(generator.random(rows * len(kept)) < 0.1), None),
            "city": ["Bern" if day == count - 1 else "Oslo" if number % 3 else "Rome"
                     for day in kept for number in range(rows)],
            "churn": generator.choice(["yes", "no"], rows * len(kept)),
        }
    )  # fmt: skip
    data = fit_to_contract(make_raw(frame), make_contract(), time_column="at", max_faulty_share=0)
    return split(data, validation=Share.parse("20%"), holdout=Share.parse("20%"), task=Task.BINARY)


def reference_of(parts: Split) -> Reference:
    return build_reference(parts, make_scorer().opinions, make_contract(), {"age": 12.5})


def opinions(*members: NDArray[np.float64]) -> Opinions:
    """What such members say, each counting as much."""
    several, weights = np.stack(members), np.full(len(members), 1 / len(members))
    mean = weighted_mean(several, weights)
    apart = disagreement(several, weights, mean).round(6).tolist()
    return Opinions(scores=mean, disagreement=apart, members=[each.astype(np.float32) for each in members])


def test_columns_are_those_of_all_rows_and_scores_those_of_the_rows_nothing_was_fitted_on() -> None:
    parts, contract = make_split(Task.MULTICLASS), make_contract(Task.MULTICLASS)
    reference = build_reference(parts, make_scorer(Task.MULTICLASS).opinions, contract, {})
    assert reference.rows == reference.numeric["age"].count == len(parts.data)
    assert reference.numeric["age"].missing == parts.data.rows["age"].null_count()
    assert sum(reference.categorical["city"].counts.values()) == len(parts.data)
    assert {name: column.count for name, column in reference.scores.items()} == dict.fromkeys(
        ("score basic", "score plus", "score pro"), len(parts.holdout)
    )


def test_spreads_are_of_the_windows_that_are_wanted() -> None:
    parts, ask = days(), make_scorer().opinions
    whole = build_reference(parts, ask, make_contract(), {}).categorical["city"]
    weekly = build_reference(parts, ask, make_contract(), {}, window_days={"7d": 7}).categorical["city"]

    assert whole.spreads.keys() == {"1d", "7d"}
    assert weekly.spreads == {"7d": whole.spreads["7d"]}


def test_bounds_and_known_categories_are_those_of_training() -> None:
    parts = days()
    reference = reference_of(parts)
    assert reference.numeric["age"].high == parts.validation.rows["age"].max()
    assert reference.numeric["age"].knots().values[-1] == parts.data.rows["age"].max()
    assert reference.categorical["city"].untrained == ("Bern",)


@pytest.mark.parametrize(("length", "size", "windows"), [("1d", 1, 70), ("7d", 7, 10)])
def test_spreads_are_those_of_each_window_beside_all_others(length: str, size: int, windows: int) -> None:
    parts = days()
    reference, rows = reference_of(parts), parts.data.rows
    number = np.arange(len(rows)) // (300 * size)
    ages, cities = rows["age"].to_numpy(), rows["city"].to_numpy()
    effects, gone, variations = [], [], []
    for window in range(windows):
        inside = number == window
        present = ages[~np.isnan(ages) & ~inside]
        own = ages[~np.isnan(ages) & inside]
        knots = Knots.of(present)
        effects.append(ks_distance(counts_of(knots), count_at_knots(own, knots.values)))
        gone.append(abs(np.isnan(ages[inside]).mean() - np.isnan(ages[~inside]).mean()))
        counted = [
            [(part == city).sum() for city in ("Bern", "Oslo", "Rome")] for part in (cities[~inside], cities[inside])
        ]
        variations.append(total_variation(np.array(counted[0]), np.array(counted[1])))
    age, city = reference.numeric["age"].spreads[length], reference.categorical["city"].spreads[length]
    assert (age.effect.windows, age.missing.windows) == (windows, windows)
    assert age.effect.mean == pytest.approx(np.mean(effects), abs=1e-6)
    assert age.effect.sd == pytest.approx(np.std(effects, ddof=1), abs=1e-6)
    assert age.effect.highest == pytest.approx(max(effects), abs=1e-6)
    assert age.missing.mean == pytest.approx(np.mean(gone), abs=1e-6)
    assert city.effect.mean == pytest.approx(np.mean(variations), abs=1e-6)
    assert city.unseen is not None
    assert city.unseen.highest == pytest.approx(1.0 if size == 1 else 1 / 7, abs=1e-6)


def test_a_score_has_the_spread_of_its_mean() -> None:
    spreads = reference_of(days()).scores["score"].spreads
    assert spreads["1d"].mean is not None
    assert 0 < spreads["1d"].mean.mean <= spreads["1d"].mean.highest < 1


def by_age(matrix: NDArray[np.float32]) -> Opinions:
    """Members that agree on nobody but the youngest."""
    low = np.full((len(matrix), 1), 0.2)
    return opinions(low, low + np.nan_to_num(matrix[:, :1]).astype(np.float64) / 200)


def test_how_far_members_lie_apart_is_a_column_beside_the_scores() -> None:
    parts = days()
    reference = build_reference(parts, by_age, make_contract(), {})
    apart, score = reference.scores["disagreement"], reference.scores["score"]
    assert list(reference.scores) == ["score", "disagreement"]
    assert apart.count == score.count == len(parts.holdout)
    assert apart.spreads.keys() == score.spreads.keys() == {"1d", "7d"}
    assert apart.spreads["7d"].mean is not None
    expected = by_age(parts.holdout.matrix).disagreement
    assert (apart.low, apart.high) == (min(expected), max(expected))
    np.testing.assert_array_equal(apart.knots().values, np.unique(expected))


def test_a_member_alone_and_a_feature_of_that_name_leave_no_disagreement() -> None:
    parts = days()
    assert list(reference_of(parts).scores) == ["score"]
    contract = Contract(
        features=(
            NumericFeature(name="disagreement", low=0, high=120, nullable=True),
            CategoricalFeature(name="city", categories=("Oslo", "Rome")),
        ),
        target=TARGETS[Task.BINARY],
    )
    frame = pl.DataFrame({"disagreement": [20.0, 30.0] * 50, "city": ["Oslo"] * 100, "churn": ["yes", "no"] * 50})
    data = fit_to_contract(make_raw(frame), contract, time_column=None, max_faulty_share=0)
    own = split(data, validation=Share.parse("20%"), holdout=Share.parse("20%"), task=Task.BINARY)
    assert list(build_reference(own, by_age, contract, {}).scores) == ["score"]


def test_days_without_rows_are_counted_and_no_window() -> None:
    reference = reference_of(days(without=(5, 6, 7, 20)))
    assert reference.longest_gap_days == 3
    assert reference.numeric["age"].spreads["1d"].effect.windows == 66


def test_windows_with_few_rows_say_nothing() -> None:
    assert reference_of(days(rows=100)).numeric["age"].spreads.keys() == {"7d"}


def test_rows_without_times_have_no_windows() -> None:
    reference = reference_of(make_split(timed=False))
    assert (reference.start, reference.longest_gap_days) == (None, 0)
    assert not reference.numeric["age"].spreads


def test_equal_rows_give_equal_bytes() -> None:
    assert to_json_line(reference_of(days())) == to_json_line(reference_of(days()))


def test_a_wide_table_gets_fewer_knots_a_column() -> None:
    width = 25
    contract = Contract(
        features=(
            *(NumericFeature(name=f"n{number}", low=-9, high=9) for number in range(width)),
            CategoricalFeature(name="city", categories=("Oslo",)),
        ),
        target=TARGETS[Task.BINARY],
    )
    generator = np.random.default_rng(0)
    columns = {f"n{number}": generator.normal(size=5000).clip(-9, 9) for number in range(width)}
    frame = pl.DataFrame({**columns, "city": ["Oslo"] * 5000, "churn": generator.choice(["yes", "no"], 5000)})
    data = fit_to_contract(make_raw(frame), contract, time_column=None, max_faulty_share=0)
    parts = split(data, validation=Share.parse("20%"), holdout=Share.parse("20%"), task=Task.BINARY)
    reference = build_reference(parts, lambda matrix: opinions(np.full((len(matrix), 1), 0.5)), contract, {})
    assert len(reference.numeric["n0"].knots().values) < 1000
    assert len(to_json_line(reference)) <= MAX_BYTES


def test_a_model_of_many_classes_gets_fewer_knots_a_score() -> None:
    classes = tuple(f"class {number}" for number in range(20))
    feature = NumericFeature(name="age", low=0, high=100)
    contract = Contract(features=(feature,), target=Target(name="plan", task=Task.MULTICLASS, classes=classes))
    generator = np.random.default_rng(0)
    frame = pl.DataFrame({"age": generator.uniform(0, 100, 10_000), "plan": generator.choice(classes, 10_000)})
    data = fit_to_contract(make_raw(frame), contract, time_column=None, max_faulty_share=0)
    parts = split(data, validation=Share.parse("20%"), holdout=Share.parse("20%"), task=Task.MULTICLASS)
    asked: list[int] = []

    def ask(matrix: NDArray[np.float32]) -> Opinions:
        asked.append(len(matrix))
        return opinions(generator.dirichlet(np.ones(20), len(matrix)))

    reference = build_reference(parts, ask, contract, {})
    assert len(reference.scores) == 20
    assert len(reference.scores["score class 0"].knots().values) < 1000
    assert len(to_json_line(reference)) <= MAX_BYTES
    assert asked == [len(parts.holdout)]
