"""Calls Render's API, and asks the public address which tag answers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec
import requests
import structlog

from core.bearer import Bearer
from core.errors import PlatformAway, PlatformError, PlatformRefused
from core.github.patience import Attempt, wait_before_next
from deploy.platforms.render_answers import Deploy, OfDeploys, OfServices, OfVariables, Service
from deploy.platforms.render_settings import RenderSettings

T = TypeVar("T")
_PAGE: Final = 20
_MOST_PAGES: Final = 50
_PATIENCE_S: Final = 200.0
_CONNECT_S: Final = 10.0
_SAID: Final = 200
_LOG = structlog.get_logger()

_ADVICE: Final[Mapping[int, str]] = {
    401: "set RENDER_API_KEY to a key that is valid",
    403: "RENDER_API_KEY is of somebody who may not do that",
    404: "RENDER_API_KEY may be of another workspace, or what was asked for is gone",
    409: "something else is being done to the service, or it is suspended; look at Render's dashboard and try again",
    429: "too much was asked of it; try again later",
}


class _Said(msgspec.Struct):
    message: str = ""


class RenderApi:
    """
    Render's API. Each method raises PlatformAway if it does not answer, PlatformRefused if it will not.

    What may be done twice is asked again for a while; a deploy is not, unless Render says that it did not begin one.
    """

    def __init__(self, settings: RenderSettings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """
        Args:
            settings: The way to it.
            sleep: Waits, in seconds.
        """
        self._settings, self._sleep = settings, sleep
        self._session = requests.Session()

    def service(self, wanted: str) -> Service:
        """The web service of an id or a name."""
        is_id = wanted.startswith("srv-")
        asked: dict[str, str | int] = {"type": "web_service", "limit": _PAGE}
        if not is_id:
            asked["name"] = wanted
        found = [
            each.service
            for each in self._pages(OfServices, "services", asked)
            if wanted == (each.service.id if is_id else each.service.name)
        ]
        if not found:
            raise PlatformRefused(
                f"Render has no web service {wanted}, or RENDER_API_KEY is of another workspace; "
                "make one from render.yaml, or name one as Render's dashboard does"
            )
        if len(found) > 1:
            ids = ", ".join(each.id for each in found)
            raise PlatformRefused(f"Render has {len(found)} web services {wanted}; name one by its id: {ids}")
        return found[0]

    def variable(self, service: Service, key: str) -> str:
        """The value of an environment variable, as the next deploy will have it; empty if there is none."""
        for each in self._pages(OfVariables, f"services/{service.id}/env-vars", {"limit": _PAGE}):
            if each.env_var.key == key:
                return each.env_var.value
        return ""

    def set_variable(self, service: Service, key: str, value: str) -> None:
        """Set one environment variable, for the next deploy; what runs does not see it."""
        self._call("PUT", f"services/{service.id}/env-vars/{key}", body={"value": value})

    def deploys(self, service: Service) -> list[Deploy]:
        """The newest deploys, newest first."""
        found = self._get(list[OfDeploys], f"services/{service.id}/deploys", {"limit": _PAGE})
        return sorted((each.deploy for each in found), key=lambda deploy: deploy.created_at, reverse=True)

    def live(self, service: Service) -> Deploy | None:
        """The deploy that serves by Render's own account; None if there is none."""
        found = self._get(list[OfDeploys], f"services/{service.id}/deploys", {"limit": _PAGE, "status": "live"})
        live = (each.deploy for each in found if each.deploy.status == "live")
        return max(live, key=lambda deploy: deploy.created_at, default=None)

    def deploy(self, service: Service, deploy: Deploy) -> Deploy:
        """How a deploy stands now."""
        return self._get(Deploy, f"services/{service.id}/deploys/{deploy.id}", {})

    def begin(self, service: Service, mode: str) -> Deploy | None:
        """Begin a deploy, `deploy_only` or `build_and_deploy`; None if it was queued, and has no id yet."""
        return self._begin(f"services/{service.id}/deploys", {"deployMode": mode})

    def roll_back(self, service: Service, deploy: Deploy) -> Deploy | None:
        """Begin to go back to what an earlier deploy built; None as above."""
        return self._begin(f"services/{service.id}/rollback", {"deployId": deploy.id})

    def cancel(self, service: Service, deploy: Deploy) -> None:
        """Ask that a deploy be given up; it may end otherwise meanwhile."""
        self._call("POST", f"services/{service.id}/deploys/{deploy.id}/cancel")

    def _begin(self, path: str, body: Mapping[str, str]) -> Deploy | None:
        content = self._call("POST", path, body=body)
        return _decode(content, Deploy, path) if content.strip() else None

    def _get(self, kind: type[T], path: str, params: Mapping[str, str | int]) -> T:
        return _decode(self._call("GET", path, params=params), kind, path)

    def _pages(self, kind: type[T], path: str, params: Mapping[str, str | int]) -> Iterator[T]:
        """Everything in a list; it ends with a page that holds nothing new, whatever the cursor was taken for."""
        seen: set[str] = set()
        asked = dict(params)
        for _ in range(_MOST_PAGES):
            page: list[Any] = self._get(list[kind], path, asked)  # type: ignore[valid-type]  # made at run time
            fresh = [each for each in page if each.cursor not in seen]
            yield from fresh
            if not fresh or not page[-1].cursor:
                return
            seen.update(each.cursor for each in fresh)
            asked["cursor"] = page[-1].cursor

    def _call(
        self, method: str, path: str, *, params: Mapping[str, str | int] | None = None, body: object = None
    ) -> bytes:
        waited_s, number = 0.0, 0
        while True:
            number += 1
            attempt, outcome = self._try(method, path, number, params, body)
            if isinstance(outcome, bytes):
                return outcome
            wait_s = wait_before_next(attempt, now=time.time(), jitter=random.random())  # noqa: S311  # no secret
            if wait_s is None or waited_s + wait_s > _PATIENCE_S:
                raise outcome
            _LOG.info("render is asked again", path=path, status=attempt.status, wait_s=round(wait_s, 1))
            waited_s += wait_s
            self._sleep(wait_s)

    def _try(
        self, method: str, path: str, number: int, params: Mapping[str, str | int] | None, body: object
    ) -> tuple[Attempt, bytes | PlatformError]:
        call = f"{method} {self._settings.api_url}/{path}"
        try:
            answer = self._session.request(
                method,
                f"{self._settings.api_url}/{path}",
                params=params,
                json=body,
                headers={"Accept": "application/json", "User-Agent": "slipway"},
                auth=Bearer(self._settings.key),
                timeout=(_CONNECT_S, self._settings.answer_s),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            was_sent = not isinstance(error, requests.ConnectTimeout) and "NewConnectionError" not in repr(error)
            attempt = Attempt(method=method, number=number, headers={}, was_sent=was_sent)
            return attempt, PlatformAway(f"{call}: {_why(error)}; try again later")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        attempt = Attempt(method=method, number=number, status=answer.status_code, headers=headers)
        if 200 <= answer.status_code < 300:
            return attempt, answer.content
        return attempt, self._refusal(call, answer.status_code, answer.content)

    def _refusal(self, call: str, status: int, content: bytes) -> PlatformError:
        if status >= 500:
            return PlatformAway(f"{call}: it answers {status}; try again later")
        said = _message(content).replace(self._settings.key, "[key]")[:_SAID]
        parts = [f"{call} is answered {status}" + (f" ({said})" if said else ""), _ADVICE.get(status, "")]
        return PlatformRefused("; ".join(filter(None, parts)))


def _decode(content: bytes, kind: type[T], path: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlatformAway(f"Render's answer to {path} cannot be read: {error}; try again later") from error


def _message(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=_Said).message
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _why(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    return "it cannot be reached, or cut the connection"
