"""Where a data set is cut into training, validation and holdout rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from core.contract import Task
from core.errors import DatasetError
from ml.dataset import Dataset
from ml.row_places import places
from ml.split import Share, Split, held_out, split
from tests.unit.ml.factories import make_dataset, make_split

# What a row's hash has been since the first release: another one would let a champion know its challenger's holdout.
PLACES = [0.2573589397917093, 0.5047627020886755, 0.6958539162467066]
YEAR = datetime(2013, 1, 1, tzinfo=UTC)


def _data(
    *, times: pl.Series | None = None, rows: int | None = None, target: list[float] | None = None, seed: int = 0
) -> Dataset:
    """Rows that know their own number, with random outcomes of both classes."""
    size = len(times) if times is not None else rows or 0
    outcome = np.random.default_rng(seed).integers(0, 2, size).astype(float) if target is None else np.array(target)
    return Dataset(
        rows=pl.DataFrame({"number": np.arange(float(size))}),
        matrix=np.arange(size, dtype=np.float32)[:, np.newaxis],
        target=outcome,
        times=times,
        sha256="1" * 64,
        notes=(),
    )


def _every(hours: float, days: float, start: datetime = YEAR) -> pl.Series:
    return pl.Series([start + timedelta(hours=hours * number) for number in range(int(days * 24 / hours))])


def _cut(data: Dataset, validation: str, holdout: str, task: Task = Task.BINARY) -> Split:
    return split(data, validation=Share.parse(validation), holdout=Share.parse(holdout), task=task)


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


@pytest.mark.parametrize("days", [31, 59, 90, 120, 200, 240])
@pytest.mark.parametrize(("validation", "holdout"), [("1mo", "3mo"), ("30d", "3mo"), ("4w", "1y")])
def test_a_short_span_keeps_half_of_its_time_for_training(days: int, validation: str, holdout: str) -> None:
    parts = _cut(_data(times=_every(1, days)), validation, holdout)
    assert len(parts.train) == 24 * -(-days // 2)


def test_parts_of_a_short_span_keep_their_proportion() -> None:
    # 59 days: 29 for both, a quarter of them to tune on.
    parts = _cut(_data(times=_every(1, 59)), "1mo", "3mo")
    assert (len(parts.validation), len(parts.holdout)) == (7 * 24, 22 * 24)


def test_hours_are_cut_at_hours() -> None:
    parts = _cut(_data(times=_every(0.1, 1)), "6h", "12h")
    assert (len(parts.train), len(parts.validation), len(parts.holdout)) == (120, 40, 80)


@given(st.integers(15, 400), st.sampled_from([("1mo", "3mo"), ("30d", "60d"), ("1w", "4w")]))
def test_the_parts_never_begin_earlier_when_the_data_grow(days: int, shares: tuple[str, str]) -> None:
    before, after = (_cut(_data(times=_every(1, length)), *shares, Task.REGRESSION) for length in (days, days + 1))
    assert len(after.train) >= len(before.train)
    # Months are not equally long: where the lengths begin to fit, the holdout may gain days.
    slack = 4 * 24 if "mo" in shares[0] else 0
    assert len(after.train) + len(after.validation) >= len(before.train) + len(before.validation) - slack


def test_a_span_that_is_long_enough_is_not_cut_back() -> None:
    parts = _cut(_data(times=_every(1, 365)), "1mo", "3mo")
    assert len(parts.holdout) == 92 * 24


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
    data = _data(rows=1000, target=[float(number % 2) for number in range(1000)])
    parts = _cut(replace(data, rows=pl.DataFrame({"number": np.zeros(1000)})), "15%", "20%")
    assert (len(parts.train), len(parts.validation), len(parts.holdout)) == (650, 150, 200)


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.REGRESSION])
def test_the_cuts_tell_the_holdout_s_rows(task: Task) -> None:
    data = make_dataset(task, timed=False)
    parts = _cut(data, "20%", "20%", task)
    assert parts.holdout_cuts is not None
    found = held_out(data, data.rows.columns, parts.holdout_cuts, task)
    assert np.flatnonzero(found).tolist() == parts.holdout_index.tolist()


def test_the_cuts_tell_them_in_a_table_that_was_sorted_has_grown_and_got_more_columns() -> None:
    earlier = make_dataset(rows=600, timed=False)
    earlier = replace(earlier, rows=earlier.rows.with_columns(age=0.05 + np.arange(600.0)))
    parts = _cut(earlier, "20%", "20%")
    assert parts.holdout_cuts is not None
    later = make_dataset(rows=400, seed=1, timed=False)
    rows = pl.concat([later.rows, earlier.rows]).with_columns(extra=pl.lit(1.0)).select("extra", "city", "age")
    grown = replace(earlier, rows=rows, target=np.concatenate([later.target, earlier.target]))
    found = held_out(grown, ("age", "city"), parts.holdout_cuts, Task.BINARY)[400:]
    assert np.flatnonzero(found).tolist() == parts.holdout_index.tolist()


def test_a_split_by_time_has_no_cuts() -> None:
    assert _cut(_data(times=_every(5, 365)), "15%", "20%").holdout_cuts is None


def test_a_place_follows_from_every_value_of_the_row() -> None:
    data = make_dataset(rows=400, timed=False)
    other = replace(data, rows=data.rows.with_columns(pl.col("age") + 1e-9))
    changed = places(data, ("age", "city")) != places(other, ("age", "city"))
    assert changed.tolist() == data.rows["age"].is_not_null().to_list()
    assert (places(data, ("age", "city")) != places(replace(data, target=1 - data.target), ("age", "city"))).all()


def test_places_are_spread_evenly() -> None:
    found = places(_data(rows=10_000), ("number",))
    assert kstest(found, "uniform").pvalue > 0.001


def test_a_place_does_not_change_from_release_to_release() -> None:
    rows = pl.DataFrame({"age": [30.5, None, -0.0], "city": ["Oslo", "Rome", None]})
    data = replace(_data(rows=3, target=[1.0, 0.0, 1.0]), rows=rows)
    assert places(data, ("city", "age")).tolist() == PLACES


def _places_one_by_one(data: Dataset, names: Sequence[str]) -> list[float]:
    """As the first release found them, with a text for each row and a count of each text."""
    columns = [
        data.rows[name].cast(pl.String).fill_null("\0")
        if data.rows[name].dtype != pl.Float64
        else pl.Series((data.rows[name].fill_null(float("nan")).to_numpy() + 0.0).view(np.int64)).cast(pl.String)
        for name in sorted(names)
    ]
    columns.append(pl.Series((data.target + 0.0).view(np.int64)).cast(pl.String))
    copies: Counter[str] = Counter()
    found = []
    for row in zip(*columns, strict=True):
        text = "\x1f".join(row)
        key = hashlib.blake2b(f"{copies[text]} {text}".encode(), digest_size=8).digest()
        found.append((int.from_bytes(key, "big") >> 11) / 2**53)
        copies[text] += 1
    return found


@pytest.mark.parametrize("names", [("age", "city"), ("city",)])
def test_places_are_those_of_the_first_release_for_equal_rows_too(names: tuple[str, ...]) -> None:
    data = make_dataset(rows=500, timed=False)
    assert places(data, names).tolist() == _places_one_by_one(data, names)


def test_a_place_is_kept_by_rows_that_were_put_in_another_order() -> None:
    data, order = make_dataset(rows=500, timed=False), np.random.default_rng(0).permutation(500)
    moved = places(data.take(order), ("city",), order)
    assert moved.tolist() == places(data, ("city",))[order].tolist()


@pytest.mark.parametrize("timed", [True, False])
def test_the_parts_are_no_copies(timed: bool) -> None:
    parts = make_split(timed=timed)
    for part in (parts.train, parts.validation, parts.holdout):
        assert np.shares_memory(part.matrix, parts.data.matrix)
    whole = np.concatenate([part.matrix for part in (parts.train, parts.validation, parts.holdout)])
    np.testing.assert_array_equal(whole, parts.data.matrix)


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


def test_a_span_of_a_few_days_is_refused() -> None:
    with pytest.raises(
        DatasetError, match=r"the validation part has 0 rows and needs 20; add data or change \[split\]"
    ):
        _cut(_data(times=_every(1, 3)), "1mo", "3mo")


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
