"""What the `deploy` commands read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from core.github.client import GitHub
from core.ledger import DeploymentLedger
from core.places import DEFAULT_LEDGER, DEFAULT_REGISTRY, open_alerts, open_ledger, open_registry, refuse_apart
from core.registry import ModelRegistry
from core.settings import SettingsReader, service_key
from deploy.judging.policy import Policy
from deploy.platform import Platform
from deploy.platforms.opening import NONE, open_platform


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploySettings:
    """
    Settings of this process.

    Attributes:
        registry: MODEL_REGISTRY, where bundles are fetched.
        ledger: DEPLOYMENT_LEDGER, where it is noted what serves.
        platform: DEPLOY_PLATFORM, what the service runs on; None where deployments are only written down.
        service_key: SERVICE_KEY that is sent to the service, of the scopes predict and admin; empty for none.
        policy: READY_S, REPLAY_ROWS, WATCH_S and WATCH_INTERVAL_S, how it is looked at.
        alerts: DEPLOY_ALERTS, the repository whose issues tell what went wrong; None for none.
        run_url: The page of the workflow run, by the variables of Actions; empty if there is none.
    """

    registry: ModelRegistry
    ledger: DeploymentLedger
    platform: Platform | None
    service_key: str = field(repr=False)
    policy: Policy
    alerts: GitHub | None
    run_url: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> DeploySettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        alerts = reader.read("DEPLOY_ALERTS", "", partial(open_alerts, environment=environment))
        run = reader.read("GITHUB_RUN_ID", "", str)
        settings = cls(
            registry=reader.read("MODEL_REGISTRY", DEFAULT_REGISTRY, partial(open_registry, environment=environment)),
            ledger=reader.read("DEPLOYMENT_LEDGER", DEFAULT_LEDGER, partial(open_ledger, environment=environment)),
            platform=reader.read("DEPLOY_PLATFORM", NONE, partial(open_platform, environment=environment)),
            service_key=reader.read("SERVICE_KEY", "", service_key, is_secret=True),
            policy=Policy.read(reader),
            alerts=alerts,
            run_url=f"{alerts.settings.page}/actions/runs/{run}" if alerts and run else "",
        )
        refuse_apart(reader, settings.registry, settings.ledger)
        reader.finish()
        return settings
