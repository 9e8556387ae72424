"""How much each member of the ensemble counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from core.contract import Task
from ml.calibration import log_loss_rows

_FLOOR = 0.01


def fit_weights(members: NDArray[np.float64], target: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    """
    The weights, not negative and adding up to 1, whose mean predicts the validation rows best.

    Args:
        members: Each member's scores, shape (members, n, score columns).
        target: Class codes or values, shape (n,).
        task: Log loss is minimised for classes, squared error for values; both are convex in the weights.

    Returns:
        Shape (members,), rounded to 4 decimals; a weight under 0.01 becomes 0.
    """
    count = len(members)
    if task is Task.REGRESSION:
        # The error is scaled so that the optimiser's tolerance means the same for any unit.
        errors = (members[:, :, 0] - target) / max(float(target.std()), 1e-12)

        def loss(weights: NDArray[np.float64]) -> float:
            return float(((weights @ errors) ** 2).mean())
    else:

        def loss(weights: NDArray[np.float64]) -> float:
            return float(log_loss_rows(np.tensordot(weights, members, axes=1), target).mean())

    found = minimize(
        loss,
        np.full(count, 1 / count),
        method="SLSQP",
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"ftol": 1e-9},
    ).x
    weights = np.where(found < _FLOOR, 0.0, found)
    weights = np.round(weights / weights.sum(), 4)
    weights[np.argmax(weights)] += 1 - weights.sum()
    result: NDArray[np.float64] = np.round(weights, 4)
    return result
