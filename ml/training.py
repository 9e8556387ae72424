"""Fits the ensemble: search, members, weights, calibration, threshold, intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from core.contract import Contract, Task
from core.ensemble import combine, weighted_mean
from core.manifest import Calibration, Intervals, Threshold
from ml.calibration import fit_calibration
from ml.dataset import Dataset
from ml.intervals import fit_intervals
from ml.members import (
    BLAS_THREADS,
    DENSE_ROWS,
    MEMBER_NAMES,
    NETWORK,
    THREADS,
    build_member,
    raw_scores,
    without_empty_columns,
)
from ml.problem import TrainingPlan
from ml.progress import Progress
from ml.search import NETWORK_UNITS, FoundParameters, search_parameters
from ml.split import Split
from ml.threshold import choose_threshold
from ml.weights import fit_weights


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedEnsemble:
    """
    A fitted ensemble, before it becomes a bundle.

    Attributes:
        members: Fitted estimators by name; those whose weight came out as 0 are left out.
        weights: By the same names, adding up to 1.
        calibration: Applied to the weighted mean.
        threshold: For binary targets.
        intervals: For regression, where there are enough validation rows.
        parameters: Every member's hyperparameters, the left-out ones included.
    """

    members: Mapping[str, Any]
    weights: Mapping[str, float]
    calibration: Calibration
    threshold: Threshold | None
    intervals: Intervals | None
    parameters: FoundParameters

    def score(self, matrix: NDArray[np.float32], task: Task) -> NDArray[np.float64]:
        """Calibrated scores by the fitted estimators themselves, shape (n, score columns)."""
        members = np.stack([raw_scores(member, matrix, task) for member in self.members.values()])
        return combine(members, np.array(list(self.weights.values())), self.calibration, task)


def train_ensemble(parts: Split, contract: Contract, plan: TrainingPlan, progress: Progress) -> TrainedEnsemble:
    """
    Fit everything that is fitted, on training and validation rows only.

    Weights, calibration, threshold and intervals are fitted on validation rows, by members that were fitted on training
    rows. The members that count are then fitted once more, on both.

    Args:
        parts: The holdout is not touched.
        contract: Of the rows.
        plan: Seed, search budget, threshold rule, level of intervals.
        progress: Told of every step.
    """
    task = contract.target.task
    with threadpool_limits(limits={"openmp": THREADS, "blas": BLAS_THREADS}), warnings.catch_warnings():
        # The network trains for a fixed number of epochs on purpose; that it could go on is no news.
        warnings.simplefilter("ignore", ConvergenceWarning)
        with progress.step("Searching hyperparameters", total=2 * plan.trials + len(NETWORK_UNITS)) as advance:
            parameters = search_parameters(parts.train, contract, trials=plan.trials, seed=plan.seed, on_trial=advance)
        fit = partial(_fit_member, parameters=parameters, contract=contract, seed=plan.seed)
        with progress.step("Fitting members", total=len(MEMBER_NAMES)) as advance:
            members = {name: fit(name, parts.train, advance) for name in MEMBER_NAMES}
        with progress.step("Fitting weights, calibration and threshold"):
            ensemble = _assemble(members, parts.validation, task, plan, parameters)
        with progress.step("Fitting members on validation rows too", total=len(ensemble.members)) as advance:
            return replace(ensemble, members={name: fit(name, parts.fitted, advance) for name in ensemble.members})


def _fit_member(
    name: str,
    data: Dataset,
    advance: Callable[[str], None],
    *,
    parameters: FoundParameters,
    contract: Contract,
    seed: int,
) -> Any:
    rows = data.spread(DENSE_ROWS) if name == NETWORK else data
    member = build_member(name, parameters[name], contract, matrix=rows.matrix, seed=seed)
    member.fit(without_empty_columns(rows.matrix), rows.target)
    advance(name)
    return member


def _assemble(
    members: dict[str, Any], validation: Dataset, task: Task, plan: TrainingPlan, parameters: FoundParameters
) -> TrainedEnsemble:
    scores = np.stack([raw_scores(member, validation.matrix, task) for member in members.values()])
    weights = fit_weights(scores, validation.target, task)
    kept = {name: float(weight) for name, weight in zip(members, weights, strict=True) if weight > 0}
    calibration = fit_calibration(
        weighted_mean(scores, weights),
        validation.target,
        task,
        shuffle_seed=plan.seed if validation.times is None else None,
    )
    threshold, intervals = None, None
    combined = combine(scores, weights, calibration, task)
    if task is Task.REGRESSION:
        intervals = fit_intervals(combined[:, 0], validation.target, plan.interval)
    elif task is Task.BINARY:
        threshold = choose_threshold(
            combined[:, 0],
            validation.target,
            rule=plan.threshold_rule,
            false_positive_cost=plan.false_positive_cost,
            false_negative_cost=plan.false_negative_cost,
        )
    return TrainedEnsemble(
        members={name: members[name] for name in kept},
        weights=kept,
        calibration=calibration,
        threshold=threshold,
        intervals=intervals,
        parameters=parameters,
    )
