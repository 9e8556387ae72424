"""Where a data set is cut into training, validation and holdout rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Task
from core.errors import DatasetError
from ml.dataset import Dataset, row_keys
from ml.split import Share, Split, split
from tests.unit.ml.factories import make_dataset

YEAR = datetime(2013, 1, 1, tzinfo=UTC)


def _data(
    *, times: pl.Series | None = None, rows: int | None = None, target: list[float] | None = None, seed: int = 0
) -> Dataset:
    """Rows that know their own number, with random outcomes of both classes."""
    size = len(times) if times is not None else rows or 0
    outcome = np.random.default_rng(seed).integers(0, 2, size).astype(float) if target is None else np.array(target)
    return Dataset(
        rows=pl.DataFrame({"number": np.arange(size)}),
        matrix=np.arange(size, dtype=np.float32)[:, np.newaxis],
        target=outcome,
        times=times,
        keys=row_keys(pl.DataFrame({"number": np.arange(size), "outcome": outcome})),
        sha256="1" * 64,
        notes=(),
    )


def _every(hours: float, days: float, start: datetime = YEAR) -> pl.Series:
    return pl.Series([start + timedelta(hours=hours * number) for number in range(int(days * 24 / hours))])


def _cut(data: Dataset, validation: str, holdout: str, task: Task = Task.BINARY, seed: int = 0) -> Split:
    return split(data, validation=Share.parse(validation), holdout=Share.parse(holdout), task=task, seed=seed)


def _numbers(part: Dataset) -> list[int]:
    return part.rows["number"].to_list()


def _months(part: Dataset) -> list[int]:
    assert part.times is not None
    return part.times.dt.month().unique().sort().to_list()


@pytest.mark.parametrize("text", ["1%", "50%", "12h", "30d", "4w", "3mo", "1y", "9999d"])
def test_a_share_reads_as_it_is_written(text: str) -> None:
    assert str(Share.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "0%", "51%", "20", "%", "-3mo", "3 mo", "3m", "1.5d", "03mo", "10000d", "3mo ", "100y", "20%\n", "٣mo"]
)
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="takes 1% to 50%, or a length of time"):
        Share.parse(text)


@given(st.integers(0, 10_000), st.sampled_from(["%", "h", "d", "w", "mo", "y"]))
def test_parsing_and_writing_are_inverse(amount: int, unit: str) -> None:
    try:
        share = Share.parse(f"{amount}{unit}")
    except ValueError:
        assert amount == 0 or amount > {"%": 50, "y": 99}.get(unit, 9999)
    else:
        assert share == Share.parse(str(share)) == Share(amount=amount, unit=unit)


def test_a_year_is_cut_at_the_months() -> None:
    parts = _cut(_data(times=_every(6, 365)), "1mo", "3mo")
    assert _months(parts.train) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert _months(parts.validation) == [9]
    assert _months(parts.holdout) == [10, 11, 12]


def test_a_year_is_cut_at_local_midnight_whatever_the_clock_change() -> None:
    times = _every(1, 366, YEAR).dt.convert_time_zone("America/New_York")
    parts = _cut(_data(times=times.filter(times.dt.year() == 2013)), "1mo", "2mo")
    assert parts.validation.times is not None
    assert parts.holdout.times is not None
    assert parts.validation.times[0].isoformat() == "2013-10-01T00:00:00-04:00"
    assert parts.holdout.times[0].isoformat() == "2013-11-01T00:00:00-04:00"


@pytest.mark.parametrize(
    "last", [datetime(2013, 12, 31, tzinfo=UTC), datetime(2013, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)], ids=str
)
def test_a_month_ends_with_its_last_day_whatever_the_hour_of_the_last_row(last: datetime) -> None:
    times = _every(12, 364).append(pl.Series([last]))
    parts = _cut(_data(times=times), "1mo", "3mo")
    assert parts.holdout.times is not None
    assert parts.holdout.times[0] == datetime(2013, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(("validation", "holdout"), [("1mo", "3mo"), ("15%", "20%"), ("1w", "50d")])
def test_the_parts_are_all_rows_in_order_of_time(validation: str, holdout: str) -> None:
    data = _data(times=_every(5, 365))
    parts = _cut(data, validation, holdout)
    assert _numbers(parts.train) + _numbers(parts.validation) + _numbers(parts.holdout) == list(range(len(data)))


def test_shares_of_rows_in_time_are_kept() -> None:
    parts = _cut(_data(times=_every(5, 365)), "15%", "20%")
    sizes = np.array([len(parts.train), len(parts.validation), len(parts.holdout)])
    np.testing.assert_allclose(sizes / sizes.sum(), [0.65, 0.15, 0.2], atol=0.002)


@given(
    counts=st.lists(st.integers(1, 12), min_size=60, max_size=120), validation=st.integers(15, 30), holdout=st.just(30)
)
def test_rows_of_one_instant_stay_together(counts: list[int], validation: int, holdout: int) -> None:
    times = pl.Series([YEAR + timedelta(hours=hour) for hour, count in enumerate(counts) for _ in range(count)])
    try:
        parts = _cut(_data(times=times), f"{validation}%", f"{holdout}%", Task.REGRESSION)
    except DatasetError:
        return
    for earlier, later in ((parts.train, parts.validation), (parts.validation, parts.holdout)):
        assert earlier.times is not None
        assert later.times is not None
        assert earlier.times[-1] < later.times[0]


@pytest.mark.parametrize("days", [60, 90, 120, 200, 240])
def test_a_short_span_keeps_at_least_half_of_its_time_for_training_or_one_unit_each(days: int) -> None:
    parts = _cut(_data(times=_every(1, days)), "1mo", "3mo")
    later = len(parts.validation) + len(parts.holdout)
    assert 2 * later <= 24 * days or later <= 62 * 24
    assert len(parts.train) > 0


def test_a_span_that_is_long_enough_is_not_cut_back() -> None:
    parts = _cut(_data(times=_every(1, 365)), "1mo", "3mo")
    assert len(parts.holdout) == 92 * 24


def test_the_longer_part_is_cut_back_first_whatever_its_unit() -> None:
    parts = _cut(_data(times=_every(1, 182, datetime(2012, 1, 1, tzinfo=UTC))), "30d", "3mo")
    assert _months(parts.holdout) == [5, 6]
    assert len(parts.validation) == 30 * 24


def test_a_part_of_one_unit_does_not_keep_the_other_from_being_cut_back() -> None:
    parts = _cut(_data(times=_every(1, 90)), "20d", "1mo")
    assert len(parts.holdout) == 31 * 24
    assert len(parts.validation) == 14 * 24


def test_a_random_split_keeps_the_shares_and_every_row() -> None:
    parts = _cut(_data(rows=1000), "15%", "20%")
    assert (len(parts.train), len(parts.validation), len(parts.holdout)) == (650, 150, 200)
    assert sorted(_numbers(parts.train) + _numbers(parts.validation) + _numbers(parts.holdout)) == list(range(1000))


def test_a_random_split_is_random_and_keeps_the_rows_order() -> None:
    numbers = _numbers(_cut(_data(rows=1000), "15%", "20%").holdout)
    assert numbers == sorted(numbers)
    assert max(numbers) - min(numbers) > 900


def test_a_row_stays_in_its_part_when_the_data_grow() -> None:
    grown = _data(rows=1200)
    before, after = _cut(grown.take(np.arange(1000)), "15%", "20%"), _cut(grown, "15%", "20%")
    moved = set(_numbers(before.train)) & set(_numbers(after.holdout))
    # The cut moves by the chance of the new rows, not by a new shuffle, which would move about 130.
    assert len(moved) <= 20


def test_equal_rows_are_spread_over_the_parts() -> None:
    data = _data(rows=1000)
    target = (np.arange(1000) % 2).astype(np.float64)
    same = replace(data, target=target, keys=row_keys(pl.DataFrame({"outcome": target})))
    parts = _cut(same, "15%", "20%")
    assert (len(parts.train), len(parts.validation), len(parts.holdout)) == (650, 150, 200)


def test_a_random_split_is_the_same_for_the_same_seed_only() -> None:
    data = _data(rows=1000)
    first, again, other = (_numbers(_cut(data, "15%", "20%", seed=seed).holdout) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_a_random_split_spreads_a_rare_class_evenly(task: Task) -> None:
    target = [1.0] * 20 + [0.0] * 980 + ([2.0] * 20 if task is Task.MULTICLASS else [])
    parts = _cut(_data(rows=len(target), target=target), "20%", "20%", task)
    rare = [int((part.target == 1).sum()) for part in (parts.train, parts.validation, parts.holdout)]
    assert rare == [12, 4, 4]


def test_a_class_too_rare_to_spread_does_not_stop_a_random_split() -> None:
    target = [2.0] * 5 + [1.0] * 295 + [0.0] * 300
    parts = _cut(_data(rows=600, target=target), "20%", "20%", Task.MULTICLASS)
    assert len(parts.train) == 360


def test_more_classes_than_a_part_has_rows_do_not_stop_a_random_split() -> None:
    target = [float(number % 30) for number in range(180)]
    assert len(_cut(_data(rows=180, target=target), "15%", "15%", Task.MULTICLASS).holdout) == 30


@pytest.mark.parametrize(
    ("validation", "holdout", "part"),
    [("1%", "20%", "validation"), ("20%", "1%", "holdout"), ("50%", "50%", "training")],
)
@pytest.mark.parametrize("timed", [True, False], ids=["by time", "at random"])
def test_a_part_too_small_to_mean_anything_is_refused(validation: str, holdout: str, part: str, timed: bool) -> None:
    data = _data(times=_every(1, 5)) if timed else _data(rows=100)
    with pytest.raises(DatasetError, match=rf"the {part} part has \d+ rows and needs 20; add data or change \[split\]"):
        _cut(data, validation, holdout)


def test_a_span_too_short_for_one_unit_each_is_refused() -> None:
    with pytest.raises(DatasetError, match="the training part has 0 rows and needs 20"):
        _cut(_data(times=_every(1, 45)), "1mo", "3mo")


def test_a_holdout_longer_than_all_time_is_refused() -> None:
    with pytest.raises(DatasetError, match="part has 0 rows and needs 20"):
        _cut(_data(times=_every(1, 10)), "1mo", "1y")


@pytest.mark.parametrize(
    ("constant", "part"), [(slice(0, 600), "training"), (slice(600, 800), "validation")], ids=["training", "validation"]
)
def test_a_part_of_one_outcome_only_is_refused(constant: slice, part: str) -> None:
    target = [float(number % 2) for number in range(1000)]
    target[constant] = [0.0] * len(target[constant])
    with pytest.raises(DatasetError, match=f"every outcome of the {part} part is the same"):
        _cut(_data(times=_every(1, 1000 / 24), target=target), "20%", "20%")


def test_a_class_that_training_rows_never_have_is_refused() -> None:
    target = [float(number % 2) for number in range(900)] + [2.0] * 100
    with pytest.raises(DatasetError, match="the training part lacks 1 of the 3 classes"):
        _cut(_data(times=_every(1, 1000 / 24), target=target), "20%", "20%", Task.MULTICLASS)


def test_a_holdout_of_one_outcome_only_is_refused() -> None:
    target = [float(number % 2) for number in range(800)] + [0.0] * 200
    with pytest.raises(DatasetError, match="every outcome of the holdout part is the same"):
        _cut(_data(times=_every(1, 1000 / 24), target=target), "20%", "20%")


def test_a_value_to_predict_may_be_constant_in_a_part() -> None:
    target = [float(number) for number in range(800)] + [0.0] * 200
    assert len(_cut(_data(times=_every(1, 1000 / 24), target=target), "20%", "20%", Task.REGRESSION).train) == 600


def test_the_smallest_data_set_can_be_split() -> None:
    parts = _cut(make_dataset(rows=100, timed=False), "20%", "20%")
    assert (len(parts.train), len(parts.validation), len(parts.holdout)) == (60, 20, 20)
