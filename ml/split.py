"""Cuts a data set into training, validation and holdout rows."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.contract import Task
from core.errors import DatasetError
from ml.dataset import MIN_ROWS, Dataset

_GRAMMAR = re.compile(r"([1-9]\d{0,3})(%|h|d|w|mo|y)")
# Calendars end before the year 1.
_MOST = {"%": 50, "y": 99}
# Each part must be able to carry the figures that are read off it.
_MIN_PART_ROWS = MIN_ROWS // 5
_TRAINING, _VALIDATION, _HOLDOUT = range(3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How much of the data a part takes: a percentage of the rows, or a length of time at their end."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Share:
        """
        The share written as `text`, such as 20%, 90d or 3mo.

        Raises:
            ValueError: saying what would be right.
        """
        match = _GRAMMAR.fullmatch(text)
        if match is None or int(match[1]) > _MOST.get(match[2], 9999):
            raise ValueError(f"takes 1% to 50%, or a length of time such as 12h, 30d, 4w, 3mo or 1y, found {text!r}")
        return cls(amount=int(match[1]), unit=match[2])

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """The three parts of a data set."""

    train: Dataset
    validation: Dataset
    holdout: Dataset


def split(data: Dataset, *, validation: Share, holdout: Share, task: Task, seed: int) -> Split:
    """
    Cut a data set: by time where it has times (the newest rows are the holdout), else at random.

    Lengths of time are cut back, the longer first and one unit at a time, while together they would take more
    than half of the time there is: a data set that is still growing trains from its first months on.

    Args:
        data: Rows in time order where there are times.
        validation: Rows that weights, calibration and threshold are fitted on; a percentage if the holdout is one,
            a length of time if it is one.
        holdout: Rows that nothing is fitted on.
        task: Classes are spread evenly over the parts of a random split.
        seed: Of the random split.

    Raises:
        DatasetError: if a part would be too small to mean anything.
    """
    if data.times is None:
        parts = _random_parts(data, validation.amount / 100, holdout.amount / 100, task, seed)
    else:
        parts = _time_parts(data.times, validation, holdout)
    for name, part in zip(("training", "validation", "holdout"), parts, strict=True):
        if len(part) < _MIN_PART_ROWS:
            raise DatasetError(
                f"the {name} part has {len(part)} rows and needs {_MIN_PART_ROWS}; "
                "add data or change [split] in model.toml"
            )
    train, middle, last = (data.take(part) for part in parts)
    _require_classes(data, train, middle, last, task)
    return Split(train=train, validation=middle, holdout=last)


def _require_classes(data: Dataset, train: Dataset, validation: Dataset, holdout: Dataset, task: Task) -> None:
    if task is Task.REGRESSION:
        return
    for name, part in (("training", train), ("validation", validation), ("holdout", holdout)):
        if len(np.unique(part.target)) < 2:
            raise DatasetError(f"every outcome of the {name} part is the same; change [split] in model.toml")
    known, learned = len(np.unique(data.target)), len(np.unique(train.target))
    if learned < known:
        raise DatasetError(
            f"the training part lacks {known - learned} of the {known} classes; "
            "add data or change [split] in model.toml"
        )


def _random_parts(
    data: Dataset, validation: float, holdout: float, task: Task, seed: int
) -> tuple[NDArray[np.int64], ...]:
    """
    Each class (or all rows, for regression) in the order of its rows' hashes, cut at the shares.

    A row's place follows from what it holds, not from where it stands: when the data grow, it stays in its part,
    and a champion has not been trained on the holdout of its challenger. A class too small for a share stays in
    training.
    """
    if data.keys is None:
        raise ValueError("a split at random needs the rows' keys")
    places = np.array([_place(key, seed) for key in data.keys], dtype=np.uint64)
    strata = np.zeros(len(data)) if task is Task.REGRESSION else data.target
    part = np.zeros(len(data), dtype=np.int64)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        rows = rows[np.argsort(places[rows], kind="stable")]
        last = round(len(rows) * holdout)
        part[rows[:last]] = _HOLDOUT
        part[rows[last : last + round(len(rows) * validation)]] = _VALIDATION
    return tuple(np.flatnonzero(part == number) for number in (_TRAINING, _VALIDATION, _HOLDOUT))


def _place(key: bytes, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(key, digest_size=8, key=seed.to_bytes(8, "big")).digest(), "big")


def _time_parts(times: pl.Series, validation: Share, holdout: Share) -> tuple[NDArray[np.int64], ...]:
    if holdout.unit == "%":
        last = int(len(times) * (1 - holdout.amount / 100))
        middle = last - int(len(times) * validation.amount / 100)
        bounds = [_first_of_its_time(times, middle), _first_of_its_time(times, last)]
    else:
        bounds = _time_bounds(times, validation, holdout)
    return tuple(np.split(np.arange(len(times)), bounds))


def _first_of_its_time(times: pl.Series, position: int) -> int:
    """Rows of one instant stay together."""
    return int(times.search_sorted(times[min(position, len(times) - 1)], "left"))


def _time_bounds(times: pl.Series, validation: Share, holdout: Share) -> list[int]:
    end = _end(times, holdout.unit)
    while True:
        holdout_start = _before(end, holdout)
        validation_start = _before(holdout_start, validation)
        is_shortest = validation.amount == holdout.amount == 1
        if is_shortest or 2 * (end[0] - validation_start[0]) <= end[0] - times[0]:
            return [_position(times, validation_start), _position(times, holdout_start)]
        is_holdout_longer = end[0] - holdout_start[0] >= holdout_start[0] - validation_start[0]
        if validation.amount == 1 or (is_holdout_longer and holdout.amount > 1):
            holdout = replace(holdout, amount=holdout.amount - 1)
        else:
            validation = replace(validation, amount=validation.amount - 1)


def _end(times: pl.Series, unit: str) -> pl.Series:
    """The midnight after the last row; the full hour, if hours are counted."""
    every = "1h" if unit == "h" else "1d"
    return times.tail(1).dt.offset_by(every).dt.truncate(every)


def _before(time: pl.Series, share: Share) -> pl.Series:
    return time.dt.offset_by(f"-{share}")


def _position(times: pl.Series, time: pl.Series) -> int:
    return int(times.search_sorted(time[0], "left"))
