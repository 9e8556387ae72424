"""The encoder: rows and columns of a contract become one float32 matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import CategoricalFeature, Contract, NumericFeature, Row, Target, Task
from core.encoder import MISSING_CATEGORY, UNSEEN_CATEGORY, Encoder
from tests.factories import make_contract

ENCODER = Encoder(make_contract())
ROWS = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(0, 120),
        "city": st.none() | st.sampled_from(["Oslo", "Rome", "Bern"]),
    }
)


def encoded(row: Row) -> list[float]:
    values: list[float] = ENCODER.rows([row])[0].tolist()
    return values


def test_a_number_keeps_its_value() -> None:
    assert encoded({"age": 30.5, "city": "Oslo"})[0] == 30.5


def test_a_missing_number_is_encoded_as_nan() -> None:
    assert np.isnan(encoded({"age": None, "city": "Oslo"})[0])


@pytest.mark.parametrize(("city", "code"), [("Oslo", 0.0), ("Rome", 1.0)])
def test_a_category_is_encoded_as_its_position_in_the_contract(city: str, code: float) -> None:
    assert encoded({"age": 30.0, "city": city})[1] == code


def test_a_missing_category_is_encoded_as_minus_one() -> None:
    assert encoded({"age": 30.0, "city": None})[1] == MISSING_CATEGORY == -1.0


@pytest.mark.parametrize("city", ["Bern", "oslo", " Oslo", ""])
def test_an_unseen_category_is_encoded_as_minus_two(city: str) -> None:
    assert encoded({"age": 30.0, "city": city})[1] == UNSEEN_CATEGORY == -2.0


def test_an_absent_key_is_a_missing_value() -> None:
    np.testing.assert_array_equal(encoded({}), encoded({"age": None, "city": None}))


def test_a_key_outside_the_contract_is_not_encoded() -> None:
    assert encoded({"age": 30.0, "city": "Oslo", "shoe_size": 44.0}) == encoded({"age": 30.0, "city": "Oslo"})


def test_columns_are_in_the_order_of_the_contract_whatever_the_order_of_the_keys() -> None:
    assert encoded({"city": "Rome", "age": 30.0}) == [30.0, 1.0]


def test_no_rows_make_an_empty_matrix_of_full_width() -> None:
    assert ENCODER.rows([]).shape == (0, ENCODER.width) == (0, 2)


def test_the_matrix_is_contiguous_float32() -> None:
    matrix = ENCODER.rows([{"age": 30.0, "city": "Oslo"}] * 3)
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous


def test_a_number_is_rounded_to_float32_once() -> None:
    # Halfway between two float32 values up to the 40th bit: an earlier rounding would go the other way.
    value = 1.0 + 2.0**-24 + 2.0**-40
    assert ENCODER.rows([{"age": value, "city": "Oslo"}])[0, 0] == np.float32(value) == 1.0 + 2.0**-23


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.float64, np.bool_])
def test_numeric_columns_may_have_any_numeric_type(kind: type[np.generic]) -> None:
    matrix = ENCODER.columns({"age": np.array([0, 1], dtype=kind), "city": ["Oslo", "Rome"]}, 2)
    np.testing.assert_array_equal(matrix, [[0.0, 0.0], [1.0, 1.0]])


@given(rows=st.lists(ROWS, max_size=20))
def test_rows_and_columns_are_encoded_alike(rows: list[Row]) -> None:
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in ("age", "city")}
    np.testing.assert_array_equal(ENCODER.rows(rows), ENCODER.columns(columns, len(rows)))


@given(rows=st.lists(ROWS, min_size=1, max_size=20))
def test_a_row_is_encoded_alone_as_it_is_among_others(rows: list[Row]) -> None:
    np.testing.assert_array_equal(ENCODER.rows(rows), np.vstack([ENCODER.rows([row]) for row in rows]))


def test_each_categorical_feature_has_codes_of_its_own() -> None:
    contract = Contract(
        features=(
            CategoricalFeature(name="from", categories=("Oslo", "Rome")),
            NumericFeature(name="km", low=0, high=9000),
            CategoricalFeature(name="to", categories=("Rome", "Bern", "Oslo")),
        ),
        target=Target(name="late", task=Task.REGRESSION),
    )
    row: Row = {"from": "Oslo", "km": 2000.0, "to": "Oslo"}
    assert Encoder(contract).rows([row]).tolist() == [[0.0, 2000.0, 2.0]]
