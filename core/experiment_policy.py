"""How an experiment is judged, fixed before it starts: `[experiment]` of model.toml."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta

from core.contract import Contract, Task, read_segments
from core.documents import Document
from core.manifest import Metric
from core.policy_file import read_policy_table
from core.reading import Table


class Loss(StrEnum):
    """What a row costs a model; less is better."""

    BRIER = "brier"
    LOG_LOSS = "log_loss"
    ERROR = "error"
    ABSOLUTE_ERROR = "absolute_error"
    SQUARED_ERROR = "squared_error"


class OnDecision(StrEnum):
    """What follows when an experiment is decided."""

    TELL = "tell"
    ACT = "act"


# The first is the default.
LOSSES: Final = {
    Task.BINARY: (Loss.BRIER, Loss.LOG_LOSS, Loss.ERROR),
    Task.MULTICLASS: (Loss.LOG_LOSS, Loss.ERROR),
    Task.REGRESSION: (Loss.ABSOLUTE_ERROR, Loss.SQUARED_ERROR),
}


class ExperimentPolicy(Document, frozen=True, kw_only=True):
    """
    By what an experiment is judged.

    Attributes:
        loss: What is compared, as a mean over rows.
        margin: The smallest gain that is worth a change, as a share of what the champion loses on its holdout.
        confidence: With which the challenger is called better, however often one looks.
        min_subjects: Of each arm, before anything is decided.
        min_rows: With an outcome of each arm, before anything is decided.
        max_days: After so many it ends, with the champion.
        max_latency_ratio: The challenger's 99th percentile of latency may be so many times the champion's.
        max_fallback_share: Of the challenger's rows, that the champion had to answer.
        max_subject_share: Of an arm's rows, that one subject may have.
        segments: Features in no category of which the challenger may be worse.
        on_decision: Whether a decision is carried out or told only.
    """

    loss: Loss
    margin: Annotated[float, Meta(ge=0.0001, le=1)] = 0.02
    confidence: Annotated[float, Meta(ge=0.6, le=0.9999)] = 0.95
    min_subjects: Annotated[int, Meta(ge=30)] = 100
    min_rows: Annotated[int, Meta(ge=50)] = 1_000
    max_days: Annotated[int, Meta(ge=1, le=3650)] = 60
    max_latency_ratio: Annotated[float, Meta(ge=1, le=1000)] = 2.0
    max_fallback_share: Annotated[float, Meta(ge=0, le=1)] = 0.01
    max_subject_share: Annotated[float, Meta(ge=0.001, le=1)] = 0.2
    segments: tuple[str, ...] = ()
    on_decision: OnDecision = OnDecision.TELL


def default_policy(task: Task) -> ExperimentPolicy:
    """What judges an experiment of which nothing else is said."""
    return ExperimentPolicy(loss=LOSSES[task][0])


def holdout_loss(loss: Loss, metrics: Mapping[str, Metric]) -> float | None:
    """What a model loses a row on its holdout, by its manifest's metrics; None if they do not say."""
    name = {Loss.ERROR: "accuracy", Loss.ABSOLUTE_ERROR: "mae", Loss.SQUARED_ERROR: "rmse"}.get(loss, loss.value)
    metric = metrics.get(name)
    if metric is None or metric.value is None:
        return None
    value = {Loss.ERROR: 1 - metric.value, Loss.SQUARED_ERROR: metric.value**2}.get(loss, metric.value)
    return value if value > 0 else None


def read_experiment_policy(table: Table, *, contract: Contract, segments: tuple[str, ...]) -> ExperimentPolicy:
    """
    Read `[experiment]`.

    Every rule that is broken is added to the table's faults; the caller raises them.

    Args:
        table: `[experiment]`, empty where there is none.
        contract: Has the features and the task.
        segments: What is taken where `[experiment]` names none, those of `[gate]`.
    """
    table.reject_unknown([*ExperimentPolicy.__struct_fields__])
    losses = LOSSES[contract.target.task]
    return ExperimentPolicy(
        loss=Loss(table.choice("loss", list(losses), losses[0])),
        margin=table.number("margin", 0.02, 0.0001, 1),
        confidence=table.number("confidence", 0.95, 0.6, 0.9999),
        min_subjects=table.whole_number("min_subjects", 100, 30, 10**9),
        min_rows=table.whole_number("min_rows", 1_000, 50, 10**9),
        max_days=table.whole_number("max_days", 60, 1, 3650),
        max_latency_ratio=table.number("max_latency_ratio", 2.0, 1, 1000),
        max_fallback_share=table.number("max_fallback_share", 0.01, 0, 1),
        max_subject_share=table.number("max_subject_share", 0.2, 0.001, 1),
        segments=read_segments(table, contract, segments),
        on_decision=OnDecision(table.choice("on_decision", OnDecision, OnDecision.TELL)),
    )


def read_policy_file(path: Path) -> ExperimentPolicy:
    """
    Read `[experiment]` of a model.toml, as `core.policy_file.read_policy_table` does.

    Raises:
        ModelFileError: naming every place that is wrong in what it rests on.
    """
    return read_policy_table(path, "experiment", read_experiment_policy)
