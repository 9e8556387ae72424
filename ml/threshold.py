"""Where a binary score becomes a yes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.manifest import Threshold

_GRID = np.arange(1, 100) / 100


def choose_threshold(
    scores: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    rule: str,
    false_positive_cost: float,
    false_negative_cost: float,
) -> Threshold:
    """
    The threshold by a stated rule.

    Args:
        scores: Calibrated probabilities on validation rows, shape (n,).
        target: 0 or 1, shape (n,).
        rule: `cost` takes the threshold of least expected cost, which for calibrated probabilities follows from the
            costs alone (equal costs: 0.5, the most accurate); `f1` the one of 0.01..0.99 with
            the best F1 on these rows.
        false_positive_cost: What a wrong yes costs.
        false_negative_cost: What a wrong no costs.

    Source:
        Elkan, "The foundations of cost-sensitive learning" (2001), equation 2.
    """
    if rule == "cost":
        value = false_positive_cost / (false_positive_cost + false_negative_cost)
        costs = f"{false_positive_cost:g} a false positive and {false_negative_cost:g} a false negative"
        return Threshold(value=value, rule=f"least expected cost at {costs}")
    positive = target == 1
    best = max(_GRID, key=lambda value: (_f1(scores >= value, positive), -abs(value - 0.5)))
    return Threshold(value=float(best), rule="best F1 on the validation rows")


def _f1(answered: NDArray[np.bool_], positive: NDArray[np.bool_]) -> float:
    hits = float((answered & positive).sum())
    return 2 * hits / max(float(answered.sum() + positive.sum()), 1.0)
