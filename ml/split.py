"""Cuts a data set into training, validation and holdout rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.contract import Task
from core.errors import DatasetError
from ml.dataset import MIN_ROWS, Dataset
from ml.row_places import places

_GRAMMAR = re.compile(r"([1-9]\d{0,3})(%|h|d|w|mo|y)")
# Calendars end before the year 1.
_MOST = {"%": 50, "y": 99}
_NOMINAL_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "mo": 365.25 / 12, "y": 365.25}
# Each part must be able to carry the figures that are read off it.
MIN_PART_ROWS = MIN_ROWS // 5
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

    @property
    def nominal_days(self) -> float:
        """A length of time in days, months and years at their mean."""
        return self.amount * _NOMINAL_DAYS[self.unit]


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """
    The three parts of a data set.

    Attributes:
        data: The whole; of a split at random, in the order of the parts.
        train, validation, holdout: The parts, each in the order that the rows came in.
        holdout_index: Where the holdout's rows, the last ones of `data`, were in the data set that was cut.
        holdout_cuts: Of a split at random: rows of class i whose place is below number i are the holdout (one number
            for regression); None of a split by time.
        came: Of a split at random: where each row of `data` was in the data set that was cut, shape (n,).
    """

    data: Dataset
    train: Dataset
    validation: Dataset
    holdout: Dataset
    holdout_index: NDArray[np.int64]
    holdout_cuts: tuple[float, ...] | None
    came: NDArray[np.int64] | None = None

    @property
    def fitted(self) -> Dataset:
        """The rows that the members are fitted on in the end: those of training and validation."""
        return self.data.take(np.arange(len(self.train) + len(self.validation)))


def split(data: Dataset, *, validation: Share, holdout: Share, task: Task) -> Split:
    """
    Cut a data set: by time where it has times (the newest rows are the holdout), else at random.

    Lengths of time are cut back in proportion where together they would take more than half of the time there is:
    a data set that is still growing trains from its first months on, and its training rows never get fewer.

    Args:
        data: Rows in time order where there are times.
        validation: Rows that weights, calibration, threshold and intervals are fitted on, by members that know the
            training rows only; a percentage if the holdout is one, a length of time if it is one.
        holdout: Rows that nothing is fitted on.
        task: Classes are spread evenly over the parts of a random split.

    Raises:
        DatasetError: if a part would be too small to mean anything.
    """
    came, cuts = None, None
    if data.times is None:
        parts, cuts = _random_parts(data, validation.amount / 100, holdout.amount / 100, task)
    else:
        parts = _time_parts(data.times, validation, holdout)
    for name, part in zip(("training", "validation", "holdout"), parts, strict=True):
        if len(part) < MIN_PART_ROWS:
            raise DatasetError(
                f"the {name} part has {len(part)} rows and needs {MIN_PART_ROWS}; "
                "add data or change [split] in model.toml"
            )
    if data.times is None:
        # Put in the order of the parts once, they need no copies of their own. Each column is let go when it is
        # copied, unless the caller keeps it: two of a long table are too many.
        came = np.concatenate(parts)
        columns, matrix, target = data.rows.get_columns(), data.matrix, data.target
        data = replace(data, rows=pl.DataFrame(), matrix=np.empty((0, 0), dtype=np.float32), target=np.empty(0))
        for index in range(len(columns)):
            columns[index] = columns[index].gather(came)
        data = replace(data, rows=pl.DataFrame(columns), matrix=matrix[came], target=target[came])
        del matrix
    bounds = np.cumsum([len(part) for part in parts[:-1]])
    train, middle, last = (data.take(part) for part in np.split(np.arange(len(data)), bounds))
    _require_classes(data, train, middle, last, task)
    return Split(
        data=data,
        train=train,
        validation=middle,
        holdout=last,
        holdout_index=parts[2],
        holdout_cuts=cuts,
        came=came,
    )


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
    data: Dataset, validation: float, holdout: float, task: Task
) -> tuple[tuple[NDArray[np.int64], ...], tuple[float, ...]]:
    """
    Each class (or all rows, for regression) in the order of its rows' places, cut at the shares.

    A class too small for a share stays in training.

    Returns:
        The rows of each part, and for each class the place that its holdout rows are below.
    """
    order, strata = places(data, data.rows.columns), _strata(data, task)
    part = np.zeros(len(data), dtype=np.int64)
    cuts = []
    for stratum in range(int(strata.max()) + 1):
        rows = np.flatnonzero(strata == stratum)
        rows = rows[np.argsort(order[rows], kind="stable")]
        last = round(len(rows) * holdout)
        part[rows[:last]] = _HOLDOUT
        part[rows[last : last + round(len(rows) * validation)]] = _VALIDATION
        cuts.append(float(order[rows[last]]) if last < len(rows) else 1.0)
    return tuple(np.flatnonzero(part == number) for number in (_TRAINING, _VALIDATION, _HOLDOUT)), tuple(cuts)


def held_out(
    data: Dataset,
    names: Sequence[str],
    cuts: Sequence[float],
    task: Task,
    came: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """
    Which rows an earlier random split kept as its holdout, or would have.

    Args:
        data: The whole data set.
        names: The features it had then.
        cuts: Its `Split.holdout_cuts`.
        task: With the same classes as then.
        came: See `ml.row_places.places`.
    """
    known = np.zeros(len(data.target))
    strata = _strata(data, task)
    inside = strata < len(cuts)
    known[inside] = np.asarray(cuts)[strata[inside]]
    below: NDArray[np.bool_] = places(data, names, came) < known
    return below


def _strata(data: Dataset, task: Task) -> NDArray[np.int64]:
    return np.zeros(len(data), dtype=np.int64) if task is Task.REGRESSION else data.target.astype(np.int64)


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
    every = "1h" if "h" in (validation.unit, holdout.unit) else "1d"
    # The midnight after the last row; the full hour, if hours are counted.
    end = times.tail(1).dt.offset_by(every).dt.truncate(every)
    holdout_start = end.dt.offset_by(f"-{holdout}")
    validation_start = holdout_start.dt.offset_by(f"-{validation}")
    start = times.head(1).dt.truncate(every)
    # Days of a calendar, whatever the clocks did.
    first, last = (time.dt.replace_time_zone(None)[0] for time in (start, end))
    steps = round((last - first) / (timedelta(hours=1) if every == "1h" else timedelta(days=1)))
    middle = _after(start, -(-steps // 2), every)
    if validation_start[0] < middle[0]:
        share = validation.nominal_days / (validation.nominal_days + holdout.nominal_days)
        validation_start = middle
        holdout_start = _after(middle, round(steps // 2 * share), every)
    return [_position(times, validation_start), _position(times, holdout_start)]


def _after(time: pl.Series, steps: int, every: str) -> pl.Series:
    return time.dt.offset_by(f"{steps}{every[-1]}")


def _position(times: pl.Series, time: pl.Series) -> int:
    return int(times.search_sorted(time[0], "left"))
