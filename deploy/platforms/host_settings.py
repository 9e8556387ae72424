"""What one host reads from the environment, and the platform that follows from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.settings import SettingsReader, service_url, whole_number
from deploy.platforms.compose import FOLDER, open_compose_slots
from deploy.platforms.host import HostPlatform
from deploy.platforms.processes import ProcessSlots
from deploy.platforms.proxy import CaddyProxy, start_caddy
from deploy.platforms.slots import Colour

_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_LOOPBACK: Final = "127.0.0.1"
# Where docker-compose.yml shows what Caddy says; it can be looked at only.
_COMPOSE_ADMIN: Final = "127.0.0.1:2019"
_PORT: Final = whole_number(1, 65535)


@dataclass(frozen=True, kw_only=True, slots=True)
class HostSettings:
    """
    Settings of one host.

    Attributes:
        folder: DEPLOY_DIR, for the active file, pid files and logs.
        site: SITE, the domain that is served by HTTPS; empty for http on the loopback.
        port: PORT of the loopback where there is no SITE.
        slot_ports: SLOT_PORTS of blue and of green.
        admin: CADDY_ADMIN, where Caddy's admin API listens.
    """

    folder: Path
    site: str
    port: int
    slot_ports: tuple[int, int]
    admin: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> HostSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            folder=reader.read("DEPLOY_DIR", ".slipway/host", _folder),
            site=reader.read("SITE", "", _domain),
            port=reader.read("PORT", "8000", _PORT),
            slot_ports=reader.read("SLOT_PORTS", "8001,8002", _two_ports),
            admin=reader.read("CADDY_ADMIN", "127.0.0.1:2019", _address),
        )
        admin = int(settings.admin.rpartition(":")[2])
        if {settings.port, admin} & set(settings.slot_ports):
            reader.refuse("SLOT_PORTS", "takes ports that are neither PORT nor that of CADDY_ADMIN")
        if settings.port == admin:
            reader.refuse("CADDY_ADMIN", "takes another port than PORT")
        reader.finish()
        return settings

    @property
    def url(self) -> str:
        """What the public asks."""
        return f"https://{self.site}" if self.site else f"http://{_LOOPBACK}:{self.port}"

    @property
    def public_ports(self) -> tuple[int, ...]:
        """Where the proxy listens."""
        return (80, 443) if self.site else (self.port,)

    @property
    def active_file(self) -> Path:
        """Says which slot serves."""
        return self.folder / "active"

    def upstream(self, colour: Colour) -> str:
        """Where the proxy finds a slot."""
        return f"{_LOOPBACK}:{dict(zip(Colour, self.slot_ports, strict=True))[colour]}"

    def of_caddy(self) -> dict[str, str]:
        """What proxy/Caddyfile takes."""
        return {
            "SITE": self.site or f"http://:{self.port}",
            "BIND": "0.0.0.0" if self.site else _LOOPBACK,  # noqa: S104  # a domain is for everybody
            "BLUE": self.upstream(Colour.BLUE),
            "GREEN": self.upstream(Colour.GREEN),
            "ACTIVE_FILE": str(self.active_file),
            "CADDY_ADMIN": self.admin,
        }


def open_host(environment: Mapping[str, str]) -> HostPlatform:
    """
    This machine, as the environment describes it; its folder is made if need be.

    Raises:
        SettingsError: naming every malformed variable.
        OSError: if the folder cannot be made.
    """
    settings = HostSettings.from_env(environment)
    settings.folder.mkdir(parents=True, exist_ok=True)
    proxy = CaddyProxy(
        settings.admin,
        upstreams={colour: settings.upstream(colour) for colour in Colour},
        marks=(f"{{file.{settings.active_file}}}", settings.site or f"{_LOOPBACK}:{settings.port}"),
        start=lambda: start_caddy(settings.folder, environment, settings.of_caddy(), ports=settings.public_ports),
    )
    slots = ProcessSlots(settings.folder, environment, settings.slot_ports)
    return HostPlatform(slots, proxy, settings.folder, url=settings.url)


def open_compose(environment: Mapping[str, str]) -> HostPlatform:
    """
    The containers of docker-compose.yml, whose settings lie in `.env`.

    Raises:
        SettingsError: naming every malformed variable.
        OSError: if the folder cannot be made.
    """
    reader = SettingsReader(environment)
    url = reader.read("SERVICE_URL", "http://127.0.0.1", service_url)
    reader.finish()
    FOLDER.mkdir(parents=True, exist_ok=True)
    proxy = CaddyProxy(
        _COMPOSE_ADMIN,
        upstreams={colour: f"{colour}:8080" for colour in Colour},
        marks=("{file./run/slipway/active}",),
        remedy="run docker compose up --detach --wait caddy",
    )
    return HostPlatform(open_compose_slots(environment), proxy, FOLDER, url=url, name="docker compose")


def _folder(text: str) -> Path:
    if set(text) & set('"{}`\\\n'):
        raise ValueError("takes a folder without quotes, braces and backslashes, which Caddy reads as its own")
    return Path(text).resolve()


def _domain(text: str) -> str:
    if text and not _DOMAIN.fullmatch(text):
        raise ValueError("takes a domain such as forecast.example.com, which leads to this machine")
    return text


def _two_ports(text: str) -> tuple[int, int]:
    try:
        blue, green = (_PORT(each.strip()) for each in text.split(","))
    except ValueError:
        blue = green = 0
    if blue == green:
        raise ValueError("takes two ports from 1 to 65535, parted by a comma")
    return blue, green


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if host not in {_LOOPBACK, "localhost"} or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError("takes an address of the loopback such as 127.0.0.1:2019; whoever reaches it rules Caddy")
    return text
