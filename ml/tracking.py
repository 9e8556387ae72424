"""Every training as a Weights & Biases run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.bundle import Bundle
from core.manifest import Manifest
from ml.evaluation import Evaluation
from ml.gate import Latency, Verdict
from ml.settings import WandbSettings
from ml.wandb_run import Notes, send


def track(
    bundle: Bundle, evaluation: Evaluation, verdict: Verdict, latency: Latency | None, settings: WandbSettings
) -> str:
    """
    Record a finished training; never fails.

    Args:
        bundle: The candidate, logged as an artifact.
        evaluation: Its metrics, curves and importances.
        verdict: The gate's findings.
        latency: Of both models on this machine, if there is a champion.
        settings: Where the run goes.

    Returns:
        One sentence on where the run is.
    """
    notes = Notes(
        run_id=bundle.manifest.wandb_run_id,
        name=str(bundle.manifest.tag),
        job_type="train",
        config=_config(bundle.manifest),
        figures=_figures(evaluation, verdict, latency),
        tables=_tables(evaluation, verdict),
        bundle=bundle,
    )
    return send(notes, settings)


def _config(manifest: Manifest) -> dict[str, Any]:
    lineage = manifest.lineage
    return {
        "tag": str(manifest.tag),
        "parameters": lineage.parameters,
        "weights": {member.name: member.weight for member in manifest.members},
        "calibration": manifest.calibration.method,
        "data_sha256": lineage.data_sha256,
        "git_commit": lineage.git_commit,
        "git_dirty": lineage.git_dirty,
        "as_of": lineage.as_of,
        "seed": lineage.seed,
        "trials": lineage.trials,
        "rows": {"train": lineage.train.rows, "validation": lineage.validation.rows, "holdout": lineage.holdout.rows},
        "libraries": lineage.libraries,
    }


def _figures(evaluation: Evaluation, verdict: Verdict, latency: Latency | None) -> dict[str, Any]:
    figures: dict[str, Any] = {"gate/accepted": verdict.is_accepted}
    for name, metric in evaluation.metrics.items():
        figures[f"holdout/{name}"] = metric.value
        figures[f"holdout/{name}_low"], figures[f"holdout/{name}_high"] = metric.low, metric.high
    for baseline, metrics in evaluation.baselines.items():
        figures |= {f"baseline/{baseline}/{name}": metric.value for name, metric in metrics.items()}
    if latency is not None:
        figures |= {"machine/row_ms": latency.challenger_ms, "machine/latency_ratio": latency.ratio}
    # What the rows do not define is left out: W&B would draw a zero.
    return {name: value for name, value in figures.items() if value is not None}


def _tables(evaluation: Evaluation, verdict: Verdict) -> dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]]:
    """Columns and rows of each table."""
    metrics = list(evaluation.metrics)
    return {
        "gate/findings": (["passed", "finding"], [[finding.passed, finding.text] for finding in verdict.findings]),
        "curves/reliability": (
            ["rows", "mean_score", "observed"],
            [[point.rows, point.mean_score, point.observed] for point in evaluation.reliability],
        ),
        "curves/months": (
            ["month", "rows", *metrics],
            [[group.name, group.rows, *(group.metrics[name].value for name in metrics)] for group in evaluation.months],
        ),
        "importances": (
            ["feature", "loss_increase_percent"],
            [[entry.feature, entry.loss_increase_percent] for entry in evaluation.importances],
        ),
    }
