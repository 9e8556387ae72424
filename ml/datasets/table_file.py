"""A data set in CSV or Parquet files."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from pathlib import Path

import polars as pl

from core.errors import DatasetError
from ml.dataset import RawData
from ml.datasets.sources import SUFFIXES, Files, digest, kind_of
from ml.times import as_times

_DUPLICATED = re.compile(r"(.*)_duplicated_\d+", re.DOTALL)


def load(files: Files, *, time_column: str | None, as_of: date | None) -> RawData:
    """
    Read files whole, one below the other.

    Every column of a CSV file is read as text. What it means is the contract's to say: guessed types would turn 01234
    into 1234 and True into true.

    Args:
        files: They end in .csv (comma, UTF-8, a header line) or .parquet, and have the same columns, in any order.
        time_column: Needed to honour `as_of`.
        as_of: Keep the rows before this day.

    Raises:
        DatasetError: if a file is missing, unreadable or of other columns, or `as_of` is asked of data without a time
            column.
    """
    digests, frames = [], []
    for path, name in zip(files.paths, files.names, strict=True):
        content = _read(path, name)
        digests.append(hashlib.sha256(content).hexdigest())
        frames.append(_parse(path, name, content))
    frame = _below_each_other(frames, files.names)
    if as_of is not None:
        frame = _before(frame, as_of, time_column, files.label)
    return RawData(frame=frame, sha256=digest(files.names, digests), source=files.label, files=files.paths)


def _read(path: Path, name: str) -> bytes:
    if kind_of(path.name) is None:
        raise DatasetError(f"{name}: takes a file that ends in {' or '.join(SUFFIXES)}")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(
            f"{name} does not exist; dataset.path in model.toml names it, from that file's folder"
        ) from error
    except OSError as error:
        raise DatasetError(f"{name} cannot be read ({error.strerror})") from error


def _below_each_other(frames: list[pl.DataFrame], names: tuple[str, ...]) -> pl.DataFrame:
    first = frames[0].columns
    for frame, name in zip(frames[1:], names[1:], strict=True):
        if set(frame.columns) != set(first):
            differing = sorted(set(frame.columns) ^ set(first))
            raise DatasetError(
                f"{name}: has other columns than {names[0]}: only one of them has {', '.join(map(repr, differing))}"
            )
    try:
        return pl.concat([frame.select(first) for frame in frames], how="vertical_relaxed")
    except pl.exceptions.PolarsError as error:
        problem = str(error).splitlines()[0]
        raise DatasetError(f"{names[0]} and the files beside it hold columns of different types ({problem})") from error


def _parse(path: Path, name: str, content: bytes) -> pl.DataFrame:
    try:
        if kind_of(path.name) == ".parquet":
            return pl.read_parquet(content)
        return _parse_csv(name, content)
    except pl.exceptions.NoDataError as error:
        raise DatasetError(f"{name}: holds no rows") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        problem = str(error).splitlines()[0]
        raise DatasetError(f"{name}: is not a readable {path.suffix[1:]} file ({problem})") from error


def _parse_csv(name: str, content: bytes) -> pl.DataFrame:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{name}: is not UTF-8 (byte {error.start:,} is 0x{content[error.start]:02x}); save it as CSV UTF-8"
        ) from error
    frame = pl.read_csv(content, infer_schema=False)
    if frame.width == 1 and any(separator in frame.columns[0] for separator in ";\t|"):
        raise DatasetError(f"{name}: has one column, {frame.columns[0]!r}; columns are separated by commas")
    for column in frame.columns:
        match = _DUPLICATED.fullmatch(column)
        if match and match[1] in frame.columns:
            raise DatasetError(f"{name}: has more than one column {match[1]!r}; rename all but one")
    return frame


def _before(frame: pl.DataFrame, as_of: date, time_column: str | None, source: str) -> pl.DataFrame:
    if time_column is None or time_column not in frame.columns:
        raise DatasetError(f"{source}: --as-of needs dataset.time_column in model.toml, to know what came before")
    times = as_times(frame[time_column], source)
    # Midnight of the zone that the times are in, if they are in one.
    midnight = pl.lit(datetime(as_of.year, as_of.month, as_of.day))  # noqa: DTZ001  # see above
    kept = frame.filter(times < midnight.dt.replace_time_zone(getattr(times.dtype, "time_zone", None)))
    if kept.is_empty():
        raise DatasetError(f"{source}: holds no rows before {as_of}")
    return kept
