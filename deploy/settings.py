"""What the `deploy` commands read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from core.ledger import DeploymentLedger, FileLedger
from core.places import DEFAULT_LEDGER, DEFAULT_REGISTRY, GITHUB, open_ledger, open_registry
from core.registry import ModelRegistry
from core.settings import SettingsReader


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploySettings:
    """
    Settings of this process.

    Attributes:
        registry: MODEL_REGISTRY, where bundles are fetched.
        ledger: DEPLOYMENT_LEDGER, where it is noted what serves.
    """

    registry: ModelRegistry
    ledger: DeploymentLedger

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> DeploySettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            registry=reader.read("MODEL_REGISTRY", DEFAULT_REGISTRY, partial(open_registry, environment=environment)),
            ledger=reader.read("DEPLOYMENT_LEDGER", DEFAULT_LEDGER, partial(open_ledger, environment=environment)),
        )
        if str(settings.registry).startswith(f"{GITHUB}:") and isinstance(settings.ledger, FileLedger):
            # What serves would be told apart from what is published.
            reader.refuse("DEPLOYMENT_LEDGER", f"takes {settings.registry} too, beside a registry there")
        reader.finish()
        return settings
