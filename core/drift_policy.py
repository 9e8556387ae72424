"""What a drift check is to look at, and what it may start: `[drift]` of model.toml."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.contract import Contract, read_segments
from core.policy_file import read_policy_table
from core.reading import Table
from core.reference import DAY, WEEK, WINDOW_DAYS


class Retrain(StrEnum):
    """When a drift check starts a training."""

    CRITICAL = "critical"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftPolicy:
    """
    What is looked at, and what follows.

    Attributes:
        windows: Lengths of the windows that are compared, keys of `core.reference.WINDOW_DAYS`, the shortest first.
        quiet_days: Complete days in a row without a row that are usual; None for as many as the reference's longest
            gap.
        outcome_days: How many days after the end of a window its outcomes are waited for.
        segments: Categorical features by which quality is shown too.
        min_labels: Rows with an outcome that a verdict of quality needs.
        retrain: When a training is started.
    """

    windows: tuple[str, ...] = (DAY, WEEK)
    quiet_days: int | None = None
    outcome_days: int = 7
    segments: tuple[str, ...] = ()
    min_labels: int = 500
    retrain: Retrain = Retrain.CRITICAL


def read_drift_policy(table: Table, *, contract: Contract, segments: tuple[str, ...]) -> DriftPolicy:
    """
    Read `[drift]`.

    Every rule that is broken is added to the table's faults; the caller raises them.

    Args:
        table: `[drift]`, empty where there is none.
        contract: Has the features.
        segments: What is taken where `[drift]` names none, those of `[gate]`.
    """
    table.reject_unknown(["windows", "quiet_days", "outcome_days", "segments", "min_labels", "retrain"])
    return DriftPolicy(
        windows=table.choices("windows", WINDOW_DAYS, (DAY, WEEK)),
        quiet_days=table.whole_number("quiet_days", 0, 0, 365) if "quiet_days" in table.values else None,
        outcome_days=table.whole_number("outcome_days", 7, 0, 90),
        segments=read_segments(table, contract, segments),
        min_labels=table.whole_number("min_labels", 500, 50, 1_000_000),
        retrain=Retrain(table.choice("retrain", Retrain, Retrain.CRITICAL)),
    )


def read_policy_file(path: Path) -> DriftPolicy:
    """
    Read `[drift]` of a model.toml, as `core.policy_file.read_policy_table` does.

    Raises:
        ModelFileError: naming every place that is wrong in what it rests on.
    """
    return read_policy_table(path, "drift", read_drift_policy)
