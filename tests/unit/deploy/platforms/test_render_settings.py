from __future__ import annotations

import pytest

from deploy.platforms.render import open_render
from deploy.platforms.render_settings import DEFAULT_API_URL, RenderSettings


def test_render_itself_is_the_default() -> None:
    settings = RenderSettings.from_env({"RENDER_API_KEY": " rnd_1 "})
    assert (settings.api_url, settings.key, settings.service_url) == (DEFAULT_API_URL, "rnd_1", "")


def test_the_key_is_not_shown() -> None:
    assert "rnd_1" not in repr(RenderSettings.from_env({"RENDER_API_KEY": "rnd_1"}))


@pytest.mark.parametrize("key", ["", "rnd 1", "rnd_1\nrnd_2", "schlüssel"])
def test_a_key_that_is_none_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match=r"needs RENDER_API_KEY, one key of Render's API without spaces$"):
        RenderSettings.from_env({"RENDER_API_KEY": key})


@pytest.mark.parametrize(
    "url", ["http://api.render.com/v1", "https://api.example.com", "api.render.com", "http://10.0.0.1"]
)
def test_the_key_goes_to_render_or_to_loopback_only(url: str) -> None:
    with pytest.raises(ValueError, match=r"needs RENDER_API_URL to be https://api\.render\.com/v1"):
        RenderSettings.from_env({"RENDER_API_KEY": "rnd_1", "RENDER_API_URL": url})


def test_a_double_on_loopback_is_taken() -> None:
    url = "http://127.0.0.1:8123/v1"
    assert RenderSettings.from_env({"RENDER_API_KEY": "rnd_1", "RENDER_API_URL": f"{url}/"}).api_url == url


@pytest.mark.parametrize("url", ["http://forecast.example.com", "forecast.example.com", "https://"])
def test_the_public_address_is_encrypted(url: str) -> None:
    with pytest.raises(ValueError, match="needs SERVICE_URL to be an https URL"):
        RenderSettings.from_env({"RENDER_API_KEY": "rnd_1", "SERVICE_URL": url})


def test_the_public_address_goes_before_what_render_says() -> None:
    environment = {"RENDER_API_KEY": "rnd_1", "SERVICE_URL": "https://forecast.example.com/"}
    assert open_render("forecast", environment).url == "https://forecast.example.com"


@pytest.mark.parametrize("service", ["", "two words", "../services", "-forecast"])
def test_a_service_has_a_name(service: str) -> None:
    with pytest.raises(ValueError, match=r"takes the name of a Render service, or its id such as srv-\.\.\."):
        open_render(service, {"RENDER_API_KEY": "rnd_1"})
