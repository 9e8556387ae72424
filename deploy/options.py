"""Which service a command means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import click

from core.errors import Fault, SettingsError
from deploy.settings import DeploySettings

T = TypeVar("T")
_PLACE: Final = "SERVICE_URL"

SERVICE = click.option(
    "--service",
    "url",
    envvar=_PLACE,
    help="The service's address  [default: SERVICE_URL, or where DEPLOY_PLATFORM serves]",
)


def open_service(settings: DeploySettings, url: str | None, make: Callable[[str, str], T]) -> T:
    """
    A client of the service that is meant.

    Args:
        settings: Whose platform is taken where nothing else is said.
        url: As the option has it.
        make: Of a URL and a key; a ValueError says what is wrong with them.

    Raises:
        SettingsError: if no service is named, or its address or the key is none.
    """
    found = url or (settings.platform.url if settings.platform else None)
    if not found:
        raise SettingsError(
            "environment",
            [Fault(place=_PLACE, problem="is not set; it takes the service's address, as does --service")],
        )
    try:
        return make(found, settings.service_key)
    except ValueError as error:
        raise SettingsError("environment", [Fault(place=_PLACE, problem=str(error))]) from error
