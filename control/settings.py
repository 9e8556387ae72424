"""What the `control` commands read from the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.errors import Fault, SettingsError
from core.github.settings import GitHubSettings, is_repository
from core.settings import SettingsReader


def read_settings(
    environment: Mapping[str, str], *, repository: str | None, origin: Callable[[], str | None]
) -> GitHubSettings:
    """
    The repository that is meant, and the way to it.

    Args:
        environment: Variables.
        repository: owner/name as somebody asked for; None to take GITHUB_REPOSITORY.
        origin: Tells the repository of the checkout, for where the environment does not.

    Raises:
        SettingsError: naming every malformed variable.
    """
    reader = SettingsReader(environment)
    named = reader.read("GITHUB_REPOSITORY", "", _repository)
    reader.finish()
    chosen = repository or named or origin()
    if not chosen:
        problem = "is not set, and the git remote origin leads to no repository on GitHub; use --repository OWNER/NAME"
        raise SettingsError("environment", [Fault(place="GITHUB_REPOSITORY", problem=problem)])
    try:
        return GitHubSettings.from_env(chosen, environment)
    except ValueError as error:
        raise SettingsError("environment", [Fault(place=f"the way to {chosen}", problem=str(error))]) from error


def _repository(text: str) -> str:
    if text and not is_repository(text):
        raise ValueError("takes OWNER/NAME")
    return text
