"""Every training as a Weights & Biases run: online with a key, else in files that `wandb sync` can send later."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from core.bundle import Bundle
from core.manifest import Manifest
from ml.evaluation import Evaluation
from ml.gate import Latency, Verdict
from ml.settings import TrainingSettings, WandbMode

_INIT_TIMEOUT_S = 15
_FINISH_TIMEOUT_S = 300


def track(
    bundle: Bundle, evaluation: Evaluation, verdict: Verdict, latency: Latency | None, settings: TrainingSettings
) -> str:
    """
    Record a finished training.

    When the service does not answer, the run is kept on disk instead; no
    failure is ever raised, for a model that is trained must not be lost because nobody could take notes.

    Args:
        bundle: The candidate, logged as an artifact.
        evaluation: Its metrics, curves and importances.
        verdict: The gate's findings.
        latency: Of both models on this machine, if there is a champion.
        settings: Where the run goes.

    Returns:
        One sentence on where the run is.
    """
    if settings.wandb_mode is WandbMode.DISABLED:
        return "No W&B run was recorded: WANDB_MODE is disabled."
    problem, project, directory = "", settings.wandb_project, settings.wandb_dir
    api_key = settings.wandb_api_key if settings.wandb_mode is WandbMode.ONLINE else ""
    content = _config(bundle.manifest), _figures(evaluation, verdict, latency), _tables(evaluation, verdict)
    if api_key:
        try:
            url = _record(bundle, *content, project=project, directory=directory, mode="online", api_key=api_key)
        except Exception as error:  # noqa: BLE001  # the SDK raises classes of many modules
            problem = f"W&B did not take the run ({_first_line(error)}). "
        else:
            return f"W&B run: {url}"
    try:
        _record(bundle, *content, project=project, directory=directory, mode="offline", api_key=None)
    except Exception as error:  # noqa: BLE001  # the same, and a full disk
        return f"{problem}No W&B run was recorded ({_first_line(error)})."
    hint = "send it with `wandb sync`" if settings.wandb_api_key else "set WANDB_API_KEY to send runs as they happen"
    return f"{problem}W&B run {bundle.manifest.wandb_run_id} is in {directory / 'wandb'}; {hint}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _record(
    bundle: Bundle,
    config: dict[str, Any],
    figures: dict[str, Any],
    tables: dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]],
    *,
    project: str,
    directory: Path,
    mode: Literal["online", "offline"],
    api_key: str | None,
) -> str:
    import wandb  # noqa: PLC0415  # importing it takes a second, which commands that do not train should not pay

    manifest, figures = bundle.manifest, dict(figures)
    directory.mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(
        console="off",
        silent=True,
        api_key=api_key,
        init_timeout=_INIT_TIMEOUT_S,
        finish_timeout=_FINISH_TIMEOUT_S,
        finish_timeout_raises=True,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = wandb.init(
                project=project,
                id=manifest.wandb_run_id,
                name=str(manifest.tag),
                job_type="train",
                mode=mode,
                dir=str(directory),
                config=config,
                settings=settings,
            )
            for name, (columns, rows) in tables.items():
                figures[name] = wandb.Table(list(columns), [list(row) for row in rows])
            run.log(figures)
            artifact = wandb.Artifact(f"bundle-{manifest.tag}", type="model", metadata={"tag": str(manifest.tag)})
            artifact.add_dir(str(bundle.directory))
            run.log_artifact(artifact)
            run.finish()
    except Exception:
        # Otherwise the SDK keeps the run's id for itself, and a second try with it fails.
        wandb.teardown()
        raise
    # Asked of an offline run, the SDK warns that there is no such page.
    return str(run.url) if mode == "online" else ""


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
