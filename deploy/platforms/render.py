"""Render: one variable says which tag a service serves, and a deploy of Render's own brings it about."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import structlog

from core.errors import NotSwitched, PlatformError, PlatformRefused
from core.tags import ModelTag, is_tag
from deploy.platform import Machine, Remnant, Serving, Situation
from deploy.platforms.rehearsal import Rehearsed
from deploy.platforms.render_answers import Deploy, Service
from deploy.platforms.render_api import RenderApi
from deploy.platforms.render_deploys import Deploys, Patience
from deploy.platforms.render_public import Public, unsettled_s
from deploy.platforms.render_settings import RenderSettings

_SERVICE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_VARIABLE: Final = "MODEL_TAG"
# Render's own word for a deploy of the last successful build, and for one that builds first.
_DEPLOY_ONLY: Final = "deploy_only"
_BUILD: Final = "build_and_deploy"
_LOG = structlog.get_logger()


class RenderPlatform(Rehearsed):
    """One web service on Render; see `Platform`. Green and blue are first run on this machine."""

    def __init__(
        self,
        service: str,
        environment: Mapping[str, str],
        settings: RenderSettings,
        *,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Args:
            service: Its id or its name.
            environment: Of this process, for the rehearsal.
            settings: The way to Render.
            patience: How long each thing may take.
            sleep: Waits, in seconds.
        """
        self._wanted, self._settings, self._sleep = service, settings, sleep
        self._patience = patience or Patience()
        self._api = RenderApi(settings, sleep=sleep)
        self._deploys = Deploys(self._api, self._patience, sleep)
        self._public = Public(self._patience.poll_s, sleep)
        super().__init__(environment)
        self._known: Service | None = None
        self._before: Deploy | None = None

    @property
    def name(self) -> str:
        """See `Platform.name`."""
        return f"Render service {self._wanted}"

    @property
    def url(self) -> str:
        """See `Platform.url`."""
        url = self._settings.service_url or self._service().service_details.url
        if not url:
            raise PlatformError(f"{self.name} has no public address; set SERVICE_URL")
        return url.rstrip("/")

    @property
    def settling_s(self) -> float:
        """See `Platform.settling_s`."""
        return self._patience.settling_s

    def machines(self) -> tuple[Machine, ...]:
        """See `Platform.machines`; the kind is the plan's name."""
        details = self._service().service_details
        return (Machine(kind=details.plan, count=details.num_instances),)

    def observe(self) -> Situation:
        """See `Platform.observe`; what serves is what answers, or MODEL_TAG where nothing does in time."""
        self._known = None
        service = self._service()
        live, wanted = self._api.live(service), self._api.variable(service, _VARIABLE)
        tag = self._answering(service, live, wanted)
        running = self._deploys.running(service)
        own = [each for each in running if self._deploys.is_ours(each, is_pending=wanted != str(tag))]
        remnants = [Remnant(name=f"deploy {each.id}", tag=_tag(wanted)) for each in own]
        if tag is not None and wanted not in {"", str(tag)}:
            remnants.append(Remnant(name=f"the variable {_VARIABLE}", tag=_tag(wanted)))
        since = (live.since if live else None) or datetime.now(UTC)
        return Situation(
            serving=Serving(tag=tag, since=since) if tag else None,
            remnants=tuple(remnants),
            busy="; ".join(str(each) for each in running if each not in own),
        )

    def clear(self, situation: Situation) -> None:
        """See `Platform.clear`."""
        self._tidy(situation.serving.tag if situation.serving else None)

    def discard(self, green: ModelTag) -> None:  # noqa: ARG002  # only one is rehearsed
        """See `Platform.discard`."""
        self._rehearsal.stop()

    def retire(self, blue: ModelTag | None, *, green: ModelTag) -> None:  # noqa: ARG002  # Render stops blue itself
        """See `Platform.retire`; the variable then names what serves."""
        self._tidy(green)

    def switch(self, green: ModelTag, *, blue: ModelTag | None) -> None:
        """See `Platform.switch`."""
        # Nothing of it is to be left on this machine, should we be stopped meanwhile.
        self._rehearsal.stop()
        with _untouched():
            service = self._service()
            running = self._deploys.running(service)
            is_pending = bool(running) and self._api.variable(service, _VARIABLE) == str(green)
            for each in running:
                if not self._deploys.is_ours(each, is_pending=is_pending):
                    raise NotSwitched(f"{self.name}: {each}; wait until it has ended, and run this again")
            self._before = self._api.live(service)
        patience_s = self._patience.deploy_s + (0.0 if self._before else self._patience.build_s)
        begun = running[0] if running else self._begin_green(service, green, blue)
        deploy = self._deploys.ended(service, begun, patience_s)
        if deploy.has_succeeded:
            self._require(green, f"deploy {deploy.id} is live")
            return
        told = f"{self.name}: deploy {deploy.id} is {deploy.status}" + self._set_back(service, blue)
        if not deploy.has_ended:
            raise PlatformError(f"{told}, and cannot be cancelled; look at Render's dashboard")
        if service.service_details.num_instances > 1 and deploy.has_begun_to_serve:
            raise PlatformError(f"{told}; some machines may have shown {green} for a while; {deploy.advice}")
        raise NotSwitched(f"{told}; {deploy.advice}")

    def go_back(self, blue: ModelTag, *, green: ModelTag) -> None:  # noqa: ARG002  # whatever serves instead of blue
        """See `Platform.go_back`."""
        service = self._service()
        self._give_up(service, blue)
        self._api.set_variable(service, _VARIABLE, str(blue))
        live = self._api.live(service)
        if self._has_gone_back(live, blue):
            return
        is_back = self._is_rolled_back(service, live) and self._ask(self.settling_s, blue) == blue
        # A rollback may bring back the variables of its time.
        self._api.set_variable(service, _VARIABLE, str(blue))
        if is_back:
            return
        begun = self._deploys.begin(service, lambda: self._api.begin(service, _DEPLOY_ONLY))
        deploy = self._deploys.ended(service, begun, self._patience.deploy_s)
        if not deploy.has_succeeded:
            raise PlatformError(f"{self.name}: deploy {deploy.id} of {blue} is {deploy.status}; {deploy.advice}")
        self._require(blue, f"deploy {deploy.id} is live")

    def _service(self) -> Service:
        if self._known is None:
            service = self._api.service(self._wanted)
            if service.suspended != "not_suspended":
                raise PlatformRefused(f"{self.name} is suspended; resume it in Render's dashboard, and run this again")
            self._known = service
        return self._known

    def _tidy(self, tag: ModelTag | None) -> None:
        """Give up what was begun and is not for the tag that serves, and let the variable name that."""
        service = self._service()
        for deploy in self._give_up(service, tag):
            if deploy.has_succeeded:
                raise PlatformError(f"{self.name}: deploy {deploy.id} went live after all; run this again")
        if tag is not None and self._api.variable(service, _VARIABLE) not in {"", str(tag)}:
            self._api.set_variable(service, _VARIABLE, str(tag))

    def _give_up(self, service: Service, tag: ModelTag | None) -> list[Deploy]:
        """Cancel what was begun and is not for a tag, and say how it ended."""
        running = self._deploys.running(service)
        is_pending = bool(running) and self._api.variable(service, _VARIABLE) != str(tag)
        own = [each for each in running if self._deploys.is_ours(each, is_pending=is_pending)]
        ended = [self._deploys.given_up(service, each) for each in own]
        for each in ended:
            if not each.has_ended:
                raise PlatformError(f"{self.name}: {each} and cannot be cancelled; look at Render's dashboard")
        return ended

    def _begin_green(self, service: Service, green: ModelTag, blue: ModelTag | None) -> Deploy:
        # Without a deploy that served there may be no build to deploy.
        mode = _DEPLOY_ONLY if self._before else _BUILD
        try:
            self._api.set_variable(service, _VARIABLE, str(green))
        except PlatformError as error:
            raise NotSwitched(f"{error}{self._set_back(service, blue)}") from error
        try:
            return self._deploys.begin(service, lambda: self._api.begin(service, mode))
        except PlatformRefused as error:
            raise NotSwitched(f"{error}{self._set_back(service, blue)}") from error

    def _set_back(self, service: Service, blue: ModelTag | None) -> str:
        """Let the variable name what serves again; what to add to the sentence if it does not."""
        if blue is None:
            return ""
        try:
            self._api.set_variable(service, _VARIABLE, str(blue))
        except PlatformError:
            return f", and {_VARIABLE} could not be set back to {blue}, which the next deployment does"
        return ""

    def _has_gone_back(self, live: Deploy | None, blue: ModelTag) -> bool:
        if live is None:
            return False
        is_as_before = self._before is not None and live.id == self._before.id
        is_settled = is_as_before or live.trigger == "rollback" or self._unsettled_s(live) == 0
        return is_settled and self._ask(0.0) == blue

    def _is_rolled_back(self, service: Service, live: Deploy | None) -> bool:
        """Whether Render went back to the deploy before, if it still has that."""
        earlier = self._earlier(service, live)
        if earlier is None:
            return False
        try:
            begun = self._deploys.begin(service, lambda: self._api.roll_back(service, earlier))
        except PlatformRefused as error:
            _LOG.info("render does not roll back", deploy=earlier.id, reason=str(error))
            return False
        return self._deploys.ended(service, begun, self._patience.deploy_s).has_succeeded

    def _earlier(self, service: Service, live: Deploy | None) -> Deploy | None:
        """The deploy that served before the one that is live now; None if nothing else served since."""
        if self._before is not None:
            return None if live is not None and live.id == self._before.id else self._before
        earlier = [each for each in self._api.deploys(service) if each.status == "deactivated"]
        return earlier[0] if earlier else None

    def _answering(self, service: Service, live: Deploy | None, wanted: str) -> ModelTag | None:
        tag = self._ask(self._answer_s(service) if live else 0.0)
        remaining_s = self._unsettled_s(live)
        if tag is not None and str(tag) != wanted and remaining_s > 0:
            # Blue may still answer beside the green that took over.
            self._sleep(remaining_s)
            tag = self._ask(self._answer_s(service))
        return tag or (_tag(wanted) if live else None)

    def _answer_s(self, service: Service) -> float:
        return self._patience.wake_s if service.may_sleep else self._patience.answer_s

    def _ask(self, within_s: float, wanted: ModelTag | None = None) -> ModelTag | None:
        return self._public.ask(self.url, wanted, within_s=within_s, timeout_s=self._answer_s(self._service()))

    def _unsettled_s(self, live: Deploy | None) -> float:
        return unsettled_s(live, datetime.now(UTC), self.settling_s)

    def _require(self, tag: ModelTag, claim: str) -> None:
        found = self._ask(self.settling_s, tag)
        if found != tag:
            answered = f"answers {found}" if found else "does not answer that it is ready"
            raise PlatformError(
                f"{self.name}: {claim} by Render's account, but {self.url}/readyz {answered} instead of {tag}; "
                "look at the deploy's log in Render's dashboard"
            )


@contextmanager
def _untouched() -> Iterator[None]:
    """Whatever goes wrong before anything was changed, the public has reached nothing but blue."""
    try:
        yield
    except PlatformError as error:
        raise NotSwitched(str(error)) from error


def _tag(text: str) -> ModelTag | None:
    return ModelTag.parse(text) if is_tag(text) else None


def open_render(service: str, environment: Mapping[str, str]) -> RenderPlatform:
    """
    A web service on Render.

    Args:
        service: Its name or its id, `srv-...`.
        environment: Has RENDER_API_KEY; RENDER_API_URL and SERVICE_URL where they are others than Render's own.

    Raises:
        ValueError: saying what would be right.
    """
    if _SERVICE.fullmatch(service) is None:
        raise ValueError("takes the name of a Render service, or its id such as srv-...")
    return RenderPlatform(service, environment, RenderSettings.from_env(environment))
