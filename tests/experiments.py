"""Experiments for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.experiment import Experiment, Phase
from core.experiment_policy import ExperimentPolicy, Loss
from core.tags import ModelTag

CHAMPION, CHALLENGER = ModelTag.parse("model-v1.0.0"), ModelTag.parse("model-v1.1.0")
BEGAN = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


def make_experiment(share: float = 0.5, **changes: Any) -> Experiment:
    """One that runs since `BEGAN`, judged by the Brier score."""
    values: dict[str, Any] = {
        "champion": CHAMPION,
        "challenger": CHALLENGER,
        "policy": ExperimentPolicy(loss=Loss.BRIER),
        "champion_loss": 0.2,
        "phases": (Phase(share=share, since=BEGAN),),
    }
    return Experiment(**(values | changes))
