"""A process that switches a service on Render, to be killed in the middle."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from core.tags import ModelTag
from deploy.platforms.render import RenderPlatform
from deploy.platforms.render_deploys import Patience
from deploy.platforms.render_settings import RenderSettings
from doubles.render import Render
from doubles.render.double import KEY

# Where something is to come about there is time for it; only what never comes is not waited for.
QUICK = Patience(poll_s=0.01, deploy_s=60.0, cancel_s=30.0, find_s=30.0, settling_s=30.0, wake_s=30.0, answer_s=30.0)
HASTY = replace(QUICK, deploy_s=0.1, build_s=0.0, cancel_s=0.1, find_s=0.1, settling_s=0.1, wake_s=0.2)
_SPAWN = multiprocessing.get_context("spawn")


def platform_of(
    render: Render,
    *,
    key: str = KEY,
    patience: Patience = QUICK,
    service: str = "forecast",
    environment: Mapping[str, str] | None = None,
) -> RenderPlatform:
    """The adapter, which hardly waits."""
    return _platform(render.api_url, key, patience, service, environment or {})


def _platform(
    api_url: str, key: str, patience: Patience, service: str, environment: Mapping[str, str]
) -> RenderPlatform:
    settings = RenderSettings(api_url=api_url, key=key, answer_s=1.0)
    return RenderPlatform(service, environment, settings, patience=patience, sleep=lambda s: time.sleep(min(s, 0.01)))


def _switch(api_url: str, green: str, blue: str, is_back: bool) -> None:
    platform = _platform(api_url, KEY, QUICK, "forecast", {})
    if is_back:
        platform.go_back(ModelTag.parse(blue), green=ModelTag.parse(green))
    else:
        platform.switch(ModelTag.parse(green), blue=ModelTag.parse(blue))


@contextmanager
def switching(render: Render, green: ModelTag, blue: ModelTag, *, is_back: bool = False) -> Iterator[None]:
    """While this lasts another process switches; at the end it is killed."""
    process = _SPAWN.Process(target=_switch, args=(render.api_url, str(green), str(blue), is_back))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()
        process.close()
