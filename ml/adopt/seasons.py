"""Features that follow the season, told by the months of a sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from core.contract import CategoricalFeature, DriftRole, Feature
from ml.adopt.decisions import Decisions, FeatureDecision
from ml.dataset import Dataset

MIN_MONTHS = 10
# Of the variance: what the months must explain, and of what single months of single years explain.
_MIN_SHARE, _MIN_RETURN = 0.1, 0.5
_MAX_TREND = 0.8
_MIN_ROWS = 20
_MOST_CATEGORIES = 5


def mark_seasonal(decisions: Decisions, data: Dataset) -> Decisions:
    """
    Decisions in which features that follow the season have `drift = "seasonal"`.

    Args:
        decisions: Of a table.
        data: A sample of it with times; without them, or with fewer than 10 months, nothing is marked.
    """
    if data.times is None:
        return decisions
    months = (data.times.dt.year().cast(int) * 12 + data.times.dt.month().cast(int) - 1).to_numpy().astype(np.int64)
    if len(np.unique(months)) < MIN_MONTHS:
        return decisions
    features = []
    for number, each in enumerate(decisions.features):
        share = _share(each.feature, data, number, months)
        features.append(_marked(each, share) if share >= _MIN_SHARE else each)
    return replace(decisions, features=tuple(features))


def _marked(each: FeatureDecision, share: float) -> FeatureDecision:
    if each.feature.drift is not DriftRole.TESTED:
        return each
    explained = f"the month explains {100 * share:.0f} % of its variance"
    reason = f"{each.reason} It follows the season ({explained}), so drift compares it with the last weeks too."
    return replace(each, feature=replace(each.feature, drift=DriftRole.SEASONAL), reason=reason)


def _share(feature: Feature, data: Dataset, number: int, months: NDArray[np.int64]) -> float:
    column = data.matrix[:, number].astype(np.float64)
    if not isinstance(feature, CategoricalFeature):
        return seasonal_share(column, months)
    codes, counts = np.unique(column, return_counts=True)
    frequent = codes[np.argsort(-counts, kind="stable")][:_MOST_CATEGORIES]
    return max(seasonal_share((column == code).astype(np.float64), months) for code in frequent)


def seasonal_share(values: NDArray[np.float64], months: NDArray[np.int64]) -> float:
    """
    The share of a column's variance that the month of the year explains; 0 where it does not come back.

    Where there are two years, the same month of both must look alike; with less, a steady trend is no season.

    Args:
        values: Shape (n,); NaN is missing.
        months: Counted through the years from January of the year 0 on, shape (n,).
    """
    known = ~np.isnan(values)
    values, months = values[known], months[known]
    if len(values) < _MIN_ROWS * MIN_MONTHS or values.std() == 0:
        return 0.0
    season = _explained(values, months % 12)
    if len(np.unique(months)) >= 24:
        return season if season >= _MIN_RETURN * _explained(values, months) else 0.0
    labels, means = _means(values, months)
    trend = spearmanr(labels, means).statistic if means.std() > 0 else 0.0
    return season if abs(trend) < _MAX_TREND else 0.0


def _means(values: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    names, codes = np.unique(labels, return_inverse=True)
    return names, np.bincount(codes, weights=values) / np.bincount(codes)


def _explained(values: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Variance between groups as a share of all, less what groups of noise would explain."""
    names, codes = np.unique(labels, return_inverse=True)
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=values) / counts
    raw = float((counts * (means - values.mean()) ** 2).sum() / ((values - values.mean()) ** 2).sum())
    groups, n = len(names), len(values)
    return max(0.0, 1 - (1 - raw) * (n - 1) / max(n - groups, 1))
