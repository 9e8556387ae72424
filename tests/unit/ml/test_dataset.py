"""What data must be like to be trained on, and how a misfit is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from core.contract import CategoricalFeature, Contract, NumericFeature, Target, Task
from core.errors import DatasetError
from ml.columns import MISSING
from ml.dataset import Dataset, RawData, fit_to_contract
from ml.datasets.form import TableForm
from ml.times import as_times, span
from tests.factories import make_contract
from tests.unit.ml.factories import START, make_frame, make_raw

ROWS = 200


def _fit(
    frame: pl.DataFrame,
    contract: Contract | None = None,
    *,
    time_column: str | None = None,
    max_faulty_share: float = 0.01,
) -> Dataset:
    return fit_to_contract(
        make_raw(frame), contract or make_contract(), time_column=time_column, max_faulty_share=max_faulty_share
    )


def _with(frame: pl.DataFrame, column: str, changes: dict[int, Any]) -> pl.DataFrame:
    """The table with some cells of a column changed, keyed by row number from 1."""
    values = frame[column].to_list()
    for row, value in changes.items():
        values[row - 1] = value
    return frame.with_columns(pl.Series(column, values, strict=False))


def _as_text(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.with_columns(pl.col(column).cast(pl.String))


def test_good_rows_are_encoded_in_the_contract_s_order() -> None:
    data = _fit(make_frame(rows=ROWS).with_columns(age=pl.lit(30.0), city=pl.lit("Rome")))
    assert data.matrix.shape == (ROWS, 2)
    assert data.matrix[0].tolist() == [30.0, 1.0]
    assert data.rows.columns == ["age", "city"]
    assert data.notes == ()


def test_columns_that_the_contract_does_not_name_do_not_matter() -> None:
    frame = make_frame(rows=ROWS)
    extended = frame.with_columns(pl.lit(1).alias("slipway row"), pl.lit("x").alias("note"))
    assert _fit(extended).rows.equals(_fit(frame).rows)


def test_the_positive_class_is_one() -> None:
    frame = make_frame(rows=ROWS)
    assert _fit(frame).target.tolist() == (frame["churn"] == "yes").cast(pl.Float64).to_list()


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(DatasetError, match="a table: holds no rows"):
        _fit(make_frame(rows=ROWS).clear())


@pytest.mark.parametrize("column", ["age", "city", "churn"])
def test_a_missing_column_is_named_beside_those_there_are(column: str) -> None:
    with pytest.raises(DatasetError, match=f"model.toml names '{column}', which the data do not have; their columns"):
        _fit(make_frame(rows=ROWS).drop(column))


def test_a_missing_time_column_is_named_too() -> None:
    with pytest.raises(DatasetError, match=r"model\.toml names 'when'"):
        _fit(make_frame(rows=ROWS), time_column="when")


def test_text_in_a_numeric_column_names_the_row_and_the_text() -> None:
    frame = _with(_as_text(make_frame(rows=ROWS), "age"), "age", {7: "forty", 8: "", 9: "fifty"})
    with pytest.raises(DatasetError, match=r"1\.0% of the rows .* column 'age', row 7: forty is not a number"):
        _fit(frame, max_faulty_share=0.005)


def test_a_few_texts_in_a_numeric_column_cost_their_rows() -> None:
    frame = _with(_as_text(make_frame(rows=ROWS), "age"), "age", {7: "forty", 9: "fifty"})
    data = _fit(frame)
    assert len(data) == ROWS - 2
    assert data.notes == ("2 rows were left out: column 'age', row 7: forty is not a number",)


def test_values_are_read_as_their_table_writes_them() -> None:
    frame = make_frame(rows=ROWS).with_columns(
        age=pl.lit("1.234,5 yr"), at=pl.lit("31/12/2024"), city=pl.when(pl.int_range(ROWS) == 0).then(pl.lit("-"))
    )
    frame = frame.with_columns(pl.col("city").fill_null("Rome"))
    features = (
        NumericFeature(name="age", unit="yr", low=0, high=5000),
        CategoricalFeature(name="city", categories=("Rome",), nullable=True),
    )
    form = TableForm(decimal=",", grouping=".", missing=("-",), time_format="%d/%m/%Y")
    raw = RawData(frame=frame, sha256="1" * 64, source="a table", form=form)
    contract = Contract(features=features, target=make_contract().target)
    data = fit_to_contract(raw, contract, time_column="at", max_faulty_share=0)
    assert data.rows["age"].unique().to_list() == [1234.5]
    assert data.rows["city"].null_count() == 1
    assert data.times is not None
    assert data.times.unique().to_list() == [datetime(2024, 12, 31)]


def test_rows_whose_outcome_is_left_out_are_counted() -> None:
    contract = make_contract()
    frame = _with(make_frame(rows=ROWS), contract.target.name, {3: "maybe", 4: "maybe", 5: None})
    data = fit_to_contract(make_raw(frame), contract, time_column=None, max_faulty_share=0, left_out=("maybe", "x"))
    assert len(data) == ROWS - 3
    assert data.notes == (
        "2 rows were left out: their 'churn' is 'maybe' or 'x' (target.left_out)",
        "1 rows without an outcome were left out",
    )


def test_numbers_written_as_text_are_taken_as_numbers() -> None:
    frame = make_frame(rows=ROWS)
    np.testing.assert_array_equal(_fit(_as_text(frame, "age")).matrix, _fit(frame).matrix)


@pytest.mark.parametrize("value", [True, date(2025, 1, 1)])
def test_what_is_no_number_is_refused_in_a_numeric_column(value: Any) -> None:
    with pytest.raises(DatasetError, match=r"column 'age' holds .*, but model\.toml says the column is numeric"):
        _fit(make_frame(rows=ROWS).with_columns(age=pl.lit(value)))


def test_a_column_that_is_empty_throughout_is_one_of_missing_numbers() -> None:
    data = _fit(make_frame(rows=ROWS).with_columns(age=pl.lit(None)))
    assert np.isnan(data.matrix[:, 0]).all()


@pytest.mark.parametrize(("value", "kind"), [(0.5, "Float64"), (Decimal("0.5"), "Decimal")])
def test_fractions_are_no_categories(value: Any, kind: str) -> None:
    with pytest.raises(DatasetError, match=f"column 'city' holds {kind}.* but model.toml says it is categorical"):
        _fit(make_frame(rows=ROWS).with_columns(city=pl.lit(value)))


def test_decimals_are_classes_by_their_text() -> None:
    target = Target(name="churn", task=Task.BINARY, classes=("0.00", "1.00"))
    frame = make_frame(rows=ROWS)
    decimals = frame.with_columns(churn=(pl.col("churn") == "yes").cast(pl.Int64).cast(pl.Decimal(38, 2)))
    found = _fit(decimals, replace(make_contract(), target=target))
    np.testing.assert_array_equal(found.target, _fit(frame).target)


@pytest.mark.parametrize("value", [b"x", timedelta(hours=1), [1]], ids=["bytes", "duration", "list"])
def test_what_is_no_text_is_no_category(value: Any) -> None:
    frame = make_frame(rows=ROWS).with_columns(pl.Series("city", [value] * ROWS))
    with pytest.raises(DatasetError, match=r"column 'city' holds .*; it takes texts, whole numbers, truth values"):
        _fit(frame)


@pytest.mark.parametrize("value", [b"x", timedelta(hours=1), [1]], ids=["bytes", "duration", "list"])
@pytest.mark.parametrize("task", list(Task))
def test_what_is_neither_text_nor_number_is_no_outcome(value: Any, task: Task) -> None:
    contract = make_contract(task)
    frame = make_frame(task, ROWS).with_columns(pl.Series(contract.target.name, [value] * ROWS))
    with pytest.raises(DatasetError, match=f"target '{contract.target.name}'.*holds"):
        _fit(frame, contract)


@pytest.mark.parametrize(("value", "text"), [(7, "7"), (True, "true"), ("01234", "01234"), ("True", "True")])
def test_a_category_is_the_text_of_its_value(value: Any, text: str) -> None:
    features = (make_contract().features[0], CategoricalFeature(name="city", categories=(text,)))
    data = _fit(
        make_frame(rows=ROWS).with_columns(city=pl.lit(value)),
        Contract(features=features, target=make_contract().target),
    )
    assert data.rows["city"].unique().to_list() == [text]
    assert data.notes == ()


@pytest.mark.parametrize("word", MISSING)
def test_a_usual_word_for_nothing_is_a_missing_value(word: str) -> None:
    frame = _with(_with(_as_text(make_frame(rows=ROWS), "age"), "age", {1: word}), "city", {2: word})
    frame = _with(frame, "churn", {3: word})
    data = _fit(frame)
    assert np.isnan(data.matrix[0, 0])
    assert data.notes == (
        "1 rows without an outcome were left out",
        "1 rows were left out: column 'city', row 2 is empty, and model.toml does not say nullable = true",
    )


def test_a_word_for_nothing_that_the_contract_lists_is_itself() -> None:
    features = (make_contract().features[0], CategoricalFeature(name="city", categories=("Oslo", "Rome", "NA")))
    contract = Contract(features=features, target=make_contract().target)
    data = _fit(_with(make_frame(rows=ROWS), "city", {1: "NA", 2: "null"}), contract)
    assert data.rows["city"][0] == "NA"
    assert len(data) == ROWS - 1


def test_a_column_without_one_known_category_is_refused() -> None:
    with pytest.raises(DatasetError, match="'city' holds none of the contract's categories, 'Oslo', 'Rome'; it holds"):
        _fit(make_frame(rows=ROWS).with_columns(pl.col("city").str.to_uppercase()))


def test_a_few_rows_out_of_range_are_left_out_and_noted() -> None:
    data = _fit(_with(make_frame(rows=ROWS), "age", {3: 130.0, 5: -1.0}))
    assert len(data) == ROWS - 2
    assert data.notes == ("2 rows were left out: column 'age', row 3: 130.0 is outside 0..120",)


def test_a_share_at_the_limit_is_still_allowed() -> None:
    assert len(_fit(_with(make_frame(rows=ROWS), "age", {3: 130.0}), max_faulty_share=1 / ROWS)) == ROWS - 1


def test_more_rows_out_of_range_than_allowed_are_refused_and_the_first_is_named() -> None:
    frame = _with(make_frame(rows=ROWS), "age", dict.fromkeys(range(11, 22), 500.0))
    with pytest.raises(DatasetError, match=r"5\.5% of the rows break the contract, 1\.0% may .* row 11: 500"):
        _fit(frame)


def test_an_infinite_number_is_out_of_range() -> None:
    assert "row 4: inf is outside 0..120" in _fit(_with(make_frame(rows=ROWS), "age", {4: float("inf")})).notes[0]


def test_nan_is_a_missing_number() -> None:
    data = _fit(_with(make_frame(rows=ROWS), "age", {1: float("nan")}))
    assert data.rows["age"][0] is None
    assert len(data) == ROWS


def test_a_null_is_kept_where_the_contract_allows_it() -> None:
    data = _fit(_with(make_frame(rows=ROWS), "age", {1: None}))
    assert np.isnan(data.matrix[0, 0])


def test_a_null_where_the_contract_forbids_it_is_left_out_and_noted() -> None:
    data = _fit(_with(make_frame(rows=ROWS), "city", {2: None}))
    assert len(data) == ROWS - 1
    assert data.notes == (
        "1 rows were left out: column 'city', row 2 is empty, and model.toml does not say nullable = true",
    )


def test_unseen_categories_stay_and_are_noted() -> None:
    data = _fit(_with(make_frame(rows=ROWS), "city", {1: "Bern", 2: "Bonn", 3: "Bern"}))
    assert len(data) == ROWS
    assert data.matrix[:3, 1].tolist() == [-2.0, -2.0, -2.0]
    assert data.notes == ("column 'city': 3 values (1.5%) are not in the contract ('Bern', 'Bonn')",)


def test_rows_without_an_outcome_are_left_out_and_noted() -> None:
    data = _fit(_with(make_frame(rows=ROWS), "churn", {1: None, 2: None}))
    assert len(data) == ROWS - 2
    assert data.notes == ("2 rows without an outcome were left out",)


def test_rows_without_an_outcome_do_not_count_as_faulty() -> None:
    frame = _with(_with(make_frame(rows=ROWS), "churn", {1: None}), "age", {1: 500.0})
    assert _fit(frame, max_faulty_share=0).notes == ("1 rows without an outcome were left out",)


def test_fewer_rows_than_training_takes_are_refused() -> None:
    with pytest.raises(DatasetError, match="99 usable rows; training takes at least 100"):
        _fit(make_frame(rows=99))


def test_one_outcome_only_is_refused() -> None:
    with pytest.raises(DatasetError, match="every outcome of 'churn' is 'no'; a model needs at least two"):
        _fit(make_frame(rows=ROWS).with_columns(churn=pl.lit("no")))


def test_one_value_only_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"every outcome of 'price' is '3\.5'"):
        _fit(make_frame(Task.REGRESSION, ROWS).with_columns(price=pl.lit(3.5)), make_contract(Task.REGRESSION))


def test_an_outcome_outside_the_classes_is_named() -> None:
    with pytest.raises(DatasetError, match="target 'churn' holds 'maybe', which is none of 'no', 'yes'"):
        _fit(_with(make_frame(rows=ROWS), "churn", {50: "maybe"}))


def test_without_a_negative_class_every_other_outcome_counts_as_negative() -> None:
    target = Target(name="churn", task=Task.BINARY, classes=("not yes", "yes"), catch_all=True)
    contract = Contract(features=make_contract().features, target=target)
    frame = make_frame(rows=ROWS)
    other = frame.with_columns(pl.col("churn").replace({"no": "maybe"}))
    np.testing.assert_array_equal(_fit(other, contract).target, _fit(frame).target)


def test_a_positive_value_that_never_occurs_is_answered_with_those_that_do() -> None:
    target = Target(name="churn", task=Task.BINARY, classes=("not Yes", "Yes"), catch_all=True)
    contract = Contract(features=make_contract().features, target=target)
    with pytest.raises(DatasetError, match="target 'churn' never is 'Yes', the positive value; it is 'no', 'yes'"):
        _fit(make_frame(rows=ROWS), contract)


def test_an_undefined_number_is_no_class() -> None:
    target = Target(name="churn", task=Task.BINARY, classes=("not 1.0", "1.0"), catch_all=True)
    contract = Contract(features=make_contract().features, target=target)
    frame = make_frame(rows=ROWS).with_columns((pl.col("churn") == "yes").cast(pl.Float64))
    data = _fit(_with(frame, "churn", {1: float("nan"), 2: None}), contract)
    assert data.notes == ("2 rows without an outcome were left out",)


def test_a_class_that_never_occurs_is_named() -> None:
    frame = make_frame(Task.MULTICLASS, ROWS).with_columns(pl.col("plan").replace({"pro": "plus"}))
    with pytest.raises(DatasetError, match="target 'plan' never is pro; remove it from classes"):
        _fit(frame, make_contract(Task.MULTICLASS))


def test_classes_are_coded_in_their_order() -> None:
    frame = make_frame(Task.MULTICLASS, ROWS)
    codes = [["basic", "plus", "pro"].index(name) for name in frame["plan"]]
    assert _fit(frame, make_contract(Task.MULTICLASS)).target.tolist() == codes


def test_booleans_are_classes_by_their_names() -> None:
    target = Target(name="churn", task=Task.BINARY, classes=("false", "true"))
    contract = Contract(features=make_contract().features, target=target)
    frame = make_frame(rows=ROWS).with_columns(pl.col("churn") == "yes")
    assert _fit(frame, contract).target.sum() == frame["churn"].sum()


def test_numbers_to_predict_may_be_text() -> None:
    frame, contract = make_frame(Task.REGRESSION, ROWS), make_contract(Task.REGRESSION)
    np.testing.assert_array_equal(_fit(_as_text(frame, "price"), contract).target, _fit(frame, contract).target)


def test_a_text_among_the_numbers_to_predict_costs_its_row() -> None:
    frame = _with(_as_text(make_frame(Task.REGRESSION, ROWS), "price"), "price", {9: "dear", 11: None})
    data = _fit(frame, make_contract(Task.REGRESSION))
    problem = "target 'price', row 9: dear is not a number, but regression takes numbers"
    assert data.notes == ("1 rows without an outcome were left out", f"1 rows were left out: {problem}")
    assert len(data) == ROWS - 2
    with pytest.raises(DatasetError, match=f"0.5% of the rows break the contract, .* the first: {problem}"):
        _fit(frame, make_contract(Task.REGRESSION), max_faulty_share=0.0)


def test_infinite_and_undefined_values_are_no_outcomes() -> None:
    frame = _with(make_frame(Task.REGRESSION, ROWS), "price", {1: float("inf"), 2: float("nan"), 3: None})
    data = _fit(frame, make_contract(Task.REGRESSION))
    assert data.notes == ("3 rows without an outcome were left out",)
    assert np.isfinite(data.target).all()


def test_rows_are_put_in_time_order() -> None:
    frame = make_frame(rows=ROWS)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=0)
    np.testing.assert_array_equal(_fit(shuffled, time_column="at").matrix, _fit(frame).matrix)


def test_a_row_number_is_the_file_s_even_after_sorting() -> None:
    frame = _with(make_frame(rows=ROWS), "age", {10: 500.0}).reverse()
    assert f"row {ROWS - 9}: 500.0 is outside" in _fit(frame, time_column="at").notes[0]


def test_the_row_of_a_text_is_the_file_s_even_after_sorting() -> None:
    frame = _with(_as_text(make_frame(rows=ROWS), "age"), "age", {10: "old"}).reverse()
    with pytest.raises(DatasetError, match=f"row {ROWS - 9}: old is not a number"):
        _fit(frame, time_column="at", max_faulty_share=0)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2013-07-01", datetime(2013, 7, 1)),
        ("2013-07-01 05:15", datetime(2013, 7, 1, 5, 15)),
        ("2013-07-01T05:15:30", datetime(2013, 7, 1, 5, 15, 30)),
        (" 2013-07-01 05:15:30.25 ", datetime(2013, 7, 1, 5, 15, 30, 250_000)),
        ("2013-07-01T05:15Z", datetime(2013, 7, 1, 5, 15, tzinfo=UTC)),
        ("2013-07-01T05:15:30+05:30", datetime(2013, 6, 30, 23, 45, 30, tzinfo=UTC)),
        ("2013-07-01 05:15:30-0400", datetime(2013, 7, 1, 9, 15, 30, tzinfo=UTC)),
    ],
)
def test_times_may_be_text_in_iso_8601(text: str, time: datetime) -> None:
    assert as_times(pl.Series("at", [text]), "a table").to_list() == [time]


def test_texts_of_several_iso_8601_shapes_may_be_mixed() -> None:
    texts = pl.Series("at", ["2013-07-01", "2013-07-01 05:15"])
    assert as_times(texts, "a table").to_list() == [datetime(2013, 7, 1), datetime(2013, 7, 1, 5, 15)]


@pytest.mark.parametrize(
    "text", ["soon", "07/01/2013", "1.7.2013", "2013-7-1", "2013-02-30", "2013-07-01 25:00", "20130701", "2013"]
)
def test_a_text_that_is_not_iso_8601_is_no_time(text: str) -> None:
    with pytest.raises(DatasetError, match=f"time column 'at', row 2 is no time: '{text}'; write ISO 8601"):
        as_times(pl.Series("at", ["2013-07-01", text]), "a table")


def test_times_with_and_without_an_offset_do_not_mix() -> None:
    with pytest.raises(DatasetError, match="times with an offset from UTC and times without one"):
        as_times(pl.Series("at", ["2013-07-01T05:15Z", "2013-07-01T05:15"]), "a table")


def test_times_may_be_days() -> None:
    data = _fit(make_frame(rows=ROWS).with_columns(pl.col("at").cast(pl.Date)), time_column="at")
    assert span(data.times) == ("2025-01-01T00:00:00", "2025-02-19T00:00:00")


def test_a_time_column_of_numbers_is_refused() -> None:
    with pytest.raises(DatasetError, match="time column 'age' holds Float64, it takes dates or times"):
        _fit(make_frame(rows=ROWS), time_column="age")


def test_a_text_among_the_times_names_its_row() -> None:
    frame = _with(_as_text(make_frame(rows=ROWS), "at"), "at", {8: "soon"})
    with pytest.raises(DatasetError, match="time column 'at', row 8 is no time: 'soon'; write ISO 8601"):
        _fit(frame, time_column="at")


def test_a_column_of_texts_as_times_names_the_first() -> None:
    with pytest.raises(DatasetError, match="time column 'city', row 1 is no time: 'Rome'"):
        _fit(make_frame(rows=ROWS).with_columns(city=pl.lit("Rome")), time_column="city")


def test_a_missing_time_names_its_row() -> None:
    with pytest.raises(DatasetError, match="time column 'at', row 5 is empty"):
        _fit(_with(make_frame(rows=ROWS), "at", {5: None}), time_column="at")


def test_taking_rows_takes_everything_that_belongs_to_them() -> None:
    data = _fit(make_frame(rows=ROWS), time_column="at")
    part = data.take(np.array([5, 7]))
    assert len(part) == 2
    assert part.times is not None
    assert part.times.to_list() == [START + timedelta(hours=30), START + timedelta(hours=42)]
    np.testing.assert_array_equal(part.matrix, data.matrix[[5, 7]])
    np.testing.assert_array_equal(part.target, data.target[[5, 7]])
    assert part.as_json_rows() == [data.as_json_rows()[5], data.as_json_rows()[7]]


def test_rows_without_times_have_no_span() -> None:
    assert span(None) == (None, None)
    assert span(pl.Series([], dtype=pl.Datetime)) == (None, None)


def test_a_span_is_iso_8601() -> None:
    times = pl.Series([datetime(2025, 1, 1, 5, 15), datetime(2025, 1, 2)])
    assert span(times) == ("2025-01-01T05:15:00", "2025-01-02T00:00:00")
