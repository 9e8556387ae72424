"""What the usual tools make of the same rows: scikit-learn's histogram boosting, its own encoders, tuned by Optuna."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.preprocessing import OrdinalEncoder

from core.contract import CategoricalFeature, Contract, Task
from ml.dataset import Dataset
from ml.split import Split

# The most that scikit-learn's boosting takes as categories of one column, less one for the rare rest.
_MAX_CATEGORIES = 254
_MAX_ROUNDS, _PATIENCE = 2000, 20
_DEFAULTS = {
    "learning_rate": 0.1,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "l2_regularization": 1e-3,
    "max_features": 1.0,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuned:
    """Its holdout scores, shape (n, score columns), how many sets it tried, and in how many seconds."""

    scores: NDArray[np.float64]
    trials: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Encoded rows, shape (n, columns), and their outcomes, shape (n,)."""

    matrix: NDArray[np.float64]
    target: NDArray[np.float64]


def tune(parts: Split, contract: Contract, *, seconds: float, seed: int = 0) -> Tuned:
    """
    Tune for so many seconds, then fit the best set on training and validation rows.

    Sets are judged on the validation rows, which also say when to stop adding trees. The first are scikit-learn's own
    defaults; the set that has begun when the time is over is finished.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    encode, categorical = _encoder(parts, contract)
    train, validation = encode(parts.train), encode(parts.validation)
    task, began = contract.target.task, time.perf_counter()

    def objective(trial: optuna.Trial) -> float:
        model = _build(task, _suggest(trial), categorical, seed)
        model.set_params(max_iter=_MAX_ROUNDS, early_stopping=True, n_iter_no_change=_PATIENCE)
        model.fit(train.matrix, train.target, X_val=validation.matrix, y_val=validation.target)
        trial.set_user_attr("rounds", int(np.argmax(model.validation_score_)))
        return _loss(model, validation, task)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial(_DEFAULTS)
    study.optimize(objective, timeout=seconds)
    rounds = max(1, study.best_trial.user_attrs["rounds"])
    best = _build(task, study.best_params, categorical, seed).set_params(max_iter=rounds, early_stopping=False)
    both = np.concatenate([train.matrix, validation.matrix]), np.concatenate([train.target, validation.target])
    scores = _scores(best.fit(*both), encode(parts.holdout).matrix, task)
    return Tuned(scores=scores, trials=len(study.trials), seconds=time.perf_counter() - began)


def _suggest(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 8, 255, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 3, 100, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 30, log=True),
        "max_features": trial.suggest_float("max_features", 0.3, 1.0),
    }


def _build(task: Task, parameters: dict[str, Any], categorical: list[bool], seed: int) -> Any:
    make = HistGradientBoostingRegressor if task is Task.REGRESSION else HistGradientBoostingClassifier
    return make(**parameters, categorical_features=categorical, random_state=seed)


def _loss(model: Any, rows: _Rows, task: Task) -> float:
    if task is Task.REGRESSION:
        return float(mean_squared_error(rows.target, model.predict(rows.matrix)))
    return float(log_loss(rows.target, model.predict_proba(rows.matrix), labels=model.classes_))


def _scores(model: Any, matrix: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    if task is Task.REGRESSION:
        return np.asarray(model.predict(matrix)).reshape(len(matrix), 1)
    probabilities = np.asarray(model.predict_proba(matrix))
    return probabilities[:, 1:] if task is Task.BINARY else probabilities


def _encoder(parts: Split, contract: Contract) -> tuple[Any, list[bool]]:
    """What encodes a part, categorical columns first, and which of the columns those are."""
    texts = [feature.name for feature in contract.features if isinstance(feature, CategoricalFeature)]
    numbers = [name for name in contract.names if name not in texts]
    ordinal = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=_MAX_CATEGORIES,
    )
    if texts:
        ordinal.fit(_texts(parts.fitted, texts))

    def encode(part: Dataset) -> _Rows:
        columns = [part.rows.select(numbers).fill_null(float("nan")).to_numpy()]
        if texts:
            columns.insert(0, ordinal.transform(_texts(part, texts)))
        return _Rows(matrix=np.hstack(columns), target=part.target)

    return encode, [True] * len(texts) + [False] * len(numbers)


def _texts(part: Dataset, names: list[str]) -> NDArray[np.object_]:
    """Shape (n, columns), NaN where a text is missing."""
    filled = [part.rows[name].to_numpy().astype(object) for name in names]
    return np.stack([np.where([text is None for text in column], np.nan, column) for column in filled], axis=1)
