"""How far the truth may lie from a predicted value: offsets learned from the validation rows' errors."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.manifest import Intervals

MOST_BINS = 10
_FEWEST_ROWS = 100
# So many of a bin's rows are to lie outside of its interval, or nobody could say where that ends.
_OUTSIDE_ROWS = 10


def fit_intervals(values: NDArray[np.float64], target: NDArray[np.float64], level: float) -> Intervals | None:
    """
    Split-conformal intervals whose width follows the predicted value.

    The rows are put into bins of about equal size by their predicted value. Of each bin's errors (target less value)
    the lower and the upper quantile become offsets at the bin's median value; between these the offsets are linear.
    The truth is to lie below the lower end as often as above the upper one, so skewed errors give skewed intervals.

    Were the rows exchangeable with those to come, and the offsets a step for each bin, the level would hold whatever
    the errors' distribution is. The lines between the medians replace the steps, which would make the answers of
    neighbours jump. The ensemble's few weights were fitted on the same rows, which makes the intervals a little too
    narrow; the members that answer were fitted on these rows too, and err less than those that are measured here, which
    makes them a little too wide. Where the data drift, rows are not exchangeable any more.

    Args:
        values: The ensemble's, of the validation rows; shape (n,).
        target: What was true of them, shape (n,).
        level: Share of rows that an interval is to hold, in (0, 1).

    Returns:
        None where even all rows in one bin are too few for the level: 19 are needed for 0.9, and 199 for 0.99.

    Source:
        Lei et al., "Distribution-free predictive inference for regression" (2018), for the quantile of rank
        ceil((n + 1)(1 - alpha)); Romano, Patterson and Candès, "Conformalized quantile regression" (2019), theorem 2,
        for half of alpha at each end; Boström, Johansson and Löfström, "Mondrian conformal predictive distributions"
        (2021), for bins of the predicted value.
    """
    tail = (1 - level) / 2
    if _rank(len(values), tail) > len(values):
        return None
    order = np.argsort(values, kind="stable")
    ordered, errors = values[order], (target - values)[order]
    bins = [slice(first, end) for first, end in _bins(ordered, level)]
    return Intervals(
        level=level,
        values=tuple(float(np.median(ordered[rows])) for rows in bins),
        # A value outside of its own interval would puzzle everybody; to hold it only widens the interval.
        lower=tuple(min(-_quantile(-errors[rows], tail), 0.0) for rows in bins),
        upper=tuple(max(_quantile(errors[rows], tail), 0.0) for rows in bins),
    )


def _bins(ordered: NDArray[np.float64], level: float) -> list[tuple[int, int]]:
    """First row and end of each bin; rows of one value stay together, and every bin has enough rows."""
    # 1 - 0.9 is a little less than 0.1.
    fewest = max(_FEWEST_ROWS, math.ceil(round(_OUTSIDE_ROWS / (1 - level), 6)))
    count = min(MOST_BINS, max(len(ordered) // fewest, 1))
    starts = [0]
    for cut in np.linspace(0, len(ordered), count + 1)[1:-1].astype(int):
        start = int(np.searchsorted(ordered, ordered[cut], "left"))
        if min(start - starts[-1], len(ordered) - start) >= fewest:
            starts.append(start)
    return list(zip(starts, [*starts[1:], len(ordered)], strict=True))


def _rank(rows: int, tail: float) -> int:
    """Of the quantile that a further row of the same kind exceeds with a probability of at most `tail`."""
    return math.ceil(round((rows + 1) * (1 - tail), 6))


def _quantile(errors: NDArray[np.float64], tail: float) -> float:
    return float(np.sort(errors)[_rank(len(errors), tail) - 1])
