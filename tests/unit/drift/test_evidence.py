"""Evidence is what core.effects and drift.statistics say of each column, and never a NaN."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from scipy import stats

from core.contract import DriftRole, Task
from core.drift import Severity
from core.effects import counts_of, ks_distance, total_variation
from core.reference import WEEK, numeric_reference
from drift.columns import Columns
from drift.counts import Profile, count_window
from drift.evidence import Difference, Evidence, Witness
from drift.statistics import chi_squared, ks_p_value, two_proportions, unseen_p_value
from drift.thresholds import Thresholds
from drift.verdict import judge
from tests.unit.drift.factories import THRESHOLDS, coded, make_columns, make_profile

PROFILE = make_profile()
NOTHING = np.full(1000, np.nan)
EMPTY = coded([None] * 1000)
BLANK: dict[str, Any] = {
    **dict.fromkeys(["distance", "age", "month", "temp", "score"], NOTHING),
    **dict.fromkeys(["plan", "sky"], EMPTY),
}


def gather(
    window: Columns, profile: Profile = PROFILE, *, recent: Columns | None = None, length: str = WEEK
) -> dict[str, Evidence]:
    witness = Witness(profile=profile, length=length, thresholds=Thresholds())
    earlier = None if recent is None else count_window(recent, profile)
    return {each.column: each for each in witness.gather(count_window(window, profile), earlier)}


def floats(value: Any) -> Iterator[float]:
    if is_dataclass(value):
        for each in fields(value):
            yield from floats(getattr(value, each.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from floats(each)
    elif isinstance(value, float):
        yield value


def known(difference: Difference | None) -> Difference:
    assert difference is not None
    return difference


# What is compared


def test_every_feature_is_told_of_in_the_contracts_order_and_then_the_scores() -> None:
    found = list(gather(make_columns()).values())
    assert [(each.column, each.kind, each.role, each.unit) for each in found] == [
        ("distance", "numeric", "tested", "mi"),
        ("age", "numeric", "tested", "a"),
        ("plan", "categorical", "tested", ""),
        ("month", "numeric", "calendar", ""),
        ("temp", "numeric", "seasonal", "degF"),
        ("sky", "categorical", "seasonal", ""),
        ("score", "score", "tested", ""),
    ]


@pytest.mark.parametrize(
    ("task", "scores", "unit"),
    [
        (Task.BINARY, ["score"], ""),
        (Task.MULTICLASS, ["score basic", "score plus", "score pro"], ""),
        (Task.REGRESSION, ["value"], "EUR"),
    ],
)
def test_every_task_has_its_score_columns(task: Task, scores: list[str], unit: str) -> None:
    found = gather(make_columns(task=task), make_profile(task=task))
    assert [(each.column, each.unit) for each in found.values() if each.kind == "score"] == [
        (name, unit) for name in scores
    ]


def test_numbers_differ_by_the_distance_of_core_effects_with_its_p_value() -> None:
    window = make_columns(800, seed=3)
    for name in ("distance", "score"):
        knots = {**PROFILE.knots, **PROFILE.scores}[name]
        counts = count_window(window, PROFILE)
        effect = ks_distance(counts_of(knots), {**counts.numeric, **counts.scores}[name].knots)
        values = known(gather(window)[name].values)
        assert (values.effect, values.p_value) == (effect, ks_p_value(effect, 5000, 800))


def test_categories_differ_by_their_total_variation_with_the_p_value_of_the_chi_squared_test() -> None:
    plans = coded(["basic"] * 500 + ["pro"] * 450 + ["ZZ"] * 50)
    before, now = np.append(PROFILE.shares["plan"], 0), np.array([500, 0, 450, 50])
    values = known(gather(make_columns(plan=plans))["plan"].values)
    assert values.effect == total_variation(before, now)
    assert values.p_value == chi_squared(before, now).p_value
    assert values.p_value == pytest.approx(stats.chi2_contingency([before, now], correction=False).pvalue)


@pytest.mark.parametrize(("distinct", "is_by_category"), [(20, True), (21, False)])
def test_a_number_of_few_values_is_tested_as_a_category(distinct: int, *, is_by_category: bool) -> None:
    before, now = np.arange(4200) % distinct, np.arange(1000) % (distinct - 4)
    profile = make_profile(4200, age=before.astype(float))
    values = known(gather(make_columns(age=now.astype(float)), profile)["age"].values)
    cells = [np.bincount(each, minlength=distinct) for each in (before, now)]
    assert values.effect == pytest.approx(np.abs(np.cumsum(cells[0]) / 4200 - np.cumsum(cells[1]) / 1000).max())
    by_category, by_distance = chi_squared(cells[0], cells[1]).p_value, ks_p_value(values.effect, 4200, 1000)
    assert values.p_value == (by_category if is_by_category else by_distance)


def test_a_value_between_few_knots_is_a_category_of_its_own() -> None:
    halves = make_columns(month=np.tile([1.0, 1.5, 2.0, 3.0], 250))
    assert known(gather(halves)["month"].values).p_value < 1e-50


def test_the_gap_is_the_difference_of_the_missing_shares() -> None:
    found = gather(make_columns(800, age=np.where(np.arange(800) % 4 == 0, np.nan, 40.0)))["age"]
    assert (found.missing, found.reference_missing, found.present) == (0.25, 0.1, 600)
    gap = known(found.gap)
    assert gap.effect == pytest.approx(0.15)
    assert gap.p_value == two_proportions(500, 5000, 200, 800)


def test_unseen_categories_are_counted_and_named() -> None:
    found = gather(make_columns(plan=coded(["basic"] * 890 + ["YY"] * 10 + ["ZZ"] * 90 + [None] * 10)))["plan"]
    unseen = known(found.unseen)
    assert list(found.unseen_names.items()) == [("ZZ", 90), ("YY", 10)]
    assert (unseen.effect, unseen.p_value) == (100 / 990, unseen_p_value(100, 990, 0, 5000))


def test_where_the_reference_has_categories_once_unseen_ones_are_less_of_a_surprise() -> None:
    rare = coded(["basic"] * 990 + [f"once {number}" for number in range(10)])
    found = gather(make_columns(plan=coded(["basic"] * 990 + ["ZZ"] * 10)), make_profile(1000, plan=rare))
    assert known(found["plan"].unseen).p_value == unseen_p_value(10, 1000, 10, 1000) > 0.5


def test_where_the_reference_keeps_not_every_name_nothing_is_unseen() -> None:
    plans = coded(["basic"] * 900 + ["ZZ"] * 100)
    found = gather(make_columns(plan=plans), make_profile(other=500))["plan"]
    unseen, values = known(found.unseen), known(found.values)
    assert (unseen.effect, unseen.p_value, dict(found.unseen_names)) == (0.0, 1.0, {})
    shares = np.append(make_profile().shares["plan"], 500)
    assert values.effect == total_variation(shares, np.array([900, 0, 0, 100]))


def test_values_outside_the_contract_and_of_another_type_are_counted() -> None:
    distance = np.where(np.arange(1000) < 30, -5.0, 700.0)
    found = gather(make_columns(distance=distance, wrong={"age": 9}))
    assert (found["distance"].outside, found["age"].wrong, found["temp"].outside) == (30, 9, 0)


def test_quantiles_means_and_another_unit_are_told() -> None:
    distance = make_columns().numeric["distance"]
    found = gather(make_columns(distance=distance * 1.609344))["distance"]
    assert found.unit_hint is not None
    assert "kilometres" in found.unit_hint
    assert found.mean == pytest.approx(distance.mean() * 1.609344)
    assert found.reference_mean == PROFILE.reference.numeric["distance"].mean
    assert (len(found.quantiles), len(found.reference_quantiles)) == (5, 5)
    assert gather(make_columns())["distance"].unit_hint is None


# Thresholds


def test_thresholds_come_from_the_references_windows() -> None:
    found = gather(make_columns(), recent=make_columns())
    for column, name in (("plan", "unseen"), *((c, n) for c in ("plan", "age") for n in ("values", "gap"))):
        difference = known(getattr(found[column], name))
        assert (difference.threshold, difference.is_calibrated) == pytest.approx((THRESHOLDS[name], True))
    assert known(found["temp"].recent).threshold == pytest.approx(THRESHOLDS["values"])
    assert found["score"].mean_threshold == pytest.approx(THRESHOLDS["mean"])


@pytest.mark.parametrize(("is_calibrated", "length"), [(False, WEEK), (True, "30d")])
def test_without_such_windows_they_are_the_defaults(length: str, *, is_calibrated: bool) -> None:
    found = gather(make_columns(), make_profile(is_calibrated=is_calibrated), length=length)
    plan = found["plan"]
    expected = {"values": 0.10, "gap": 0.03, "unseen": 0.005}
    for name, threshold in expected.items():
        difference = known(getattr(plan, name))
        assert (difference.threshold, difference.is_calibrated) == (threshold, False)
    assert found["score"].mean_threshold == pytest.approx(0.1)


def test_a_predicted_value_moves_by_a_third_of_its_standard_deviation_where_nothing_is_known() -> None:
    profile = make_profile(task=Task.REGRESSION, is_calibrated=False)
    sd = profile.reference.scores["value"].sd
    assert sd is not None
    assert gather(make_columns(task=Task.REGRESSION), profile)["value"].mean_threshold == pytest.approx(sd / 3)


def test_members_lie_apart_by_their_own_scale_and_not_by_that_of_a_probability() -> None:
    plain, draw = make_profile(is_calibrated=False), np.random.default_rng(3)
    column = numeric_reference(draw.gamma(2.0, 0.01, 5000).round(6))
    reference = structs.replace(plain.reference, scores={**plain.reference.scores, "disagreement": column})
    profile = Profile.of(plain.contract, reference)
    usual = make_columns()
    apart = replace(usual, scores={**usual.scores, "disagreement": draw.gamma(4.0, 0.01, 1000).round(6)})

    found = gather(apart, profile)["disagreement"]
    assert column.sd is not None
    assert (found.kind, found.present, found.is_absent) == ("score", 1000, False)
    assert found.mean_threshold == pytest.approx(column.sd / 3)
    assert known(found.values).effect > 0.3


def test_rows_without_it_do_not_look_like_a_fault() -> None:
    plain = make_profile()
    column = numeric_reference(np.linspace(0, 0.1, 500))
    reference = structs.replace(plain.reference, scores={**plain.reference.scores, "disagreement": column})
    profile = Profile.of(plain.contract, reference)

    found = gather(make_columns(), profile)["disagreement"]
    assert (found.is_absent, found.values, found.wrong) == (True, None, 0)
    judged = judge([found], {}, Thresholds(), length=WEEK, drops_columns=False)
    assert [each.severity for each in judged] == [Severity.INSUFFICIENT_DATA]


# Seasons


def test_only_what_follows_the_season_is_compared_with_the_last_weeks() -> None:
    warm, rainy = np.full(1000, 60.0), coded(["rain"] * 1000)
    found = gather(make_columns(temp=warm, sky=rainy), recent=make_columns(3000, temp=np.full(3000, 60.0)))
    assert {name for name, each in found.items() if each.recent is not None} == {"temp", "sky"}
    assert known(found["temp"].values).effect > 0.9
    assert known(found["temp"].recent).effect == 0
    assert known(found["sky"].recent).effect == pytest.approx(0.7, abs=0.03)


def test_without_the_last_weeks_there_is_nothing_recent() -> None:
    assert all(each.recent is None for each in gather(make_columns()).values())


def test_last_weeks_that_have_no_values_to_compare_are_no_last_weeks() -> None:
    window = make_columns()
    for recent in (make_columns(temp=NOTHING, sky=EMPTY), make_columns(redacted=frozenset({"temp", "sky"}))):
        found = gather(window, recent=recent)
        assert (found["temp"].recent, found["sky"].recent) == (None, None)


# Bad windows


def test_of_a_redacted_column_only_the_gap_is_known() -> None:
    stars = coded(["*"] * 400 + [None] * 600)
    zeros = np.where(np.arange(1000) < 300, np.nan, 0.0)
    found = gather(make_columns(month=zeros, plan=stars, redacted=frozenset({"month", "plan"})))
    for name, missing in (("month", 0.3), ("plan", 0.6)):
        each = found[name]
        assert each.is_redacted
        assert (each.values, each.unseen, each.outside, each.mean, each.quantiles) == (None, None, 0, None, ())
        assert (each.missing, known(each.gap).effect, dict(each.unseen_names)) == (missing, missing, {})


def test_an_absent_column_says_so_and_a_column_without_any_value_has_a_gap_alone() -> None:
    found = gather(make_columns(age=NOTHING, temp=NOTHING, absent=frozenset({"age"})))
    assert (found["age"].is_absent, found["temp"].is_absent) == (True, False)
    assert (found["temp"].values, known(found["temp"].gap).effect, found["temp"].present) == (None, 1.0, 0)


def test_a_score_that_no_row_has_is_absent_and_one_that_is_always_wrong_is_not() -> None:
    assert gather(replace(make_columns(), scores={}))["score"].is_absent
    assert not gather(make_columns(score=NOTHING, wrong={"score": 1000}))["score"].is_absent
    assert not gather(make_columns(0))["score"].is_absent


@pytest.mark.parametrize(("value", "effect"), [(7.0, 0.0), (8.0, 1.0), (6.5, 1.0)])
def test_a_column_of_one_value_differs_wholly_or_not_at_all(value: float, effect: float) -> None:
    profile = make_profile(distance=np.full(5000, 7.0), plan=coded(["plus"] * 5000))
    plans = coded(["plus" if effect == 0 else "ZZ"] * 1000)
    found = gather(make_columns(distance=np.full(1000, value), plan=plans), profile)
    for name in ("distance", "plan"):
        values = known(found[name].values)
        assert values.effect == effect
        assert values.p_value == 1.0 if effect == 0 else values.p_value < 1e-100


def test_a_reference_column_without_any_value_tells_of_the_gap_alone() -> None:
    profile = make_profile(1000, age=NOTHING, temp=NOTHING, sky=EMPTY, score=NOTHING)
    found = gather(make_columns(), profile, recent=make_columns())
    assert known(found["age"].gap).effect == pytest.approx(0.9)
    assert [found[name].values for name in ("age", "temp", "sky", "score")] == [None] * 4
    assert known(found["sky"].unseen).p_value == 1.0
    assert known(found["temp"].gap).effect == 1.0


def test_ten_thousand_categories_are_compared_though_most_have_no_name() -> None:
    many = coded([f"c{number}" for number in range(10_000)])
    new = gather(make_columns(10_000, plan=many))["plan"]
    assert (known(new.values).effect, known(new.unseen).effect, len(new.unseen_names)) == (1.0, 1.0, 1000)
    same = gather(make_columns(10_000, plan=many), make_profile(10_000, plan=many))["plan"]
    assert (known(same.values).effect, known(same.values).p_value, same.unseen_names) == (0.0, 1.0, {})


@pytest.mark.parametrize(
    "window",
    [
        make_columns(0),
        make_columns(1),
        make_columns(1, age=np.array([np.nan]), plan=coded([None])),
        make_columns(**BLANK),
        make_columns(distance=np.full(1000, 1.7e308), temp=np.full(1000, -1.7e308), score=np.full(1000, 1e308)),
        make_columns(absent=frozenset({"age", "sky"}), redacted=frozenset({"distance", "plan"})),
        make_columns(plan=coded([f"c{number}" for number in range(1000)])),
    ],
    ids=["empty", "one row", "one empty row", "only NaN", "huge", "absent and redacted", "all unseen"],
)
@pytest.mark.parametrize(
    "profile",
    [
        PROFILE,
        make_profile(is_calibrated=False),
        make_profile(0),
        make_profile(1),
        make_profile(1000, **BLANK),
    ],
    ids=["calibrated", "uncalibrated", "empty", "one row", "only NaN"],
)
def test_no_window_beside_no_reference_gives_a_nan(window: Columns, profile: Profile) -> None:
    for recent in (None, window, make_columns(900, seed=9), make_columns(0)):
        for each in gather(window, profile, recent=recent).values():
            assert all(map(math.isfinite, floats(each))), each


@given(st.lists(st.sampled_from([np.nan, -1e308, 0.0, 1.0, 12.5, 700.0, 1e308]), max_size=30))
def test_all_shares_effects_and_p_values_are_in_0_to_1(values: list[float]) -> None:
    numbers = np.array(values, dtype=np.float64)
    window = make_columns(len(values), distance=numbers, age=numbers, temp=numbers, score=numbers)
    for each in gather(window, recent=window).values():
        assert all(map(math.isfinite, floats(each)))
        differences = [test for test in (each.values, each.gap, each.unseen, each.recent) if test is not None]
        shares = [
            each.missing,
            each.reference_missing,
            *(part for test in differences for part in (test.effect, test.p_value)),
        ]
        assert all(0 <= share <= 1 for share in shares)


def test_a_role_changes_nothing_of_what_is_gathered() -> None:
    month = gather(make_columns(month=np.full(1000, 7.0)))["month"]
    assert (month.role, known(month.values).effect) == (DriftRole.CALENDAR, 1.0)
