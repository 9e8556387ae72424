"""The champion beside the challenger, on the same holdout."""

from __future__ import annotations

import time
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.bundle import Bundle
from core.contract import Contract, Task
from core.errors import BundleRefused
from core.ledger import DeploymentLedger, Environment, champion
from core.manifest import Metric
from core.registry import ModelRegistry
from core.scorer import Scorer, load_scorer
from ml.dataset import Dataset, encode_frame, span
from ml.gate import Evidence
from ml.metrics import blocks_of, calibration_chance, loss_rows, measure
from ml.problem import Problem

_TIMED_ROWS = 300


def find_champion(registry: ModelRegistry, ledger: DeploymentLedger) -> Bundle | None:
    """The bundle in production by the ledger; before any deployment the newest published one, if there is one."""
    tag = champion(ledger.history(Environment.PRODUCTION)) or max(registry.tags(), default=None)
    return None if tag is None else registry.fetch(tag)


def is_comparable(old: Contract, new: Contract) -> bool:
    """Whether a champion can score rows of the new contract: same target, and every feature it wants is there."""
    kinds = {feature.name: type(feature) for feature in new.features}
    return old.target == new.target and all(kinds.get(feature.name) is type(feature) for feature in old.features)


def gather_evidence(
    *,
    name: str,
    champion_scores: NDArray[np.float64],
    challenger_scores: NDArray[np.float64],
    holdout: Dataset,
    segments: tuple[str, ...],
    task: Task,
    calibration_error: float | None,
    latency_ratio: float | None,
    champion_age_days: float | None,
    unfair: str | None,
    seed: int,
) -> Evidence:
    """Paired losses of both models, with the holdout's blocks and segments."""
    return Evidence(
        champion=name,
        champion_loss=loss_rows(champion_scores, holdout.target, task),
        challenger_loss=loss_rows(challenger_scores, holdout.target, task),
        blocks=blocks_of(holdout.times, len(holdout), seed),
        segments=segment_rows(holdout.rows, segments),
        calibration_error=calibration_error,
        calibration_chance=calibration_chance(challenger_scores, task, seed),
        latency_ratio=latency_ratio,
        champion_age_days=champion_age_days,
        unfair=unfair,
    )


def segment_rows(rows: pl.DataFrame, segments: tuple[str, ...]) -> dict[str, NDArray[np.bool_]]:
    """Which rows belong to each value of each segment feature."""
    return {
        f"{feature}={value}": (rows[feature] == value).fill_null(value=False).to_numpy()
        for feature in segments
        for value in sorted(rows[feature].drop_nulls().unique().to_list())
    }


def score_rows(bundle: Bundle, scorer: Scorer, data: Dataset) -> NDArray[np.float64]:
    """A bundle's scores of rows that hold its features, shape (n, score columns)."""
    return scorer.score(encode_frame(data.rows.select(bundle.contract.names), bundle.contract))


def score_holdout(bundle: Bundle, holdout: Dataset, problem: Problem) -> dict[str, Metric]:
    """
    A bundle's figures on a holdout.

    Raises:
        BundleRefused: if the rows do not hold what the bundle's contract wants.
    """
    if not is_comparable(bundle.contract, problem.contract):
        raise BundleRefused(
            f"{bundle.manifest.tag} wants other features than model.toml names, so it cannot score its data"
        )
    threshold = bundle.manifest.threshold
    return measure(
        score_rows(bundle, load_scorer(bundle), holdout),
        holdout.target,
        blocks_of(holdout.times, len(holdout), problem.training.seed),
        task=bundle.contract.target.task,
        threshold=threshold.value if threshold else 0.5,
        seed=problem.training.seed,
    )


def latency_ratio(challenger: Scorer, champion_scorer: Scorer, challenger_width: int, champion_width: int) -> float:
    """Median time of one row by the challenger over the champion's, measured in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    pairs = ((challenger, challenger_width), (champion_scorer, champion_width))
    for _ in range(_TIMED_ROWS):
        for kept, (scorer, width) in zip(times, pairs, strict=True):
            row = np.zeros((1, width), dtype=np.float32)
            started = time.perf_counter()
            scorer.score(row)
            kept.append(time.perf_counter() - started)
    return float(np.median(times[0]) / np.median(times[1]))


def seen_rows(bundle: Bundle, holdout: Dataset) -> str | None:
    """
    Says so if a bundle was fitted on rows as new as a holdout's, which would flatter it there.

    Rows without times keep their part by their content, so there is nothing to say of them.
    """
    fitted_until, start = bundle.manifest.lineage.validation.end, span(holdout.times)[0]
    gap = _days_between(fitted_until, start)
    if gap is None or gap > 0:
        return None
    return f"{bundle.manifest.tag} was fitted on rows up to {fitted_until}, and this holdout begins at {start}"


def age_days(old: Bundle, train_end: str | None) -> float | None:
    """Days from the end of a bundle's training rows to a later time; None where that cannot be told."""
    return _days_between(old.manifest.lineage.train.end, train_end)


def _days_between(first: str | None, second: str | None) -> float | None:
    if first is None or second is None:
        return None
    earlier, later = datetime.fromisoformat(first), datetime.fromisoformat(second)
    if (earlier.tzinfo is None) != (later.tzinfo is None):
        return None
    return (later - earlier).total_seconds() / 86400
