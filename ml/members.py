"""The ensemble's members: what each is, and how it is built for a task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from core.contract import CategoricalFeature, Contract, Task

XGBOOST = "xgboost"
HIST_BOOSTING = "hist-gradient-boosting"
NETWORK = "neural-network"
MEMBER_NAMES = (XGBOOST, HIST_BOOSTING, NETWORK)

# Fixed, not "all cores": float sums depend on how work is cut up, and equal trainings must give equal bytes.
THREADS = 2
# The network's matrices are small. A second thread of BLAS gains little, and waits busily: where other work is going
# on, it makes a fit a hundred times longer.
BLAS_THREADS = 1
# Small steps over few rows, large ones over many: the network sees at least this many batches.
_NETWORK_BATCH = 512
_NETWORK_MIN_BATCHES = 3000
_NETWORK_EPOCHS = (12, 200)
_MOST_DEVIATIONS = 5.0

# Members make wide matrices of their own of what they score, so they are given so many rows at a time.
_CHUNK_ROWS = 50_000
# A network or a linear model learns no more from more rows, and its columns, one a category, would fill the memory.
DENSE_ROWS = 500_000
# From so many columns on, most of them zeros, they are kept as a sparse matrix.
_SPARSE_COLUMNS = 256

Parameters = Mapping[str, float | int | str]


def build_member(
    name: str, parameters: Parameters, contract: Contract, *, matrix: NDArray[np.float32], seed: int
) -> Any:
    """
    An unfitted scikit-learn estimator that reads the encoder's matrix.

    Args:
        name: One of MEMBER_NAMES.
        parameters: Hyperparameters, as the search found them.
        contract: Gives the task and says which columns are categorical.
        matrix: The rows it will be fitted on, shape (n, columns): the network's epochs follow from their number, and
            its inputs are the columns that are not the same everywhere.
        seed: Makes the fit repeatable.
    """
    classifier = contract.target.task is not Task.REGRESSION
    if name == XGBOOST:
        make = XGBClassifier if classifier else XGBRegressor
        return make(**parameters, tree_method="hist", n_jobs=THREADS, random_state=seed)
    if name == HIST_BOOSTING:
        make_hist = HistGradientBoostingClassifier if classifier else HistGradientBoostingRegressor
        return make_hist(**parameters, early_stopping=False, random_state=seed)
    rows = len(matrix)
    epochs = math.ceil(_NETWORK_MIN_BATCHES * _NETWORK_BATCH / max(rows, 1))
    settings = {
        "hidden_layer_sizes": (int(parameters["hidden_units"]),),
        "alpha": parameters["alpha"],
        "learning_rate_init": parameters["learning_rate"],
        "batch_size": min(_NETWORK_BATCH, rows),
        "max_iter": min(max(epochs, _NETWORK_EPOCHS[0]), _NETWORK_EPOCHS[1]),
        "n_iter_no_change": _NETWORK_EPOCHS[1],
        "random_state": seed,
    }
    return make_pipeline(
        _dense(contract, matrix), MLPClassifier(**settings) if classifier else ScaledNetwork(**settings)
    )


def rows_note(rows: int) -> tuple[str, ...]:
    """What is to be said of a training on so many rows, as a sentence; nothing if every member sees all of them."""
    if rows <= DENSE_ROWS:
        return ()
    models = "the neural network and the linear baseline"
    return (f"{models} were fitted on {DENSE_ROWS:,} of the {rows:,} training rows, spread evenly over them",)


def without_empty_columns(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """
    Training rows, shape (n, columns), with zeros in every column that holds no value at all.

    scikit-learn 1.9 cannot bin such a column. A constant one is never split on, so it stays without effect.
    """
    empty = np.isnan(matrix).all(axis=0)
    return np.where(empty, np.float32(0), matrix) if empty.any() else matrix


def build_linear_baseline(contract: Contract, matrix: NDArray[np.float32]) -> Pipeline:
    """A logistic (or ridge) regression over the same columns of the rows it will be fitted on, to be beaten."""
    if contract.target.task is Task.REGRESSION:
        return make_pipeline(_dense(contract, matrix), Ridge())
    return make_pipeline(_dense(contract, matrix), LogisticRegression(max_iter=500))


def _dense(contract: Contract, matrix: NDArray[np.float32]) -> ColumnTransformer:
    """
    Columns as a linear model or a network wants them: imputed, scaled and cut off, one column per category.

    A column that is the same in all training rows is left out: nothing was learned about it, so whatever it holds when
    served would meet weights that no training has touched.
    """
    varied = [i for i in range(matrix.shape[1]) if _is_varied(matrix[:, i])] or list(range(matrix.shape[1]))
    categorical = [i for i in varied if isinstance(contract.features[i], CategoricalFeature)]
    numeric = [i for i in varied if i not in categorical]
    is_wide = sum(len(np.unique(matrix[:, i])) for i in categorical) > _SPARSE_COLUMNS
    scaled = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), CutOff())
    parts: list[tuple[str, Any, list[int]]] = []
    if numeric:
        parts.append(("numeric", scaled, numeric))
    if categorical:
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=is_wide, dtype=np.float32)
        parts.append(("categorical", one_hot, categorical))
    return ColumnTransformer(parts, sparse_threshold=float(is_wide))


def _is_varied(column: NDArray[np.float32]) -> bool:
    present = column[~np.isnan(column)]
    return len(present) > 0 and bool(present.min() < present.max())


class CutOff(MinMaxScaler):  # type: ignore[misc]  # scikit-learn is untyped
    """
    Keeps scaled numbers within so many standard deviations; what lies further out lies at the bound.

    A tree does not care how far out a slip of the pen is, but a linear function follows it there.
    """

    def __init__(self) -> None:
        super().__init__(feature_range=(-_MOST_DEVIATIONS, _MOST_DEVIATIONS), clip=True)

    def fit(self, X: NDArray[np.float32], y: NDArray[np.float64] | None = None) -> CutOff:  # noqa: N803  # see below
        """Take the bounds; of `X`, shape (n, columns), only the width counts."""
        super().fit(np.outer(self.feature_range, np.ones(X.shape[1], dtype=X.dtype)), y)
        return self


class ScaledNetwork(MLPRegressor):  # type: ignore[misc]  # scikit-learn is untyped
    """A network trained on the standardised target, its last layer then scaled back, so serving adds nothing."""

    def fit(self, X: NDArray[np.float32], y: NDArray[np.float64]) -> ScaledNetwork:  # noqa: N803  # scikit-learn's name
        """Fit on `X`, shape (n, columns), and values `y`, shape (n,)."""
        centre, spread = float(y.mean()), float(y.std()) or 1.0
        super().fit(X, (y - centre) / spread)
        self.coefs_[-1] = self.coefs_[-1] * spread
        self.intercepts_[-1] = self.intercepts_[-1] * spread + centre
        return self


def raw_scores(member: Any, matrix: NDArray[np.float32], task: Task) -> NDArray[np.float64]:
    """
    A fitted member's scores, in the scorer's layout.

    Returns:
        Shape (n, score columns): the positive class's probability, every class's, or the value.
    """
    parts = [matrix[start : start + _CHUNK_ROWS] for start in range(0, max(len(matrix), 1), _CHUNK_ROWS)]
    return np.concatenate([_chunk_scores(member, part, task) for part in parts])


def _chunk_scores(member: Any, matrix: NDArray[np.float32], task: Task) -> NDArray[np.float64]:
    if task is Task.REGRESSION:
        return np.asarray(member.predict(matrix), dtype=np.float64).reshape(len(matrix), 1)
    probabilities = np.asarray(member.predict_proba(matrix), dtype=np.float64)
    return probabilities[:, 1:] if task is Task.BINARY else probabilities
