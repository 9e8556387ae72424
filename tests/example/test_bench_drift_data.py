from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from bench.server import ROOT
from example.bench.drift_data import Year, coded, take
from ml.dataset import Dataset
from ml.problem import read_problem
from tests.drift_windows import make_week


def make_year(rows_a_day: int = 2) -> Year:
    """Rows without features, so many on each day of 2013."""
    count = 365 * rows_a_day
    start = datetime(2013, 1, 1, 5, tzinfo=UTC)
    data = Dataset(
        rows=pl.DataFrame(),
        matrix=np.zeros((count, 0), dtype=np.float32),
        target=np.zeros(count),
        times=pl.Series([start + timedelta(days=number // rows_a_day) for number in range(count)]),
        sha256="",
        notes=(),
    )
    return Year(problem=read_problem(ROOT / "model.toml"), data=data)


def test_taken_rows_come_in_the_order_asked_for() -> None:
    week, index = make_week(1, 50), np.array([7, 3, 3])
    taken = take(week, index)

    assert len(taken) == 3
    assert taken.at.tolist() == [7, 3, 3]
    assert taken.numeric["age"].tolist() == pytest.approx(week.numeric["age"][index].tolist(), nan_ok=True)
    assert taken.categorical["city"].codes.tolist() == week.categorical["city"].codes[index].tolist()
    assert taken.categorical["city"].categories == week.categorical["city"].categories


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical])
def test_texts_are_coded_in_their_order_and_missing_ones_before_all(dtype: pl.DataType) -> None:
    column = coded(pl.Series(["b", None, "a", "b"], dtype=pl.String).cast(dtype))

    assert column.categories == ("a", "b")
    assert column.codes.dtype == np.int32
    assert column.codes.tolist() == [1, -1, 0, 1]


@pytest.mark.parametrize(("days", "counts"), [(1, [76, 91, 92, 92]), (7, [10, 13, 13, 13])])
def test_only_complete_windows_of_a_quarter_are_taken_from_a_day_on(days: int, counts: list[int]) -> None:
    year = make_year()
    quarters = list(year.quarters(days, 14))

    assert [len(windows) for windows in quarters] == counts
    assert quarters[0][0].tolist() == list(range(28, 28 + 2 * days))
    assert {len(window) for windows in quarters for window in windows} == {2 * days}
    assert all(year.days[window].max() - year.days[window].min() == days - 1 for window in quarters[3])
