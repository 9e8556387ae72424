"""A column of times: read from texts only where they can mean one thing."""

from __future__ import annotations

import polars as pl

from core.errors import DatasetError

_ISO_8601 = (
    r"^(?<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?<minute>\d\d:\d\d)(?<second>:\d\d)?(?<fraction>\.\d+)?(?<offset>Z|[+-]\d\d:?\d\d)?)?$"
)


def as_times(column: pl.Series, source: str) -> pl.Series:
    """
    A time column as datetimes; texts with an offset become UTC.

    Raises:
        DatasetError: if it holds anything else, naming the first row that does.
    """
    times, what = column, f"{source}: time column {column.name!r}"
    if column.dtype == pl.String:
        times = _parse_times(column, what)
    elif column.dtype == pl.Date:
        times = column.cast(pl.Datetime("us"))
    if not isinstance(times.dtype, pl.Datetime):
        raise DatasetError(f"{what} holds {times.dtype}, it takes dates or times")
    if times.null_count():
        row = int(times.is_null().arg_true()[0])
        problem = "is empty" if column[row] in (None, "") else f"is no time: {column[row]!r}"
        raise DatasetError(f"{what}, row {row + 1} {problem}; write ISO 8601, such as 2013-07-01 05:15")
    return times


def _parse_times(column: pl.Series, what: str) -> pl.Series:
    """ISO 8601 texts as datetimes, null where they are anything else: a guessed order of day and month may be wrong."""
    found = column.str.strip_chars().str.extract_groups(_ISO_8601).struct.unnest()
    has_offset = found["offset"].is_not_null()
    is_zoned = bool(has_offset.any())
    if is_zoned and (found["date"].is_not_null() & ~has_offset).any():
        raise DatasetError(f"{what} holds times with an offset from UTC and times without one; write all in one way")
    parts = found.select(
        pl.concat_str(
            pl.col("date"),
            pl.lit("T"),
            pl.col("minute").fill_null("00:00"),
            pl.col("second").fill_null(":00"),
            pl.col("fraction").fill_null(".0"),
            pl.col("offset").replace("Z", "+00:00") if is_zoned else pl.lit(""),
        )
    ).to_series()
    texts = parts.rename(column.name)
    return texts.str.to_datetime(f"%Y-%m-%dT%H:%M:%S%.f{'%z' if is_zoned else ''}", time_unit="us", strict=False)


def span(times: pl.Series | None) -> tuple[str | None, str | None]:
    """First and last time as ISO 8601; None without a time column."""
    if times is None or not len(times):
        return None, None
    first, last = times[0], times[-1]
    return first.isoformat(), last.isoformat()
