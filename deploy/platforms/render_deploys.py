"""Deploys of a service on Render: begun once, followed to their end, given up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from core.errors import PlatformAway, PlatformError, PlatformRefused
from deploy.platforms.render_answers import Deploy, Service
from deploy.platforms.render_api import RenderApi

_ATTEMPTS: Final = 3
_TRIGGERS: Final = frozenset({"api", "rollback"})
_LOG = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """
    How long each thing may take, in seconds.

    Attributes:
        poll_s: Between two looks.
        deploy_s: A deploy without a build: Render gives it 30 minutes before the start and 15 for it, and it may queue.
        build_s: What a build adds.
        cancel_s: Until a deploy that was given up has ended.
        find_s: Until a deploy that was queued shows up.
        settling_s: How long after a switch both may answer: Render stops blue after 60.
        wake_s: Until a free service that slept answers.
        answer_s: Until any other service does.
    """

    poll_s: float = 5.0
    deploy_s: float = 3000.0
    build_s: float = 7200.0
    cancel_s: float = 180.0
    find_s: float = 60.0
    settling_s: float = 90.0
    wake_s: float = 90.0
    answer_s: float = 15.0


class Deploys:
    """The deploys that this process begins, beside those of others."""

    def __init__(self, api: RenderApi, patience: Patience, sleep: Callable[[float], None]) -> None:
        """
        Args:
            api: Of Render.
            patience: How long each thing may take.
            sleep: Waits, in seconds.
        """
        self._api, self._patience, self._sleep = api, patience, sleep
        self._begun: set[str] = set()

    def running(self, service: Service) -> list[Deploy]:
        """What has not ended, newest first."""
        return [each for each in self._api.deploys(service) if each.is_running]

    def is_ours(self, deploy: Deploy, *, is_pending: bool) -> bool:
        """
        Whether a deploy is of this command, or of one before it that was cut short.

        Args:
            deploy: That runs.
            is_pending: Whether the variable names another tag than the one that serves.
        """
        return deploy.id in self._begun or (is_pending and deploy.trigger in _TRIGGERS)

    def begin(self, service: Service, ask: Callable[[], Deploy | None]) -> Deploy:
        """
        Begin a deploy, and not a second one because the answer to the first was lost.

        Args:
            service: Whose.
            ask: Asks for it; None if it was queued, and has no id yet.

        Raises:
            PlatformRefused: if Render will not, so that nothing was begun.
            PlatformAway: if it does not say whether it did.
        """
        known = {each.id for each in self._api.deploys(service)}
        lost: PlatformAway | None = None
        for _ in range(_ATTEMPTS):
            deploy, lost = _asked(ask, lost)
            deploy = deploy or self._found(service, known)
            if deploy is not None:
                self._begun.add(deploy.id)
                return deploy
            if lost is None:
                raise PlatformAway("Render queued a deploy that does not show up in its list; look at its dashboard")
        raise lost or PlatformAway("Render does not say whether it began a deploy")

    def ended(self, service: Service, deploy: Deploy, patience_s: float) -> Deploy:
        """
        Follow a deploy to its end; one that takes too long is given up.

        Where a newer one took its place, that one is followed: it has the same variables.

        Returns:
            How it stands at last; it has not ended only if it cannot be given up.

        Raises:
            PlatformError: if Render stopped answering meanwhile.
        """
        deploy = self._followed(service, deploy, patience_s)
        if not deploy.has_ended:
            deploy = self.given_up(service, deploy)
        successors = self.running(service) if deploy.status == "canceled" else []
        return self._followed(service, successors[0], patience_s) if successors else deploy

    def given_up(self, service: Service, deploy: Deploy) -> Deploy:
        """Cancel a deploy, and say how it stands then; it may have ended otherwise."""
        try:
            self._api.cancel(service, deploy)
        except PlatformRefused as error:
            _LOG.info("a deploy was not cancelled", deploy=deploy.id, reason=str(error))
        return self._followed(service, deploy, self._patience.cancel_s)

    def _found(self, service: Service, known: set[str]) -> Deploy | None:
        """A deploy that was not there before, waited for."""
        deadline = time.monotonic() + self._patience.find_s
        while True:
            try:
                deploys = self._api.deploys(service)
            except PlatformRefused as error:
                # A refused look is no refused deploy.
                raise PlatformAway(f"nobody can tell whether a deploy began: {error}") from error
            for each in deploys:
                if each.id not in known and each.trigger in _TRIGGERS:
                    return each
            if time.monotonic() >= deadline:
                return None
            self._sleep(self._patience.poll_s)

    def _followed(self, service: Service, deploy: Deploy, patience_s: float) -> Deploy:
        deadline = time.monotonic() + patience_s
        while True:
            away: PlatformError | None = None
            try:
                deploy = self._api.deploy(service, deploy)
            except PlatformAway as error:
                # The deploy goes on without anybody who looks.
                away = error
            if away is None and deploy.has_ended:
                return deploy
            if time.monotonic() >= deadline:
                if away is not None:
                    raise away
                return deploy
            self._sleep(self._patience.poll_s)


def _asked(ask: Callable[[], Deploy | None], lost: PlatformAway | None) -> tuple[Deploy | None, PlatformAway | None]:
    """What is answered, and the error if the answer may have been lost, now or before."""
    try:
        return ask(), lost
    except PlatformAway as error:
        return None, error
    except PlatformRefused as error:
        if lost is None:
            raise
        # What is refused now may be refused because of the one before.
        return None, PlatformAway(f"nobody can tell whether a deploy began: {error}")
