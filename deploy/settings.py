"""What the `deploy` commands read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from core.ledger import DeploymentLedger
from core.places import DEFAULT_LEDGER, DEFAULT_REGISTRY, open_ledger, open_registry, refuse_apart
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
        refuse_apart(reader, settings.registry, settings.ledger)
        reader.finish()
        return settings
