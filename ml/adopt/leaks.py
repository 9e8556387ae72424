"""Which features alone give the outcome away, measured on rows they were not fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from core.contract import CategoricalFeature, Contract, Target, Task
from core.encoder import MISSING_CATEGORY
from core.errors import DatasetError
from ml.adopt.decisions import Decisions, LeftOut
from ml.adopt.phrases import quoted
from ml.dataset import Dataset

MEASURES = {Task.BINARY: "AUC", Task.MULTICLASS: "balanced accuracy", Task.REGRESSION: "R²"}
# Real features seldom reach the first alone; from the second on they are worth a look.
_LEAK = {Task.BINARY: 0.99, Task.MULTICLASS: 0.98, Task.REGRESSION: 0.98}
_STRONG = {Task.BINARY: 0.95, Task.MULTICLASS: 0.9, Task.REGRESSION: 0.9}
_ROWS, _CELLS = 10_000, 2_000_000
_MIN_MISSING = 10
_MOST_STRONG = 3
_SEED = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """
    How much single features tell of the outcome.

    Attributes:
        strengths: AUC (binary), balanced accuracy (multiclass) or R² (regression) of each feature alone; never below 0.
        given_away: Features that are missing, or there, exactly when the outcome is one value, as a sentence says.
    """

    strengths: Mapping[str, float]
    given_away: Mapping[str, str]


def measure(data: Dataset, contract: Contract) -> Evidence:
    """
    Let a small tree predict the outcome from each feature alone: fitted on one half of the rows, asked for the other.

    Args:
        data: A sample; at most 10,000 of its rows are used, fewer of a wide one.
        contract: Its features and target.
    """
    most = max(_ROWS // 5, min(_ROWS, _CELLS // len(contract.features)))
    order = np.random.default_rng(_SEED).permutation(len(data.target))[:most]
    matrix, target, task = data.matrix[order], data.target[order], contract.target.task
    strengths, given_away = {}, {}
    for number, feature in enumerate(contract.features):
        strengths[feature.name] = _strength(matrix[:, [number]], target, task)
        absent = MISSING_CATEGORY if isinstance(feature, CategoricalFeature) else np.nan
        is_missing = np.isclose(data.matrix[:, number], absent, equal_nan=True)
        for verb, mask in (("is missing", is_missing), ("has a value", ~is_missing)):
            if feature.name not in given_away and (value := _told_by(mask, data.target)) is not None:
                outcome = quoted([_shown(value, contract.target)])
                given_away[feature.name] = f"It {verb} exactly in the rows whose outcome is {outcome}."
    return Evidence(strengths=strengths, given_away=given_away)


def _strength(column: NDArray[np.float32], target: NDArray[np.float64], task: Task) -> float:
    """The measure of the task over both halves, each predicted by a tree that was fitted on the other."""
    half = len(target) // 2
    halves = (slice(None, half), slice(half, None))
    scores = []
    for fitted, asked in (halves, halves[::-1]):
        if task is not Task.REGRESSION and len(np.unique(target[fitted])) < 2:
            return 0.0
        tree_type = DecisionTreeRegressor if task is Task.REGRESSION else DecisionTreeClassifier
        tree = tree_type(max_leaf_nodes=256, min_samples_leaf=5, random_state=_SEED)
        tree.fit(column[fitted], target[fitted])
        scores.append(_score(tree, column[asked], target[asked], task))
    # Below that a tree has learnt noise by heart.
    return max(0.0, float(np.mean(scores)))


def _score(tree: object, column: NDArray[np.float32], target: NDArray[np.float64], task: Task) -> float:
    if isinstance(tree, DecisionTreeRegressor):
        return float(r2_score(target, tree.predict(column)))
    if not isinstance(tree, DecisionTreeClassifier) or len(np.unique(target)) < 2:
        return 0.0
    if task is Task.BINARY:
        return float(roc_auc_score(target, tree.predict_proba(column)[:, 1]))
    known = np.isin(target, tree.classes_)
    return float(balanced_accuracy_score(target[known], tree.predict(column[known])))


def _told_by(mask: NDArray[np.bool_], target: NDArray[np.float64]) -> float | None:
    """The outcome of all rows under a mask and of no other row; None if there is none."""
    if mask.sum() < _MIN_MISSING or mask.all():
        return None
    values = np.unique(target[mask])
    if len(values) > 1 or (target[~mask] == values[0]).any():
        return None
    return float(values[0])


def _shown(value: float, target: Target) -> str:
    return target.classes[int(value)] if target.classes else f"{value:g}"


def without_leaks(decisions: Decisions, evidence: Evidence, keep: Sequence[str], source: str) -> Decisions:
    """
    Decisions without the features that are likely leaks, but for those to keep; strengths are noted with the others.

    Raises:
        DatasetError: if no feature is left.
    """
    task = decisions.target.target.task
    reasons = {
        each.feature.name: reason
        for each in decisions.features
        if (reason := _reason(each.feature.name, evidence, task)) is not None
    }
    leaks = {name: reason for name, reason in reasons.items() if name not in keep}
    features = tuple(
        replace(each, strength=evidence.strengths.get(each.feature.name))
        for each in decisions.features
        if each.feature.name not in leaks
    )
    if not features:
        raise DatasetError(
            f"{source}: every column alone gives {decisions.target.target.name!r} away ({quoted(list(leaks))}), so "
            "that none is left; keep those that are known before the outcome with --keep"
        )
    found = tuple(LeftOut(name=name, reason=reason, is_leak=True) for name, reason in leaks.items())
    remarks = [
        f"{quoted([leak.name])} was left out as a likely leak: if callers know it before the outcome, --keep keeps it."
        for leak in found
    ]
    remarks += [f"{quoted([name])} was kept by --keep. {reasons[name]}" for name in keep if name in reasons]
    remarks += _of_strong([(each.feature.name, each.strength or 0.0) for each in features], reasons, task)
    return replace(
        decisions,
        features=features,
        left_out=(*decisions.left_out, *found),
        segments=tuple(name for name in decisions.segments if name not in leaks),
        remarks=(*remarks, *decisions.remarks),
    )


def _reason(name: str, evidence: Evidence, task: Task) -> str | None:
    advice = "It may be known only with the outcome, or after it."
    if name in evidence.given_away:
        return f"{evidence.given_away[name]} {advice}"
    strength = evidence.strengths[name]
    if strength < _LEAK[task]:
        return None
    return f"Alone it nearly gives the outcome: {MEASURES[task]} {strength:.3f} on rows it was not fitted on. {advice}"


def _of_strong(strengths: Sequence[tuple[str, float]], known: Mapping[str, str], task: Task) -> list[str]:
    strong = sorted(
        (each for each in strengths if each[1] >= _STRONG[task] and each[0] not in known), key=lambda e: -e[1]
    )
    return [
        f"{quoted([name])} alone reaches {MEASURES[task]} {value:.2f}: make sure that callers know it in advance."
        for name, value in strong[:_MOST_STRONG]
    ]
