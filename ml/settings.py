"""What the `ml` commands read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.ledger import DeploymentLedger, open_ledger
from core.registry import ModelRegistry, open_registry
from core.settings import DEFAULT_LEDGER, DEFAULT_REGISTRY, SettingsReader


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingSettings:
    """
    Settings of this process.

    Attributes:
        registry: MODEL_REGISTRY, where bundles are published.
        ledger: DEPLOYMENT_LEDGER, which says what the champion is.
        candidate: CANDIDATE_DIR, where the last trained bundle waits.
        wandb_api_key: WANDB_API_KEY; empty keeps runs on disk.
        wandb_project: WANDB_PROJECT.
        wandb_dir: WANDB_DIR, where run files go.
    """

    registry: ModelRegistry
    ledger: DeploymentLedger
    candidate: Path
    wandb_api_key: str = field(repr=False)
    wandb_project: str
    wandb_dir: Path

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> TrainingSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            registry=reader.read("MODEL_REGISTRY", DEFAULT_REGISTRY, open_registry),
            ledger=reader.read("DEPLOYMENT_LEDGER", DEFAULT_LEDGER, open_ledger),
            candidate=reader.read("CANDIDATE_DIR", ".slipway/candidate", Path),
            wandb_api_key=reader.read("WANDB_API_KEY", "", str),
            wandb_project=reader.read("WANDB_PROJECT", "slipway", str),
            wandb_dir=reader.read("WANDB_DIR", ".slipway", Path),
        )
        reader.finish()
        return settings
