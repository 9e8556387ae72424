"""The flights of 2013 as windows of served rows, and references made of any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from msgspec import structs
from numpy.typing import NDArray

from bench.server import ROOT
from core.contract import CategoricalFeature
from core.ensemble import Opinions
from core.reference import WEEK, WINDOW_DAYS
from drift.columns import Coded, Columns
from drift.counts import Profile
from ml.dataset import Dataset
from ml.problem import Problem, read_problem
from ml.reference import build_reference
from ml.split import Split


@dataclass(frozen=True, kw_only=True)
class Year:
    """
    The rows of the shipped example.

    Attributes:
        problem: Its model.toml.
        data: Its rows, in the order of time.
    """

    problem: Problem
    data: Dataset

    @classmethod
    def load(cls) -> Year:
        """Read them."""
        problem = read_problem(ROOT / "model.toml")
        return cls(problem=problem, data=problem.load(None))

    @cached_property
    def days(self) -> NDArray[np.int64]:
        """The day of each row, from 0."""
        assert self.data.times is not None  # noqa: S101  # the flights have times
        days = self.data.times.dt.date().cast(pl.Int32).to_numpy().astype(np.int64)
        numbered: NDArray[np.int64] = days - days.min()
        return numbered

    @cached_property
    def columns(self) -> Columns:
        """All rows as drift gets them, without scores."""
        rows, features = self.data.rows, self.problem.contract.features
        return Columns(
            at=self.days * 86_400_000_000,
            numeric={
                each.name: rows[each.name].fill_null(float("nan")).to_numpy()
                for each in features
                if not isinstance(each, CategoricalFeature)
            },
            categorical={
                each.name: coded(rows[each.name]) for each in features if isinstance(each, CategoricalFeature)
            },
            scores={},
            wrong={},
        )

    def quarters(self, length: int, begin: int = 0) -> Iterator[list[NDArray[np.int64]]]:
        """
        The rows of each complete window, quarter by quarter.

        Args:
            length: In days.
            begin: The day of the year, from 0, with which the first quarter begins.
        """
        for first, last in ((begin, 90), (90, 181), (181, 273), (273, 365)):
            starts = range(first, last - length + 1, length)
            yield [np.flatnonzero((self.days >= start) & (self.days < start + length)) for start in starts]

    def profile(self, index: NDArray[np.int64], length: str = WEEK) -> Profile:
        """A reference of these rows, as training would make it, for windows of one length and without scores."""
        part = self.data.take(np.sort(index))
        parts = Split(
            data=part, train=part, validation=part, holdout=part, holdout_index=np.arange(0), holdout_cuts=None
        )
        contract, window_days = self.problem.contract, {length: WINDOW_DAYS[length]}
        reference = build_reference(parts, _nothing, contract, {}, window_days=window_days)
        return Profile.of(contract, structs.replace(reference, scores={}))


def _nothing(matrix: NDArray[np.float32]) -> Opinions:
    scores = np.zeros((len(matrix), 1), dtype=np.float32)
    return Opinions(scores=scores.astype(np.float64), disagreement=[0.0] * len(matrix), members=[scores])


def take(columns: Columns, index: NDArray[np.int64]) -> Columns:
    """Some of the rows."""
    return replace(
        columns,
        at=columns.at[index],
        numeric={name: values[index] for name, values in columns.numeric.items()},
        categorical={
            name: Coded(codes=texts.codes[index], categories=texts.categories)
            for name, texts in columns.categorical.items()
        },
    )


def coded(texts: pl.Series) -> Coded:
    """A column of texts, null where missing."""
    texts = texts.cast(pl.String)
    categories = texts.drop_nulls().unique().sort()
    codes = texts.cast(pl.Enum(categories)).to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    return Coded(codes=codes.astype(np.int32), categories=tuple(categories))
