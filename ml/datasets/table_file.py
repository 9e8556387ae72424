"""A data set in one CSV or Parquet file."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path

import polars as pl

from core.errors import DatasetError
from ml.dataset import RawData, as_times

SUFFIXES = (".csv", ".parquet")
_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]


def load(path: Path, *, time_column: str | None, as_of: date | None) -> RawData:
    """
    Read a file whole.

    Args:
        path: Ends in .csv (comma, UTF-8, a header line) or .parquet.
        time_column: Needed to honour `as_of`.
        as_of: Keep the rows before this day.

    Raises:
        DatasetError: if the file is missing or unreadable, or `as_of` is asked of data without a time column.
    """
    if path.suffix not in SUFFIXES:
        raise DatasetError(f"{path}: takes a file that ends in {' or '.join(SUFFIXES)}")
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} does not exist; dataset.path in model.toml names it, from that file's folder"
        ) from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror})") from error
    frame = _parse(path, content)
    if as_of is not None:
        frame = _before(frame, as_of, time_column, path)
    return RawData(frame=frame, sha256=hashlib.sha256(content).hexdigest(), source=str(path))


def _parse(path: Path, content: bytes) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(content)
        return pl.read_csv(content, null_values=_MISSING, infer_schema_length=None, try_parse_dates=True)
    except pl.exceptions.NoDataError as error:
        raise DatasetError(f"{path}: holds no rows") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        problem = str(error).splitlines()[0]
        raise DatasetError(f"{path}: is not a readable {path.suffix[1:]} file ({problem})") from error


def _before(frame: pl.DataFrame, as_of: date, time_column: str | None, path: Path) -> pl.DataFrame:
    if time_column is None or time_column not in frame.columns:
        raise DatasetError(f"{path}: --as-of needs dataset.time_column in model.toml, to know what came before")
    times = as_times(frame[time_column], str(path))
    # Midnight of the zone that the times are in, if they are in one.
    midnight = pl.lit(datetime(as_of.year, as_of.month, as_of.day))  # noqa: DTZ001
    kept = frame.filter(times < midnight.dt.replace_time_zone(getattr(times.dtype, "time_zone", None)))
    if kept.is_empty():
        raise DatasetError(f"{path}: holds no rows before {as_of}")
    return kept
