"""Experiments for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import requests

from core.experiment import Experiment, Phase
from core.experiment_policy import ExperimentPolicy, Loss
from core.tags import ModelTag
from deploy.experiments.service import ExperimentService

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


def moved_back(url: str, key: str, *, days: int) -> None:
    """Let a service's experiment have begun so many days earlier."""
    service = ExperimentService(url, key)
    _, experiment = service.look()
    assert experiment is not None
    phases = tuple(Phase(share=each.share, since=each.since - timedelta(days=days)) for each in experiment.phases)
    service.keep(msgspec.structs.replace(experiment, phases=phases))
    # Whoever is asked for the experiment follows it; of so many new connections each process gets some.
    for _ in range(60):
        ExperimentService(url, key).look()


def use(url: str, key: str, *, subjects: int = 300, outcome: str = "yes") -> None:
    """Ask about three rows of each of many subjects, and report what became of them."""
    headers = {"Authorization": f"Bearer {key}"}
    for number in range(subjects):
        rows = [{"age": 20 + (number + each) % 30, "city": "Oslo"} for each in range(3)]
        asked = headers | {"X-Subject": f"customer-{number}"}
        answer = requests.post(f"{url}/v1/predict/batch", json={"rows": rows}, headers=asked, timeout=10).json()
        outcomes = [{"id": row["id"], "outcome": outcome} for row in answer["predictions"]]
        reported = requests.post(f"{url}/v1/outcomes", json={"outcomes": outcomes}, headers=headers, timeout=10)
        assert reported.status_code == 200, reported.text
