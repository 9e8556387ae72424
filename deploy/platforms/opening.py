"""Opens the platform that a setting names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from deploy.platform import Platform

NONE: Final = "none"


def open_platform(location: str, environment: Mapping[str, str]) -> Platform | None:
    """
    The platform named by a setting.

    Args:
        location: `none`, `host`, `compose`, `fly:APP` or `render:SERVICE`.
        environment: Says how to reach it.

    Returns:
        None where deployments are only written down.

    Raises:
        ValueError: saying what would be right.
        SettingsError: naming the variables that are wrong for it.
    """
    kind, _, rest = location.partition(":")
    if location in {"", NONE}:
        return None
    opened = _OPENED.get((kind, bool(rest)))
    if opened is None:
        raise ValueError(f"takes {NONE}, host, compose, fly:APP or render:SERVICE")
    return opened(rest, environment)


def _host(_: str, environment: Mapping[str, str]) -> Platform:
    from deploy.platforms.host_settings import open_host  # noqa: PLC0415  # what is not used need not be loaded

    return open_host(environment)


def _compose(_: str, environment: Mapping[str, str]) -> Platform:
    from deploy.platforms.host_settings import open_compose  # noqa: PLC0415  # as above

    return open_compose(environment)


def _fly(app: str, environment: Mapping[str, str]) -> Platform:
    from deploy.platforms.fly import open_fly  # noqa: PLC0415  # as above

    return open_fly(app, environment)


def _render(service: str, environment: Mapping[str, str]) -> Platform:
    from deploy.platforms.render import open_render  # noqa: PLC0415  # as above

    return open_render(service, environment)


_OPENED: Final[Mapping[tuple[str, bool], Callable[[str, Mapping[str, str]], Platform]]] = {
    ("host", False): _host,
    ("compose", False): _compose,
    ("fly", True): _fly,
    ("render", True): _render,
}
