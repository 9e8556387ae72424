"""What a model is and how good it is: the essence of its card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.console.words import moment, number, plain, share, with_unit
from core.contract import Target, Task
from core.manifest import Manifest, Metric, Window

_FIGURES: Final = {
    Task.BINARY: {
        "accuracy": "Accuracy",
        "auc": "AUC",
        "precision": "Precision",
        "recall": "Recall",
        "log_loss": "Log loss",
        "calibration_error": "Calibration error",
    },
    Task.MULTICLASS: {
        "accuracy": "Accuracy",
        "macro_f1": "Macro F1",
        "log_loss": "Log loss",
        "calibration_error": "Calibration error",
    },
    Task.REGRESSION: {
        "mae": "Mean absolute error",
        "rmse": "Root mean squared error",
        "r2": "R²",
        "coverage": "Held by the interval",
        "interval_width": "Mean width of the interval",
    },
}
# These have the unit of what is predicted.
_WITH_UNIT: Final = frozenset({"mae", "rmse", "interval_width"})
_SHORT_HASH: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A figure on the holdout; the interval may be empty."""

    name: str
    value: str
    interval: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """Something of which a model card speaks."""

    name: str
    text: str


def what_is_predicted(target: Target) -> str:
    """In a sentence."""
    if target.task is Task.REGRESSION:
        return f"Predicts {with_unit(target.name, f'in {target.unit}' if target.unit else '')}."
    if target.task is Task.BINARY:
        return f"Predicts whether {target.name} is {target.classes[1]}, and how probable that is."
    return f"Predicts which of {len(target.classes)} classes {target.name} is, and how probable each of them is."


def figures_of(manifest: Manifest, target: Target) -> list[Figure]:
    """The headline figures of a task, as far as the manifest has them."""
    return [
        _figure(label, manifest.metrics[name], target.unit if name in _WITH_UNIT else "")
        for name, label in _FIGURES[target.task].items()
        if name in manifest.metrics
    ]


def _figure(label: str, metric: Metric, unit: str) -> Figure:
    if metric.value is None:
        return Figure(name=label, value="not defined", interval="")
    value = with_unit(_short(metric.value), unit)
    if metric.low is None or metric.high is None:
        return Figure(name=label, value=value, interval="")
    return Figure(name=label, value=value, interval=f"{_short(metric.low)} to {_short(metric.high)}")


def _short(value: float) -> str:
    return f"{value:.3g}" if 0 < abs(value) < 0.001 or abs(value) >= 1e12 else f"{value:,.4f}"


def rows_of(window: Window) -> str:
    """How many rows a part of the data has, and from when to when."""
    reach = "" if window.start is None or window.end is None else f", {window.start[:10]} to {window.end[:10]}"
    return f"{window.rows:,} rows{reach}"


def facts_of(manifest: Manifest) -> list[Fact]:
    """Where a model comes from, and why it was published."""
    lineage, gate, threshold = manifest.lineage, manifest.gate, manifest.threshold
    found = {
        "Trained": moment(manifest.created_at),
        "Fitted on": rows_of(lineage.fitted),
        "Judged on": rows_of(lineage.holdout),
        "Members": ", ".join(f"{member.name} ({share(member.weight)})" for member in manifest.members),
        "Calibration": manifest.calibration.method,
        "Threshold": f"{number(threshold.value)}, by {threshold.rule}" if threshold else "",
        "Compared with": gate.compared_with,
        "Gate": f"{'accepted' if gate.accepted else 'refused'}; {'; '.join(gate.reasons)}",
        "Commit": _commit(lineage.git_commit, is_dirty=lineage.git_dirty),
        "Data": f"sha256 {lineage.data_sha256[:_SHORT_HASH]}",
        "W&B run": manifest.wandb_run_id,
    }
    return [Fact(name=name, text=plain(text)) for name, text in found.items() if text]


def _commit(commit: str | None, *, is_dirty: bool) -> str:
    if commit is None:
        return "not known"
    return f"{commit[:_SHORT_HASH]}, with changes that were not committed" if is_dirty else commit[:_SHORT_HASH]
