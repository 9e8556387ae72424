from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from deploy.platforms.host_settings import HostSettings


def test_without_any_setting_it_serves_the_loopback() -> None:
    settings = HostSettings.from_env({})

    assert (settings.url, settings.slot_ports, settings.public_ports) == (
        "http://127.0.0.1:8000",
        (8001, 8002),
        (8000,),
    )
    assert settings.of_caddy() == {
        "SITE": "http://:8000",
        "BIND": "127.0.0.1",
        "BLUE": "127.0.0.1:8001",
        "GREEN": "127.0.0.1:8002",
        "ACTIVE_FILE": str(Path.cwd() / ".slipway/host/active"),
        "CADDY_ADMIN": "127.0.0.1:2019",
    }


def test_a_domain_is_served_to_everybody_by_https() -> None:
    settings = HostSettings.from_env({"SITE": "forecast.example.com"})

    assert (settings.url, settings.public_ports) == ("https://forecast.example.com", (80, 443))
    assert (settings.of_caddy()["SITE"], settings.of_caddy()["BIND"]) == (settings.site, "0.0.0.0")  # noqa: S104  # a domain is for everybody


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("DEPLOY_DIR", 'a"b', "takes a folder without quotes"),
        ("DEPLOY_DIR", "a}b", "takes a folder without quotes"),
        ("SITE", "https://forecast.example.com", "takes a domain such as"),
        ("SITE", "forecast", "takes a domain such as"),
        ("SITE", "a.com {\nrespond hi", "takes a domain such as"),
        ("PORT", "http", "takes a whole number from 1 to 65535"),
        ("SLOT_PORTS", "8001", "takes two ports from 1 to 65535"),
        ("SLOT_PORTS", "8001,8001", "takes two ports from 1 to 65535"),
        ("SLOT_PORTS", "8001,8002,8003", "takes two ports from 1 to 65535"),
        ("SLOT_PORTS", "8000,8001", "neither PORT nor that of CADDY_ADMIN"),
        ("CADDY_ADMIN", "0.0.0.0:2019", "takes an address of the loopback"),
        ("CADDY_ADMIN", "127.0.0.1", "takes an address of the loopback"),
        ("CADDY_ADMIN", "127.0.0.1:8000", "takes another port than PORT"),
    ],
)
def test_a_malformed_variable_is_named_with_what_it_takes(name: str, value: str, wanted: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: .*{wanted}"):
        HostSettings.from_env({name: value})
