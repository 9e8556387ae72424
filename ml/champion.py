"""The champion beside the challenger, on the same holdout."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.bundle import Bundle
from core.contract import Contract
from core.errors import BundleRefused, RegistryError, UnknownTag
from core.intervals import Band
from core.ledger import DeploymentLedger, Environment, champion
from core.manifest import Metric
from core.registry import ModelRegistry
from core.scorer import Scorer, load_scorer
from ml.columns import encode_frame
from ml.dataset import Dataset
from ml.evaluation import base_rate_scores
from ml.gate import Coverage, Evidence, Finding, Latency, Verdict, decide
from ml.metrics import blocks_of, calibration_chance, loss_rows, measure
from ml.problem import Problem
from ml.split import MIN_PART_ROWS, Split, held_out
from ml.times import span

_TIMED_ROWS = 300


def find_champion(registry: ModelRegistry, ledger: DeploymentLedger) -> Bundle | None:
    """
    The bundle in production by the ledger; before any deployment the newest published one, if there is one.

    Raises:
        RegistryError: if the registry does not hold what the ledger says is in production.
    """
    deployed = champion(ledger.history(Environment.PRODUCTION))
    if deployed is None:
        newest = max(registry.tags(), default=None)
        return None if newest is None else registry.fetch(newest)
    try:
        return registry.fetch(deployed)
    except UnknownTag as error:
        raise RegistryError(
            f"{deployed} is in production by the deployment ledger, but {error}; point MODEL_REGISTRY to the registry "
            "that holds it, or DEPLOYMENT_LEDGER to another file to begin anew"
        ) from error


def is_comparable(old: Contract, new: Contract) -> bool:
    """Whether a champion can score rows of the new contract: same target, and every feature it wants is there."""
    kinds = {feature.name: type(feature) for feature in new.features}
    return old.target == new.target and all(kinds.get(feature.name) is type(feature) for feature in old.features)


def judge(
    scorer: Scorer,
    contract: Contract,
    parts: Split,
    problem: Problem,
    *,
    calibration_error: float | None,
    current: Bundle | None,
    coverage: Coverage | None = None,
) -> tuple[Verdict, Latency | None]:
    """
    Put a challenger before the gate.

    Args:
        scorer: The challenger's.
        contract: The challenger's.
        parts: The holdout's rows are scored; the others give the base rate that a first model must beat.
        problem: Gives the gate's policy.
        calibration_error: The challenger's on the holdout, None for regression.
        current: The champion, or None.
        coverage: Of the challenger's intervals, None without any.

    Returns:
        The verdict, and the time that both models take, which belongs to this machine and must not enter a bundle.
    """
    evidence = gather_evidence(
        scorer, contract, parts, problem, calibration_error=calibration_error, current=current, coverage=coverage
    )
    return decide(evidence, problem.gate, seed=problem.training.seed), evidence.latency


def gather_evidence(
    scorer: Scorer,
    contract: Contract,
    parts: Split,
    problem: Problem,
    *,
    calibration_error: float | None,
    current: Bundle | None,
    coverage: Coverage | None = None,
) -> Evidence:
    """Paired losses of both models on the rows that can tell them apart, and what else counts; see `judge`."""
    holdout, task, seed = parts.holdout, contract.target.task, problem.training.seed
    challenger_scores = score_rows(contract, scorer, holdout)
    name, champion_scores = "the base rate", base_rate_scores(parts, contract)
    latency, age, rows = None, None, np.arange(len(holdout))
    remarks: tuple[Finding, ...] = ()
    if current is not None and not is_comparable(current.contract, contract):
        text = f"not compared with {current.manifest.tag}, whose target or features are others"
        remarks = (Finding(passed=True, text=text),)
    elif current is not None:
        champion_scorer, name = load_scorer(current), str(current.manifest.tag)
        champion_scores = score_rows(current.contract, champion_scorer, holdout)
        widths = len(contract.features), len(current.contract.features)
        latency = measure_latency(scorer, champion_scorer, widths=widths)
        age = age_days(current, span(parts.train.times)[1])
        rows, remarks = _fair_rows(current, parts)
    return Evidence(
        champion=name,
        champion_loss=loss_rows(champion_scores, holdout.target, task)[rows],
        challenger_loss=loss_rows(challenger_scores, holdout.target, task)[rows],
        blocks=blocks_of(holdout.times, len(holdout), seed)[rows],
        segments={name: found[rows] for name, found in segment_rows(holdout.rows, problem.gate.segments).items()},
        calibration_error=calibration_error,
        calibration_chance=calibration_chance(challenger_scores, task, seed),
        latency=latency,
        champion_age_days=age,
        coverage=coverage,
        remarks=remarks,
    )


def _fair_rows(current: Bundle, parts: Split) -> tuple[NDArray[np.int64], tuple[Finding, ...]]:
    """The holdout rows to compare on, and what to say of the others."""
    unseen = unseen_rows(current, parts)
    if unseen.all():
        return np.arange(len(unseen)), ()
    until = current.manifest.lineage.validation.end
    fitted = f"{current.manifest.tag} was fitted on {f'rows up to {until}' if until else 'others, or may have been'}"
    if unseen.sum() < MIN_PART_ROWS:
        text = f"the holdout has {unseen.sum()} rows that can tell the models apart: {fitted}"
        return np.arange(len(unseen)), (Finding(passed=False, text=text),)
    text = f"compared on {unseen.sum():,} of the holdout's {len(unseen):,} rows: {fitted}"
    return np.flatnonzero(unseen), (Finding(passed=True, text=text),)


def segment_rows(rows: pl.DataFrame, segments: tuple[str, ...]) -> dict[str, NDArray[np.bool_]]:
    """Which rows belong to each value of each segment feature."""
    return {
        f"{feature}={value}": (rows[feature] == value).fill_null(value=False).to_numpy()
        for feature in segments
        for value in sorted(rows[feature].drop_nulls().unique().to_list())
    }


def score_rows(contract: Contract, scorer: Scorer, data: Dataset) -> NDArray[np.float64]:
    """A model's scores of rows that hold its contract's features, shape (n, score columns)."""
    return scorer.score(encode_frame(data.rows.select(contract.names), contract))


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
    scores = score_rows(bundle.contract, load_scorer(bundle), holdout)
    return measure(
        scores,
        holdout.target,
        blocks_of(holdout.times, len(holdout), problem.training.seed),
        task=bundle.contract.target.task,
        threshold=threshold.value if threshold else 0.5,
        seed=problem.training.seed,
        ends=Band.of(bundle.manifest.intervals).around(scores[:, 0]) if bundle.manifest.intervals else None,
    )


def measure_latency(challenger: Scorer, champion_scorer: Scorer, *, widths: tuple[int, int]) -> Latency:
    """
    Median time of one row by both models, measured in turns.

    Args:
        challenger: One model's scorer.
        champion_scorer: The other's.
        widths: How many features each takes, in the same order.
    """
    times: tuple[list[float], list[float]] = ([], [])
    pairs = zip((challenger, champion_scorer), widths, strict=True)
    rows = [(scorer, np.zeros((1, width), dtype=np.float32)) for scorer, width in pairs]
    for _ in range(_TIMED_ROWS):
        for kept, (scorer, row) in zip(times, rows, strict=True):
            started = time.perf_counter()
            scorer.score(row)
            kept.append(1000 * (time.perf_counter() - started))
    return Latency(challenger_ms=float(np.median(times[0])), champion_ms=float(np.median(times[1])))


def unseen_rows(bundle: Bundle, parts: Split) -> NDArray[np.bool_]:
    """
    Which holdout rows a bundle was certainly not fitted on: it would shine on the others.

    Of a bundle that was split by time, the rows after its validation rows; of one that was split at random, those that
    its own cuts put into its holdout, whatever today's contract and data are. None where that cannot be told.

    Returns:
        Shape (len(parts.holdout),).
    """
    lineage, task = bundle.manifest.lineage, bundle.contract.target.task
    if lineage.holdout_cuts is not None:
        kept = held_out(parts.data, bundle.contract.names, lineage.holdout_cuts, task, parts.came)
        return kept[-len(parts.holdout) :]
    times, fitted_until = parts.holdout.times, lineage.validation.end
    nothing = np.zeros(len(parts.holdout), dtype=bool)
    if times is None or fitted_until is None:
        return nothing
    last, is_zoned = (
        datetime.fromisoformat(fitted_until),
        isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone,
    )
    if bool(last.tzinfo) != bool(is_zoned):
        return nothing
    if is_zoned:
        last, times = last.astimezone(UTC), times.dt.convert_time_zone("UTC")
    later: NDArray[np.bool_] = (times > last).to_numpy()
    return later


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
