"""A data set in one CSV or Parquet file."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from pathlib import Path

import polars as pl

from core.errors import DatasetError
from ml.dataset import RawData
from ml.times import as_times

SUFFIXES = (".csv", ".parquet")
_DUPLICATED = re.compile(r"(.*)_duplicated_\d+", re.DOTALL)


def load(path: Path, *, time_column: str | None, as_of: date | None) -> RawData:
    """
    Read a file whole.

    Every column of a CSV file is read as text. What it means is the contract's to say: guessed types would turn 01234
    into 1234 and True into true.

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
        return _parse_csv(path, content)
    except pl.exceptions.NoDataError as error:
        raise DatasetError(f"{path}: holds no rows") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        problem = str(error).splitlines()[0]
        raise DatasetError(f"{path}: is not a readable {path.suffix[1:]} file ({problem})") from error


def _parse_csv(path: Path, content: bytes) -> pl.DataFrame:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}: is not UTF-8 (byte {error.start:,} is 0x{content[error.start]:02x}); save it as CSV UTF-8"
        ) from error
    frame = pl.read_csv(content, infer_schema=False)
    if frame.width == 1 and any(separator in frame.columns[0] for separator in ";\t|"):
        raise DatasetError(f"{path}: has one column, {frame.columns[0]!r}; columns are separated by commas")
    for name in frame.columns:
        match = _DUPLICATED.fullmatch(name)
        if match and match[1] in frame.columns:
            raise DatasetError(f"{path}: has more than one column {match[1]!r}; rename all but one")
    return frame


def _before(frame: pl.DataFrame, as_of: date, time_column: str | None, path: Path) -> pl.DataFrame:
    if time_column is None or time_column not in frame.columns:
        raise DatasetError(f"{path}: --as-of needs dataset.time_column in model.toml, to know what came before")
    times = as_times(frame[time_column], str(path))
    # Midnight of the zone that the times are in, if they are in one.
    midnight = pl.lit(datetime(as_of.year, as_of.month, as_of.day))  # noqa: DTZ001  # see above
    kept = frame.filter(times < midnight.dt.replace_time_zone(getattr(times.dtype, "time_zone", None)))
    if kept.is_empty():
        raise DatasetError(f"{path}: holds no rows before {as_of}")
    return kept
