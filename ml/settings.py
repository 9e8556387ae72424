"""What the `ml` commands read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path

from core.github.publishing import Watch
from core.ledger import DeploymentLedger
from core.places import DEFAULT_LEDGER, DEFAULT_REGISTRY, open_ledger, open_registry, refuse_apart
from core.registry import ModelRegistry
from core.settings import SettingsReader, day, service_key, service_url, whole_number

_MAX_PROJECT_LENGTH = 128


class WandbMode(StrEnum):
    """Where a training's run goes; the words are the SDK's own."""

    ONLINE = "online"
    OFFLINE = "offline"
    DISABLED = "disabled"


@dataclass(frozen=True, kw_only=True, slots=True)
class WandbSettings:
    """
    Where runs go.

    Attributes:
        mode: WANDB_MODE; by default online with a key, else offline.
        api_key: WANDB_API_KEY.
        project: WANDB_PROJECT.
        folder: WANDB_DIR, where run files go.
    """

    mode: WandbMode
    api_key: str = field(repr=False)
    project: str
    folder: Path

    @classmethod
    def read(cls, reader: SettingsReader) -> WandbSettings:
        """As the environment has it; faults are the reader's."""
        key = reader.read("WANDB_API_KEY", "", str, is_secret=True)
        return cls(
            mode=reader.read("WANDB_MODE", "", partial(_wandb_mode, has_key=bool(key))),
            api_key=key,
            project=reader.read("WANDB_PROJECT", "slipway", _wandb_project),
            folder=reader.read("WANDB_DIR", ".slipway", Path),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingSettings:
    """
    Settings of this process.

    Attributes:
        registry: MODEL_REGISTRY, where bundles are published.
        ledger: DEPLOYMENT_LEDGER, which says what the champion is.
        candidate: CANDIDATE_DIR, where the last trained bundle waits.
        wandb: Where the run goes.
        as_of: AS_OF, the replay clock; None uses all there is.
    """

    registry: ModelRegistry
    ledger: DeploymentLedger
    candidate: Path
    wandb: WandbSettings
    as_of: date | None

    @classmethod
    def from_env(cls, environment: Mapping[str, str], watch: Watch | None = None) -> TrainingSettings:
        """
        Args:
            environment: Variables.
            watch: Is told how far files are that the registry sends or fetches.

        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            registry=reader.read(
                "MODEL_REGISTRY", DEFAULT_REGISTRY, partial(open_registry, environment=environment, watch=watch)
            ),
            ledger=reader.read("DEPLOYMENT_LEDGER", DEFAULT_LEDGER, partial(open_ledger, environment=environment)),
            candidate=reader.read("CANDIDATE_DIR", ".slipway/candidate", Path),
            wandb=WandbSettings.read(reader),
            as_of=reader.read("AS_OF", "", day),
        )
        refuse_apart(reader, settings.registry, settings.ledger)
        reader.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackSettings:
    """
    Settings of `python -m ml track` and `report`.

    Attributes:
        registry: MODEL_REGISTRY, where the models' figures are.
        ledger: DEPLOYMENT_LEDGER, which says what served when.
        candidate: CANDIDATE_DIR, where a candidate may wait that the gate refused.
        wandb: Where the run goes.
        as_of: AS_OF, the day that stands for today; None for today.
        drift_dir: DRIFT_DIR, where the last check of drift left its report.
        service_url: SERVICE_URL, the service that keeps the report otherwise; empty for none.
        service_key: SERVICE_KEY that is sent to it, of the scope admin; empty for none.
    """

    registry: ModelRegistry
    ledger: DeploymentLedger
    candidate: Path
    wandb: WandbSettings
    as_of: date | None
    drift_dir: Path
    service_url: str
    service_key: str = field(repr=False)

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> TrackSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            registry=reader.read("MODEL_REGISTRY", DEFAULT_REGISTRY, partial(open_registry, environment=environment)),
            ledger=reader.read("DEPLOYMENT_LEDGER", DEFAULT_LEDGER, partial(open_ledger, environment=environment)),
            candidate=reader.read("CANDIDATE_DIR", ".slipway/candidate", Path),
            wandb=WandbSettings.read(reader),
            as_of=reader.read("AS_OF", "", day),
            drift_dir=reader.read("DRIFT_DIR", ".slipway/drift", Path),
            service_url=reader.read("SERVICE_URL", "", lambda text: service_url(text) if text else ""),
            service_key=reader.read("SERVICE_KEY", "", service_key, is_secret=True),
        )
        refuse_apart(reader, settings.registry, settings.ledger)
        reader.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadSettings:
    """
    Settings of every command that reads the data, where they lie behind a URL.

    Attributes:
        folder: DATA_DIR, where downloaded files are kept.
        token: DATASET_TOKEN that is sent to the URL's own host; empty for none.
        max_bytes: DATASET_MAX_BYTES, the largest file that is downloaded.
    """

    folder: Path
    token: str = field(repr=False)
    max_bytes: int

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> DownloadSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            folder=reader.read("DATA_DIR", ".slipway/data", Path),
            token=reader.read("DATASET_TOKEN", "", _token, is_secret=True),
            max_bytes=reader.read("DATASET_MAX_BYTES", "2000000000", whole_number(1000, 10**12)),
        )
        reader.finish()
        return settings


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficSettings:
    """
    Settings of `python -m ml traffic`.

    Attributes:
        port: PORT on which the service of this machine listens.
        api_key: API_KEY that is sent to the service; empty for none.
    """

    port: int
    api_key: str = field(repr=False)

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> TrafficSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            port=reader.read("PORT", "8000", whole_number(1, 65535)),
            api_key=reader.read("API_KEY", "", service_key, is_secret=True),
        )
        reader.finish()
        return settings


def _token(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("takes one token, without spaces")
    return text


def _wandb_mode(text: str, *, has_key: bool) -> WandbMode:
    if not text:
        return WandbMode.ONLINE if has_key else WandbMode.OFFLINE
    if text not in set(WandbMode):
        raise ValueError(f"takes {' or '.join(WandbMode)}")
    if text == WandbMode.ONLINE and not has_key:
        raise ValueError("takes online only beside WANDB_API_KEY")
    return WandbMode(text)


def _wandb_project(text: str) -> str:
    # https://docs.wandb.ai/guides/track/project-page: what the service refuses.
    if len(text) > _MAX_PROJECT_LENGTH or set(text) & set("/\\#?%:"):
        raise ValueError(f"takes up to {_MAX_PROJECT_LENGTH} characters without / \\ # ? % :")
    return text
