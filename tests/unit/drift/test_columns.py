"""Rows as they were written down become columns; what is not of its type is counted and never raises."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import CategoricalFeature, Contract, NumericFeature, Task
from drift.columns import Coded, Columns, columns_of
from drift.rows import Batch
from tests.factories import TARGETS, make_contract

START = 1_790_000_000_000_000
HUGE = 10**400


def batch(
    inputs: Mapping[str, Sequence[Any]], rows: int | None = None, answers: Mapping[str, Any] | None = None, **more: Any
) -> Batch:
    rows = len(next(iter(inputs.values()))) if rows is None else rows
    at = START + np.arange(rows, dtype=np.int64)
    return Batch(tag="model-v1.0.0", at=at, inputs=inputs, answers=answers or {}, **more)


def read(*batches: Batch, task: Task = Task.BINARY) -> Columns:
    return columns_of(batches, make_contract(task))


def texts(column: Coded) -> list[str | None]:
    return [None if code < 0 else column.categories[code] for code in column.codes]


def numbers(column: Any) -> list[float | None]:
    return [None if math.isnan(value) else value for value in column]


def test_clean_rows_become_columns_in_their_order() -> None:
    found = read(batch({"age": [30, None, 2.5], "city": ["Oslo", None, "Rome"]}), batch({"age": [1], "city": ["Oslo"]}))

    assert numbers(found.numeric["age"]) == [30, None, 2.5, 1]
    assert texts(found.categorical["city"]) == ["Oslo", None, "Rome", "Oslo"]
    assert found.numeric["age"].dtype == np.float64
    assert found.categorical["city"].codes.dtype == np.int32
    assert found.at.tolist() == [START, START + 1, START + 2, START]
    assert len(found) == 4
    assert not any((found.wrong, found.absent, found.redacted, found.outcomes))


def test_no_rows_are_no_fault() -> None:
    found = read()

    assert len(found) == len(found.numeric["age"]) == len(found.categorical["city"].codes) == 0
    assert not any((found.absent, found.wrong))


WRONG_NUMBERS = [math.inf, -math.inf, "12", "", "x", True, False, [], {}, [1.0], HUGE, -HUGE]
RIGHT_NUMBERS = [0, 1.5, -3, 2**70, None, math.nan, np.float32(0.5), np.int64(7)]


@pytest.mark.parametrize("value", WRONG_NUMBERS, ids=lambda value: str(value)[:8])
def test_what_is_no_finite_number_is_missing_and_counted(value: object) -> None:
    found = read(batch({"age": [value, 3.0, value]}))

    assert numbers(found.numeric["age"]) == [None, 3.0, None]
    assert found.wrong == {"age": 2}


@pytest.mark.parametrize("value", [1, 2.5, True, [], {}, math.inf], ids=str)
def test_what_is_no_text_is_missing_and_counted(value: object) -> None:
    found = read(batch({"city": [value, "Rome", None, math.nan]}))

    assert texts(found.categorical["city"]) == [None, "Rome", None, None]
    assert found.wrong == {"city": 1}


def plainly(value: Any) -> tuple[float | None, bool]:
    """What a value means in a numeric column: its number, and whether it is wrong."""
    if value is None:
        return None, False
    if type(value) in {int, float, np.float32, np.int64}:
        if value != value:  # noqa: PLR0124  # only NaN differs from itself
            return None, False
        if abs(float(value) if isinstance(value, np.floating) else value) < 1e300:
            return float(value), False
    return None, True


@given(st.lists(st.sampled_from([*WRONG_NUMBERS, *RIGHT_NUMBERS]) | st.floats(-1e9, 1e9) | st.integers()))
def test_the_fast_way_reads_what_the_obvious_way_reads(values: list[Any]) -> None:
    found = read(batch({"age": values}))

    assert numbers(found.numeric["age"]) == [plainly(value)[0] for value in values]
    assert found.wrong.get("age", 0) == sum(plainly(value)[1] for value in values)


@given(st.lists(st.none() | st.text(max_size=3) | st.sampled_from([1, 2.0, True, math.nan])))
def test_texts_come_back_as_they_were(values: list[Any]) -> None:
    found = read(batch({"city": values}))
    column = found.categorical["city"]

    assert texts(column) == [value if isinstance(value, str) else None for value in values]
    assert len(set(column.categories)) == len(column.categories)
    assert found.wrong.get("city", 0) == sum(value in {1, 2.0} for value in values if not isinstance(value, str))


def test_ten_thousand_categories_are_kept() -> None:
    values = [f"c{number}" for number in range(10_000)]

    assert texts(read(batch({"city": values})).categorical["city"]) == values


def test_numbers_written_as_texts_are_numbers_where_all_values_are_texts() -> None:
    written = ["12", " 1e3 ", "-0.5", None, "x", "1_000", "inf", "1e999", "nan", "True", ""]
    found = read(batch({"age": written, "city": ["01"] * 11}, are_texts=True))

    assert numbers(found.numeric["age"]) == [12, 1000, -0.5, *[None] * 8]
    assert found.wrong == {"age": 6}
    assert set(texts(found.categorical["city"])) == {"01"}
    clean = read(batch({"age": ["12", None, "7.5"]}, are_texts=True))
    assert (numbers(clean.numeric["age"]), clean.wrong) == ([12, None, 7.5], {})


def test_columns_of_a_table_are_read_like_lists() -> None:
    table = pl.DataFrame({"age": [1, None, 3], "city": ["Oslo", None, "Rome"]})
    found = read(batch({"age": table["age"].to_numpy(), "city": table["city"]}))  # type: ignore[dict-item]

    assert numbers(found.numeric["age"]) == [1, None, 3]
    assert texts(found.categorical["city"]) == ["Oslo", None, "Rome"]
    assert found.wrong == {}


def test_a_feature_that_no_row_has_is_absent_and_one_that_some_rows_lack_is_missing_there() -> None:
    found = read(batch({"age": [1.0]}), batch({}, rows=2), batch({"age": [2.0]}))

    assert found.absent == {"city"}
    assert texts(found.categorical["city"]) == [None] * 4
    assert numbers(found.numeric["age"]) == [1, None, None, 2]
    assert found.wrong == {}


def test_of_a_redacted_feature_only_is_known_whether_it_is_missing() -> None:
    stars = ["*", None, "*"]
    found = read(batch({"age": stars, "city": stars}), batch({"age": ["*"], "city": ["*"]}))

    assert found.redacted == {"age", "city"}
    assert numbers(found.numeric["age"]) == [0, None, 0, 0]
    assert texts(found.categorical["city"]) == ["*", None, "*", "*"]
    assert found.wrong == {}


def test_a_star_among_numbers_is_wrong_and_a_feature_that_is_only_missing_is_not_redacted() -> None:
    found = read(batch({"age": ["*", 3.0], "city": [None, None]}))

    assert not found.redacted
    assert found.wrong == {"age": 1}
    assert numbers(found.numeric["age"]) == [None, 3]


def test_a_star_that_is_a_category_is_no_redaction() -> None:
    contract = Contract(
        features=(CategoricalFeature(name="grade", categories=("*", "**")),), target=TARGETS[Task.BINARY]
    )

    assert columns_of([batch({"grade": ["*", "*"]})], contract).redacted == set()


def test_a_feature_that_is_dropped_from_some_row_on_is_absent_and_nothing_of_it_is_missing() -> None:
    batches = [batch({"age": [1.0, True], "city": ["Oslo", None]}), batch({"city": ["Rome"]})]
    dropping, usual = columns_of(batches, make_contract(), drops_columns=True), read(*batches)

    assert dropping.absent == dropping.dropped == {"age"}
    assert not any((dropping.wrong, usual.absent, usual.dropped))
    assert usual.wrong == {"age": 1}


def test_a_feature_that_is_redacted_from_some_row_on_is_redacted_in_all() -> None:
    batches = [batch({"age": [7.0, None], "city": ["Oslo", None]}), batch({"age": ["*", None], "city": ["*", None]})]
    found = columns_of(batches, make_contract(), drops_columns=True)

    assert found.redacted == {"age", "city"}
    assert numbers(found.numeric["age"]) == [0, None, 0, None]
    assert texts(found.categorical["city"]) == ["*", None, "*", None]
    assert not any((found.wrong, found.absent))


def test_a_star_that_is_a_category_stays_one_where_features_are_redacted() -> None:
    feature = CategoricalFeature(name="grade", categories=("*", "a"))
    contract = Contract(features=(feature,), target=TARGETS[Task.BINARY])
    found = columns_of([batch({"grade": ["*", "a"]})], contract, drops_columns=True)

    assert not found.redacted
    assert texts(found.categorical["grade"]) == ["*", "a"]


def test_scores_are_named_by_the_task() -> None:
    binary = read(batch({"age": [1, 2]}, answers={"score": [0.25, None], "label": ["no", "yes"]}))
    by_class = {"basic": [0.5, 0.2], "plus": [0.25, 0.2], "pro": [0.25, "x"]}
    multiclass = read(batch({"age": [1, 2]}, answers={"scores": by_class}), task=Task.MULTICLASS)
    regression = read(batch({"age": [1, 2]}, answers={"value": [3, 4.5]}), task=Task.REGRESSION)

    assert {name: numbers(values) for name, values in binary.scores.items()} == {"score": [0.25, None]}
    assert binary.wrong == {"score": 1}
    assert {name: numbers(values) for name, values in multiclass.scores.items()} == {
        "score basic": [0.5, 0.2],
        "score plus": [0.25, 0.2],
        "score pro": [0.25, None],
    }
    assert multiclass.wrong == {"score pro": 1}
    assert {name: numbers(values) for name, values in regression.scores.items()} == {"value": [3, 4.5]}


def test_how_far_members_lie_apart_is_read_where_any_row_has_it() -> None:
    newer = batch({"age": [1, 2]}, answers={"score": [0.25, 0.5], "disagreement": [0.01, None]})
    older = batch({"age": [3]}, answers={"score": [0.75]})

    found = read(older, newer)
    assert numbers(found.scores["disagreement"]) == [None, 0.01, None]
    assert found.wrong == {"disagreement": 1}
    assert read(older).scores.keys() == {"score"}


def test_a_feature_of_that_name_is_a_feature() -> None:
    feature = NumericFeature(name="disagreement", low=0, high=9)
    contract = Contract(features=(feature,), target=TARGETS[Task.BINARY])
    answers = {"score": [0.5], "disagreement": ["x"]}
    found = columns_of([batch({"disagreement": [3.0]}, answers=answers)], contract)

    assert numbers(found.numeric["disagreement"]) == [3.0]
    assert (set(found.scores), dict(found.wrong)) == ({"score"}, {})


@pytest.mark.parametrize("answers", [{}, {"scores": None}, {"scores": {"other": [1.0]}}])
def test_rows_without_scores_have_none_and_nothing_is_wrong(answers: dict[str, Any]) -> None:
    found = read(batch({"age": [1]}, answers=answers), task=Task.MULTICLASS)

    assert all(np.isnan(values).all() and len(values) == 1 for values in found.scores.values())
    assert (len(found.scores), found.wrong) == (3, {})


def test_outcomes_stay_with_their_rows() -> None:
    found = read(
        batch({"age": [1, 2]}, outcomes=["yes", None]), batch({"age": [3]}), batch({"age": [4]}, outcomes=["no"])
    )
    numbers_of_classes = batch({"age": [1, 2]}, outcomes=[1, None])
    texts_of_numbers = batch({"age": ["1", "2", "3"]}, outcomes=["1.5", None, "x"], are_texts=True)

    assert found.outcomes == ("yes", None, None, "no")
    assert read(numbers_of_classes).outcomes == ("1", None)
    assert read(texts_of_numbers, task=Task.REGRESSION).outcomes == (1.5, None, None)


def test_a_million_values_take_well_under_a_second() -> None:
    numeric = tuple(NumericFeature(name=f"n{number}", low=0, high=1) for number in range(3))
    categorical = (CategoricalFeature(name="c", categories=("a",)), CategoricalFeature(name="d", categories=("b",)))
    contract = Contract(features=numeric + categorical, target=TARGETS[Task.BINARY])
    values = [None if number % 50 == 0 else number / 200_000 for number in range(200_000)]
    inputs: dict[str, Sequence[Any]] = {feature.name: values for feature in numeric}
    inputs |= {feature.name: [f"c{number % 300}" for number in range(200_000)] for feature in categorical}
    started = time.process_time()
    columns_of([batch(inputs)], contract)

    assert time.process_time() - started < 1
