"""A small seeded search for the boosted members' hyperparameters."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from xgboost import XGBModel

from core.contract import Contract, Task
from ml.calibration import log_loss_rows
from ml.dataset import Dataset
from ml.members import MEMBER_NAMES, NETWORK, XGBOOST, build_member, raw_scores, without_empty_columns

# Trees cost time at every request, one about 0.05 microseconds: so many of a member keep a single row of two members
# well under the millisecond that is always fast enough for the gate. A round adds one tree, or one for each class.
MAX_TREES, MAX_ROUNDS = 8000, 600
# Wide ones know smooth surfaces better (a figure's strokes, a price), narrow ones forget more noise.
NETWORK_UNITS = (32, 128)
_PATIENCE = 20
_MAX_SEARCH_ROWS = 60_000
_TAIL_SHARE = 0.2

FoundParameters = dict[str, dict[str, float | int | str]]


def search_parameters(
    train: Dataset, contract: Contract, *, trials: int, seed: int, on_trial: Callable[[str], None]
) -> FoundParameters:
    """
    The best hyperparameters found for every member.

    Each set is fitted on the first four fifths of the training rows (at random where there is no time column) and
    judged on the rest, which also says when to stop adding trees. Of the network only the width is searched.

    Args:
        train: Training rows.
        contract: Of the rows.
        trials: Sets tried per boosted member.
        seed: Of Optuna's sampler and of every fit.
        on_trial: Told what was just tried.

    Source:
        Akiba et al., "Optuna: a next-generation hyperparameter optimization framework" (2019).
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    head, tail = _inner_split(train, contract.target.task, seed)
    found: FoundParameters = {}
    for name in MEMBER_NAMES:
        if name == NETWORK:
            found[name] = _search_network(head, tail, contract, seed, on_trial)
        else:
            found[name] = _search_boosted(name, head, tail, contract, trials, seed, on_trial)
    return found


def _search_network(
    head: Dataset, tail: Dataset, contract: Contract, seed: int, on_trial: Callable[[str], None]
) -> dict[str, float | int | str]:
    task = contract.target.task
    losses: dict[int, float] = {}
    for number, units in enumerate(NETWORK_UNITS, start=1):
        member = build_member(NETWORK, _network(units), contract, matrix=head.matrix, seed=seed)
        member.fit(without_empty_columns(head.matrix), head.target)
        losses[units] = _loss(raw_scores(member, tail.matrix, task), tail.target, task)
        on_trial(f"{NETWORK}: {number} of {len(NETWORK_UNITS)}")
    return _network(min(losses, key=losses.__getitem__))


def _network(units: int) -> dict[str, float | int | str]:
    return {"hidden_units": units, "alpha": 1e-3, "learning_rate": 2e-3}


def _search_boosted(
    name: str,
    head: Dataset,
    tail: Dataset,
    contract: Contract,
    trials: int,
    seed: int,
    on_trial: Callable[[str], None],
) -> dict[str, float | int | str]:
    task = contract.target.task
    suggest, fit = (_suggest_xgboost, _fit_xgboost) if name == XGBOOST else (_suggest_hist, _fit_hist)
    rounds = max_rounds(contract)

    def objective(trial: optuna.Trial) -> float:
        parameters = suggest(trial)
        member = build_member(name, parameters, contract, matrix=head.matrix, seed=seed)
        used = fit(member, head, tail, rounds)
        trial.set_user_attr("rounds", used)
        loss = _loss(_scores_with(member, used, tail.matrix, task), tail.target, task)
        on_trial(f"{name}: {trial.number + 1} of {trials}")
        return loss

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    best = study.best_trial
    used = {"n_estimators" if name == XGBOOST else "max_iter": int(best.user_attrs["rounds"])}
    return {key: _rounded(value) for key, value in best.params.items()} | used


def max_rounds(contract: Contract) -> int:
    """The most rounds of boosting that a member takes, at least 1."""
    width = contract.target.score_width
    return max(1, min(MAX_ROUNDS, MAX_TREES // width))


def _rounded(value: float | str) -> float | int | str:
    # Six digits say all there is to say, and a person may want to read them.
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _suggest_xgboost(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.05, 0.25, log=True),
        "max_depth": trial.suggest_int("max_depth", 3, 8),
        "min_child_weight": trial.suggest_float("min_child_weight", 1, 60, log=True),
        "subsample": trial.suggest_float("subsample", 0.6, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.3, 20, log=True),
    }


def _suggest_hist(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.05, 0.25, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 8, 63),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 100, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-2, 20, log=True),
        "max_features": trial.suggest_float("max_features", 0.3, 1.0),
    }


def _fit_xgboost(member: Any, head: Dataset, tail: Dataset, rounds: int) -> int:
    member.set_params(n_estimators=rounds, early_stopping_rounds=_PATIENCE)
    member.fit(head.matrix, head.target, eval_set=[(tail.matrix, tail.target)], verbose=False)
    return int(member.best_iteration) + 1


def _fit_hist(member: Any, head: Dataset, tail: Dataset, rounds: int) -> int:
    member.set_params(max_iter=rounds, early_stopping=True, n_iter_no_change=_PATIENCE)
    member.fit(without_empty_columns(head.matrix), head.target, X_val=tail.matrix, y_val=tail.target)
    # The first of the scores is that of no tree at all.
    return max(1, int(np.argmax(member.validation_score_)))


def _scores_with(member: Any, rounds: int, matrix: NDArray[np.float32], task: Task) -> NDArray[np.float64]:
    """
    Scores by the trees of a member's first rounds only.

    XGBoost leaves its last, fruitless rounds out by itself; scikit-learn does not, and what is judged must be what
    will be fitted again.
    """
    if isinstance(member, XGBModel):
        return raw_scores(member, matrix, task)
    stages = member.staged_predict(matrix) if task is Task.REGRESSION else member.staged_predict_proba(matrix)
    scores = np.asarray(next(islice(stages, rounds - 1, None)), dtype=np.float64)
    return scores[:, 1:] if task is Task.BINARY else scores.reshape(len(matrix), -1)


def _loss(scores: NDArray[np.float64], target: NDArray[np.float64], task: Task) -> float:
    if task is Task.REGRESSION:
        return float(((scores[:, 0] - target) ** 2).mean())
    return float(log_loss_rows(scores, target).mean())


def _inner_split(train: Dataset, task: Task, seed: int) -> tuple[Dataset, Dataset]:
    index = np.arange(len(train))
    if len(index) > _MAX_SEARCH_ROWS:
        index = np.linspace(0, len(index) - 1, _MAX_SEARCH_ROWS).round().astype(np.int64)
    if train.times is None:
        head, tail = train_test_split(index, test_size=_TAIL_SHARE, random_state=seed)
    else:
        head, tail = np.split(index, [int(len(index) * (1 - _TAIL_SHARE))])
    if task is not Task.REGRESSION:
        # A rare class may be absent from the head; one row of each keeps every fit possible.
        _, first = np.unique(train.target, return_index=True)
        head = np.union1d(head, first)
    return train.take(np.sort(head)), train.take(np.sort(tail))
