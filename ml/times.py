"""A column of times: read from texts only where they can mean one thing."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from core.errors import DatasetError

# Seconds or milliseconds since 1970 in UTC, with their microseconds.
UNIX = {"unix": 1_000_000, "unix ms": 1_000}
_ISO_8601 = (
    r"^(?<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?<minute>\d\d:\d\d)(?<second>:\d\d)?(?<fraction>\.\d+)?(?<offset>Z|[+-]\d\d:?\d\d)?)?$"
)
_MIXED = "holds times with an offset from UTC and times without one; write all in one way"
_PROBE = datetime(2001, 12, 23, 14, 5, 6, tzinfo=UTC)


def as_times(column: pl.Series, source: str, form: str = "", first_row: int = 1) -> pl.Series:
    """
    A time column, or a part of one, as datetimes; texts with an offset become UTC.

    Args:
        column: Texts, dates, times, or with a form of `UNIX` numbers.
        source: What to call the table.
        form: As in `ml.datasets.form.TableForm.time_format`.
        first_row: The number of the column's first row.

    Raises:
        DatasetError: if it holds anything else, naming the first row that does.
    """
    times, what = column, f"{source}: time column {column.name!r}"
    if column.dtype == pl.String:
        if not form:
            _require_one_way(column, what)
        times = read_times(column, form)
    elif column.dtype == pl.Date:
        times = column.cast(pl.Datetime("us"))
    elif form in UNIX and column.dtype.is_numeric():
        times = _since_1970(column, form)
    if not isinstance(times.dtype, pl.Datetime):
        raise DatasetError(f"{what} holds {times.dtype}, it takes dates or times")
    if times.null_count():
        row = int(times.is_null().arg_true()[0])
        problem = "is empty" if column[row] in (None, "") else f"is no time: {column[row]!r}"
        wanted = f"dataset.time_format is {form!r}" if form else "write ISO 8601, such as 2013-07-01 05:15"
        raise DatasetError(f"{what}, row {first_row + row} {problem}; {wanted}")
    return times


def of_one_kind(parts: list[pl.Series], source: str) -> pl.Series:
    """
    The parts of a time column as one.

    Raises:
        DatasetError: if some have an offset from UTC and others have none.
    """
    if any(part.dtype != parts[0].dtype for part in parts):
        raise DatasetError(f"{source}: time column {parts[0].name!r} {_MIXED}")
    return pl.concat(parts, rechunk=True)


def read_times(texts: pl.Series, form: str) -> pl.Series:
    """
    Texts as datetimes, null where they are anything else: a guessed order of day and month may be wrong.

    Args:
        texts: Of type String.
        form: `strptime`'s directives, a key of `UNIX`, or empty for ISO 8601.

    Returns:
        Datetimes in microseconds: in UTC where the texts have an offset or count from 1970, else without a zone.
    """
    texts = texts.str.strip_chars()
    if not form:
        return _read_iso(texts)
    if form in UNIX:
        return _since_1970(texts.cast(pl.Float64, strict=False), form)
    # A fraction of a second may have any number of digits.
    times = texts.str.to_datetime(form.replace(".%f", "%.f"), time_unit="us", strict=False, exact=True)
    # %Y takes 24 for the year 24.
    return times.set((times.dt.year() < 1000).fill_null(value=False), None)


def is_time_form(form: str) -> bool:
    """Whether a form, unless it is empty, gives whole dates: what it writes must be read as the same day."""
    if not form or form in UNIX:
        return True
    try:
        read = read_times(pl.Series([_PROBE.strftime(form)]), form)
    except (ValueError, pl.exceptions.PolarsError):
        return False
    return read[0] is not None and read[0].date() == _PROBE.date()


def _since_1970(numbers: pl.Series, form: str) -> pl.Series:
    finite = numbers.cast(pl.Float64).fill_nan(None) if numbers.dtype.is_float() else numbers
    return (finite * UNIX[form]).cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))


def _require_one_way(column: pl.Series, what: str) -> None:
    found = column.str.strip_chars().str.extract_groups(_ISO_8601).struct.unnest()
    has_offset = found["offset"].is_not_null()
    if has_offset.any() and (found["date"].is_not_null() & ~has_offset).any():
        raise DatasetError(f"{what} {_MIXED}")


def _read_iso(texts: pl.Series) -> pl.Series:
    found = texts.str.extract_groups(_ISO_8601).struct.unnest()
    is_zoned = bool(found["offset"].is_not_null().any())
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
    return parts.rename(texts.name).str.to_datetime(
        f"%Y-%m-%dT%H:%M:%S%.f{'%z' if is_zoned else ''}", time_unit="us", strict=False
    )


def span(times: pl.Series | None) -> tuple[str | None, str | None]:
    """First and last time as ISO 8601; None without a time column."""
    if times is None or not len(times):
        return None, None
    first, last = times[0], times[-1]
    return first.isoformat(), last.isoformat()
