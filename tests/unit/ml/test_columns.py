"""A table's columns, read by batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Task
from core.encoder import Encoder
from core.errors import DatasetError
from ml.columns import by_text, encode_frame, text_counts
from ml.dataset import Dataset, RawData, fit_to_contract
from tests.factories import make_contract
from tests.unit.ml.factories import make_frame

TEXTS = st.lists(st.sampled_from(["Oslo", "Rome", "Bern", "", None]), max_size=30)


@dataclass(frozen=True, kw_only=True)
class Torn(RawData):
    """A table that comes in smaller parts than were asked for."""

    size: int

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        return self.frame.iter_slices(min(self.size, rows))


def _fit(frame: pl.DataFrame, size: int, task: Task = Task.BINARY, *, time_column: str | None = None) -> Dataset:
    raw = Torn(frame=frame, sha256="1" * 64, source="a table", size=size)
    return fit_to_contract(raw, make_contract(task), time_column=time_column, max_faulty_share=0.1)


def _written(task: Task = Task.BINARY) -> pl.DataFrame:
    """Texts in an order that is not that of time, with faults here and there."""
    random, frame = np.random.default_rng(0), make_frame(task)
    words = {7: "forty", 30: "500", 31: "fifty", 200: "NA"}
    row = pl.int_range(len(frame))
    return (
        frame[random.permutation(len(frame))]
        .select(pl.all().cast(pl.String))
        .with_columns(
            age=row.replace_strict(words, default=pl.col("age"), return_dtype=pl.String),
            city=pl.when(row % 50 == 0).then(pl.lit("Bern")).otherwise("city"),
        )
        .with_columns(pl.when(row < 3).then(None).otherwise(pl.last()).alias(frame.columns[-1]))
    )


@pytest.mark.parametrize("time_column", ["at", None])
@pytest.mark.parametrize("task", Task)
def test_a_table_is_the_same_in_whatever_parts_it_comes(task: Task, time_column: str | None) -> None:
    whole, torn = (_fit(_written(task), size, task, time_column=time_column) for size in (1000, 7))
    assert torn.notes == whole.notes
    assert len(whole) == 394
    assert "2 rows were left out: column 'age', row 8: forty is not a number" in whole.notes
    assert torn.rows.equals(whole.rows)
    np.testing.assert_array_equal(torn.matrix, whole.matrix)
    np.testing.assert_array_equal(torn.target, whole.target)
    if time_column:
        assert whole.times is not None
        assert torn.times is not None
        assert whole.times.is_sorted()
        assert torn.times.equals(whole.times)


def test_a_time_without_an_offset_among_others_is_found_in_any_part() -> None:
    at = pl.Series([f"2025-01-{day:02}T00:00:00Z" for day in range(1, 11)] * 40)
    frame = make_frame().with_columns(at=at.scatter(350, "2025-01-05"))
    with pytest.raises(DatasetError, match="holds times with an offset from UTC and times without one"):
        _fit(frame, 10, time_column="at")


def test_a_row_that_is_no_time_is_named_by_its_number_in_the_table() -> None:
    frame = make_frame().with_columns(at=pl.Series(["2025-01-05"] * 400).scatter(321, "soon"))
    with pytest.raises(DatasetError, match="row 322 is no time: 'soon'"):
        _fit(frame, 10, time_column="at")


def test_times_of_a_zone_stay_in_it() -> None:
    at = pl.Series([datetime(2025, 1, 1, tzinfo=UTC)] * 400).dt.convert_time_zone("Europe/Rome")
    times = _fit(make_frame().with_columns(at=at), 30, time_column="at").times
    assert times is not None
    assert times.dtype == pl.Datetime("us", "Europe/Rome")


@given(TEXTS)
def test_each_text_gets_its_number(texts: list[str | None]) -> None:
    numbers = {"Oslo": 1.0, "Rome": 2.5, "Bern": -1.0, "": 7.0, None: -2.0}
    found = by_text(
        pl.Series("city", texts, dtype=pl.String), lambda asked: np.array([numbers[text] for text in asked])
    )
    assert found.tolist() == [numbers[text] for text in texts]


@given(TEXTS)
def test_texts_are_counted_in_the_order_of_the_alphabet(texts: list[str | None]) -> None:
    present = [text for text in texts if text is not None]
    counts = text_counts(pl.Series("city", texts, dtype=pl.String))
    assert counts == {text: present.count(text) for text in present}
    assert list(counts) == sorted(counts)


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical])
def test_a_frame_is_encoded_as_its_rows_are(dtype: pl.DataType) -> None:
    frame, contract = make_frame().with_columns(pl.col("city").replace({"Oslo": None})), make_contract()
    rows = frame.select("age", pl.col("city").cast(dtype))[::7]
    expected = Encoder(contract).rows(rows.cast({"city": pl.String}).to_dicts())
    np.testing.assert_array_equal(encode_frame(rows.select(contract.names), contract), expected)
