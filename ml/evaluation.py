"""How good a model is on its holdout: overall, by segment, by month, beside baselines."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.contract import Contract, Task
from core.documents import Document
from core.intervals import Band
from core.manifest import Intervals, Metric
from core.scorer import Scorer
from ml.classes import ClassFigures, Confusion, figures_by_class, largest_confusions
from ml.dataset import Dataset
from ml.members import DENSE_ROWS, build_linear_baseline, raw_scores
from ml.metrics import CALIBRATION_BINS, DRAWS, blocks_of, loss_rows, measure
from ml.split import Split

MIN_GROUP_ROWS = 100
_GROUP_DRAWS = 200
_IMPORTANCE_ROWS = 4000
_HISTOGRAM_BINS = 20


class Group(Document, frozen=True, kw_only=True):
    """Figures of the rows that share a value."""

    name: str
    rows: int
    metrics: dict[str, Metric]


class ReliabilityBin(Document, frozen=True, kw_only=True):
    """Rows whose score falls in one of 15 equal-width bins: the mean score, and how often it happened."""

    rows: int
    mean_score: float
    observed: float


class Importance(Document, frozen=True, kw_only=True):
    """How much the loss grows, in per cent, when a feature's values are shuffled over the rows."""

    feature: str
    loss_increase_percent: float


class Evaluation(Document, frozen=True, kw_only=True):
    """evaluation.json: all that is known of a model's quality on its holdout; `classes` for multiclass targets only."""

    metrics: dict[str, Metric]
    baselines: dict[str, dict[str, Metric]]
    members: dict[str, dict[str, Metric]]
    segments: dict[str, tuple[Group, ...]]
    months: tuple[Group, ...]
    reliability: tuple[ReliabilityBin, ...]
    importances: tuple[Importance, ...]
    histogram_edges: tuple[float, ...]
    histogram_counts: tuple[int, ...]
    target_mean: float
    classes: tuple[ClassFigures, ...] = ()
    confusions: tuple[Confusion, ...] = ()


def evaluate(
    scorer: Scorer,
    member_names: tuple[str, ...],
    parts: Split,
    contract: Contract,
    *,
    segments: tuple[str, ...],
    threshold: float,
    seed: int,
    intervals: Intervals | None = None,
) -> Evaluation:
    """
    Evaluate a bundle's scorer on the holdout.

    Args:
        scorer: Runs the exported graphs, so what is measured is what will be served.
        member_names: In the scorer's order.
        parts: The baselines are fitted on the rows that the members were fitted on.
        contract: Of the rows.
        segments: Categorical features to report by.
        threshold: Of a binary answer.
        seed: Of bootstrap and shuffling.
        intervals: Of a regression, if it has them; they belong to the ensemble, and not to its members.
    """
    data, task = parts.holdout, contract.target.task
    blocks = blocks_of(data.times, len(data), seed)
    members = scorer.members(data.matrix)
    scores = scorer.combined(members)
    ends = Band.of(intervals).around(scores[:, 0]) if intervals else None

    def figures(values: NDArray[np.float64], rows: NDArray[np.bool_] | None = None) -> dict[str, Metric]:
        chosen = np.ones(len(data), dtype=bool) if rows is None else rows
        return measure(
            values[chosen],
            data.target[chosen],
            blocks[chosen],
            task=task,
            threshold=threshold,
            seed=seed,
            draws=DRAWS if rows is None else _GROUP_DRAWS,
            ends=ends[chosen] if ends is not None and values is scores else None,
        )

    def groups(labels: pl.Series) -> tuple[Group, ...]:
        found = []
        for label in sorted(labels.drop_nulls().unique().to_list()):
            rows = (labels == label).fill_null(value=False).to_numpy()
            if rows.sum() >= MIN_GROUP_ROWS:
                found.append(Group(name=str(label), rows=int(rows.sum()), metrics=figures(scores, rows)))
        return tuple(found)

    edges, counts = _histogram(scores)
    return Evaluation(
        metrics=figures(scores),
        baselines={name: figures(values) for name, values in baseline_scores(parts, contract).items()},
        members={name: figures(values) for name, values in zip(member_names, members, strict=True)},
        segments={name: groups(data.rows[name]) for name in segments},
        months=() if data.times is None else groups(data.times.dt.strftime("%Y-%m")),
        reliability=_reliability(scores, data.target, task),
        importances=_importances(scorer, data, contract, seed),
        histogram_edges=edges,
        histogram_counts=counts,
        target_mean=round(float(data.target.mean()), 6),
        classes=figures_by_class(scores, data.target, contract.target.classes) if task is Task.MULTICLASS else (),
        confusions=largest_confusions(scores, data.target, contract.target.classes) if task is Task.MULTICLASS else (),
    )


