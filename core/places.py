"""Opens what MODEL_REGISTRY, DEPLOYMENT_LEDGER and DRIFT_ALERTS name: a place on this machine, or one on GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.errors import Fault, SettingsError
from core.ledger import DeploymentLedger, FileLedger
from core.registry import DirectoryRegistry, ModelRegistry
from core.settings import SettingsReader

if TYPE_CHECKING:
    from core.github.client import GitHub
    from core.github.publishing import Watch

DEFAULT_REGISTRY = "directory:.slipway/registry"
DEFAULT_LEDGER = "file:.slipway/ledger.jsonl"
DEFAULT_CACHE = ".slipway/cache"
_DIRECTORY, _FILE, _GITHUB, _NONE = "directory", "file", "github", "none"


def open_registry(
    location: str,
    environment: Mapping[str, str],
    watch: Watch | None = None,
    *,
    patience_s: float | None = None,
) -> ModelRegistry:
    """
    The registry named by a setting.

    Args:
        location: `directory:PATH` or `github:OWNER/NAME`.
        environment: Says how to reach GitHub, and in MODEL_CACHE where what was fetched is kept.
        watch: Is told how far files are that are sent or fetched.
        patience_s: At most so long a call to GitHub waits to be made again; by default minutes.

    Raises:
        ValueError: saying what would be right.
    """
    kind, _, rest = location.partition(":")
    if kind == _DIRECTORY and rest:
        return DirectoryRegistry(Path(rest))
    if kind != _GITHUB:
        raise ValueError(f"takes {_DIRECTORY}:PATH or {_GITHUB}:OWNER/NAME")
    from core.github.releases import ReleasesRegistry  # noqa: PLC0415  # a model in a directory needs none of it

    github = _open_github(rest, environment, patience_s)
    settings = github.settings
    root = Path(environment.get("MODEL_CACHE") or DEFAULT_CACHE)
    # Repositories of one name on two servers are not one.
    server = urlsplit(settings.server_url).netloc.replace(":", "-")
    return ReleasesRegistry(github, DirectoryRegistry(root / server / settings.repository), watch=watch)


def open_ledger(location: str, environment: Mapping[str, str]) -> DeploymentLedger:
    """
    The ledger named by a setting.

    Args:
        location: `file:PATH` or `github:OWNER/NAME`.
        environment: Says how to reach GitHub.

    Raises:
        ValueError: saying what would be right.
    """
    kind, _, rest = location.partition(":")
    if kind == _FILE and rest:
        return FileLedger(Path(rest))
    if kind != _GITHUB:
        raise ValueError(f"takes {_FILE}:PATH or {_GITHUB}:OWNER/NAME")
    from core.github.deployments import DeploymentsLedger  # noqa: PLC0415  # as above

    github = _open_github(rest, environment)
    run = environment.get("GITHUB_RUN_ID")
    return DeploymentsLedger(github, run_url=f"{github.settings.page}/actions/runs/{run}" if run else "")


def open_alerts(location: str, environment: Mapping[str, str], *, patience_s: float | None = None) -> GitHub | None:
    """
    The repository in whose issues alerts are told, as a setting names it.

    Args:
        location: `github:OWNER/NAME`; `none` or empty for none.
        environment: Says how to reach GitHub.
        patience_s: See `open_registry`.

    Raises:
        ValueError: saying what would be right.
    """
    kind, _, rest = location.partition(":")
    if location in {"", _NONE}:
        return None
    if kind != _GITHUB:
        raise ValueError(f"takes {_NONE} or {_GITHUB}:OWNER/NAME")
    return _open_github(rest, environment, patience_s)


def is_on_github(registry: ModelRegistry) -> bool:
    """Whether a registry is elsewhere, and may be away."""
    return not isinstance(registry, DirectoryRegistry)


def refuse_apart(reader: SettingsReader, registry: ModelRegistry, ledger: DeploymentLedger) -> None:
    """Refuse a ledger on this machine beside a registry on GitHub: it knows nothing of what serves of that."""
    if is_on_github(registry) and isinstance(ledger, FileLedger):
        reader.refuse("DEPLOYMENT_LEDGER", f"takes {registry} too, beside a registry there")


def open_github(environment: Mapping[str, str]) -> GitHub:
    """
    The repository that a workflow run, or a person, is about.

    Raises:
        SettingsError: if GITHUB_REPOSITORY does not name one.
    """
    name = "GITHUB_REPOSITORY"
    try:
        return _open_github(environment.get(name, ""), environment)
    except ValueError as error:
        raise SettingsError("environment", [Fault(place=name, problem=f"names OWNER/NAME: {error}")]) from error


def _open_github(repository: str, environment: Mapping[str, str], patience_s: float | None = None) -> GitHub:
    from core.github.client import GitHub  # noqa: PLC0415  # as above
    from core.github.settings import GitHubSettings  # noqa: PLC0415  # as above
    from core.github.transport import PATIENCE_S, Transport  # noqa: PLC0415  # as above

    settings = GitHubSettings.from_env(repository, environment)
    return GitHub(settings, Transport(settings, patience_s=PATIENCE_S if patience_s is None else patience_s))