def baseline_scores(parts: Split, contract: Contract) -> dict[str, NDArray[np.float64]]:
    """
    Holdout scores of the models to beat.

    Returns:
        `base rate` (the class shares or the mean, whatever is asked) and `linear` (logistic or ridge regression), of
        the rows that the members were fitted on too; each of shape (n, score columns).
    """
    holdout, task = parts.holdout, contract.target.task
    rows = parts.fitted.spread(DENSE_ROWS)
    linear = build_linear_baseline(contract, rows.matrix).fit(rows.matrix, rows.target)
    return {"base rate": base_rate_scores(parts, contract), "linear": raw_scores(linear, holdout.matrix, task)}


def base_rate_scores(parts: Split, contract: Contract) -> NDArray[np.float64]:
    """The same answer for every holdout row, from those that models are fitted on; shape (n, score columns)."""
    target = parts.fitted.target
    if contract.target.task is Task.MULTICLASS:
        rate = np.bincount(target.astype(int), minlength=contract.target.score_width) / len(target)
    else:
        rate = np.array([target.mean()])
    return np.tile(rate, (len(parts.holdout), 1))


def _reliability(scores: NDArray[np.float64], target: NDArray[np.float64], task: Task) -> tuple[ReliabilityBin, ...]:
    if task is Task.REGRESSION:
        return ()
    confidence = scores.max(axis=1)
    happened = (target == 1) if task is Task.BINARY else (scores.argmax(axis=1) == target)
    bins = np.clip((confidence * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    return tuple(
        ReliabilityBin(
            rows=int((bins == number).sum()),
            mean_score=round(float(confidence[bins == number].mean()), 6),
            observed=round(float(happened[bins == number].mean()), 6),
        )
        for number in np.unique(bins)
    )


def _importances(scorer: Scorer, data: Dataset, contract: Contract, seed: int) -> tuple[Importance, ...]:
    """Breiman's permutation importance, on up to 4,000 rows spread over the holdout."""
    index = np.unique(np.linspace(0, len(data) - 1, min(_IMPORTANCE_ROWS, len(data))).astype(np.int64))
    sample, task = data.take(index), contract.target.task
    generator = np.random.default_rng(seed)
    base = loss_rows(scorer.score(sample.matrix), sample.target, task).mean()
    found = []
    for column, name in enumerate(contract.names):
        shuffled = sample.matrix.copy()
        shuffled[:, column] = generator.permutation(shuffled[:, column])
        loss = loss_rows(scorer.score(shuffled), sample.target, task).mean()
        increase = 100 * (loss / max(base, 1e-12) - 1)
        found.append(Importance(feature=name, loss_increase_percent=round(float(increase), 2)))
    return tuple(sorted(found, key=lambda entry: -entry.loss_increase_percent))


def _histogram(scores: NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    values = scores.max(axis=1)
    counts, edges = np.histogram(values, bins=_HISTOGRAM_BINS)
    return tuple(np.round(edges, 6).tolist()), tuple(counts.tolist())
