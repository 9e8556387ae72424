"""Fly.io: machines that flyctl replaces blue-green."""

from __future__ import annotations

import re
import shlex
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import NotSwitched, PlatformError, PlatformRefused
from core.tags import ModelTag
from deploy.platform import Machine, Remnant, Serving, Situation
from deploy.platforms.fly_file import machine_kind, require_blue_green
from deploy.platforms.fly_machines import (
    FlyMachine,
    is_doubtful,
    names,
    read_machines,
    servers_of,
    serving_tag,
    what_lacks,
)
from deploy.platforms.flyctl import Flyctl
from deploy.platforms.public import answering_tags
from deploy.platforms.rehearsal import Rehearsed
from deploy.platforms.service_process import ROOT

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_CONFIG: Final = "fly.toml"
_BUSY: Final = "flyctl is still at a deployment that was begun on this machine"
# Fly lets both answer for ten to twenty seconds.
_SETTLING_S: Final = 30.0
# So often the public is asked where more than one tag may answer.
_QUESTIONS: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """
    How long is waited for what, in seconds.

    Attributes:
        deploy_s: For a whole deployment; more than release command, start and health together may take.
        settle_s: After it, until the machines are as they should be.
        pause_s: Between two looks.
        answer_s: For an answer of the service, which may have to be woken.
    """

    deploy_s: float = 2400.0
    settle_s: float = 120.0
    pause_s: float = 3.0
    answer_s: float = 30.0


def open_fly(app: str, environment: Mapping[str, str], *, build: bool = False) -> FlyPlatform:
    """
    An app on Fly.io.

    Args:
        app: Its name.
        environment: Of this process: PATH, FLY_API_TOKEN, SERVICE_URL, MODEL_REGISTRY.
        build: Whether the next deployment brings the code of this checkout, and not only another model.

    Raises:
        PlatformRefused: if the name cannot be one.
    """
    if not _NAME.fullmatch(app):
        raise PlatformRefused(f"{app[:80]!r} is no name of a Fly app; one has small letters, digits and dashes")
    return FlyPlatform(app, environment, build=build)


class FlyPlatform(Rehearsed):
    """One app, reached by flyctl; see `Platform`."""

    settling_s = _SETTLING_S

    def __init__(
        self,
        app: str,
        environment: Mapping[str, str],
        *,
        build: bool = False,
        folder: Path = ROOT,
        lock: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        """
        Args:
            app: Its name.
            environment: Of this process.
            build: Whether a switch deploys the code of the folder, and not the image that runs already.
            folder: Holds fly.toml and the code.
            lock: Tells other processes of this machine that flyctl deploys.
            patience: By default minutes.
        """
        self._app, self._build, self._folder = app, build, folder
        self._patience = patience or Patience()
        self._flyctl = Flyctl(
            environment, lock or Path(".slipway") / f"fly-{app}.lock", pause_s=self._patience.pause_s, folder=folder
        )
        self._places = {name: environment.get(name, "") for name in ("MODEL_REGISTRY", "DEPLOYMENT_LEDGER")}
        super().__init__(environment)
        # What blue ran on before this process replaced it.
        self._earlier_image = ""
        self.name = f"Fly app {app}"
        self.url = (environment.get("SERVICE_URL") or f"https://{app}.fly.dev").rstrip("/")

    def observe(self) -> Situation:
        """See `Platform.observe`."""
        busy = _BUSY if self._flyctl.is_busy() else ""
        everything = self._list()
        servers = servers_of(everything)
        answering = self._answering(servers)
        tag = serving_tag(servers, answering)
        if answering and tag is None:
            told = ", ".join(sorted(map(str, answering)))
            raise PlatformError(
                f"{self.url} answers with {told}, which no machine of {self._app} has; "
                "set SERVICE_URL to the address of this app"
            )
        serving = None
        if tag is not None:
            serving = Serving(tag=tag, since=min(each.created_at for each in servers if each.tag == tag))
        is_told_apart = tag is not None or is_doubtful(servers)
        remnants = [each for each in everything if each.is_temporary or (is_told_apart and each.tag != tag)]
        return Situation(
            serving=serving, remnants=tuple(Remnant(name=each.id, tag=each.tag) for each in remnants), busy=busy
        )

    def clear(self, situation: Situation) -> None:
        """See `Platform.clear`."""
        self._require_idle()
        require_blue_green(self._folder / _CONFIG)
        servers = servers_of(self._list())
        if situation.serving is None and is_doubtful(servers):
            raise PlatformRefused(
                f"nobody can tell which of these serves: {names(servers)}; remove what should not, with "
                + " or ".join(f"`{shlex.join(['fly', *self._removal(each)])}`" for each in servers)
            )
        if situation.remnants:
            tag = situation.serving.tag if situation.serving else None
            self._remove({each.name for each in situation.remnants}, but=tag)
            servers = servers_of(self._list())
        images = sorted({each.image for each in servers})
        if len(images) > 1:
            raise PlatformRefused(
                f"the machines of {self._app} run {len(images)} images, which a blue-green deployment does not take; "
                "remove those of one, with "
                + " or ".join(f"`fly machines destroy --force --image={each} --app {self._app}`" for each in images)
            )

    def switch(self, green: ModelTag, *, blue: ModelTag | None) -> None:  # noqa: ARG002  # the machines tell it
        """See `Platform.switch`."""
        # Both would take memory and ports of this machine as long as Fly builds.
        self._rehearsal.stop()
        try:
            self._require_idle()
            before = servers_of(self._list())
        except PlatformError as error:
            raise NotSwitched(f"{error}; nothing was begun") from error
        self._earlier_image = before[0].image if before else ""
        self._bring(green, before, image="" if self._build else self._earlier_image)

    def go_back(self, blue: ModelTag, *, green: ModelTag) -> None:
        """See `Platform.go_back`."""
        situation = self.observe()
        before = servers_of(self._list())
        if situation.serving and situation.serving.tag == blue and green not in self._answering(before):
            return
        image = self._earlier_image or (before[0].image if before else "")
        try:
            if situation.serving is None and is_doubtful(before):
                self._remove({each.id for each in before if each.tag == green})
            else:
                self.clear(situation)
            self._bring(blue, servers_of(self._list()), image=image)
        except PlatformError as error:
            by_hand = shlex.join(["fly", *self._command(blue, image)])
            raise PlatformError(f"{error}; {blue} may not serve again: look, and run `{by_hand}`") from error

    def retire(self, blue: ModelTag | None, *, green: ModelTag) -> None:  # noqa: ARG002  # whatever is not green goes
        """See `Platform.retire`."""
        self._rehearsal.stop()
        situation = self.observe()
        if situation.remnants and situation.serving and situation.serving.tag == green:
            self._remove({each.name for each in situation.remnants}, but=green)

    def discard(self, green: ModelTag) -> None:
        """See `Platform.discard`."""
        self._rehearsal.stop()
        servers = servers_of(self._list())
        of_green = {each.id for each in servers if each.tag == green}
        if of_green and green not in self._answering(servers):
            self._remove(of_green)

    def machines(self) -> tuple[Machine, ...]:
        """See `Platform.machines`."""
        kinds = Counter(each.kind for each in servers_of(self._list()))
        counts = kinds or Counter([machine_kind(self._folder / _CONFIG)])
        return tuple(Machine(kind=kind, count=count) for kind, count in sorted(counts.items()))

    def _list(self) -> tuple[FlyMachine, ...]:
        return read_machines(self._flyctl.ask("machines", "list", "-a", self._app, "--json"))

    def _answering(self, servers: Sequence[FlyMachine]) -> set[ModelTag]:
        """The tags that the public gets."""
        questions = _QUESTIONS if len({each.tag for each in servers}) > 1 else 1
        return answering_tags(self.url, questions, self._patience.answer_s)

    def _bring(self, tag: ModelTag, before: Sequence[FlyMachine], *, image: str) -> None:
        """Deploy a tag, and believe the machines only."""
        at_least = max(1, len([each for each in before if each.tag != tag]) or len(before))
        failure: PlatformError | None = None
        try:
            self._flyctl.deploy(*self._command(tag, image), timeout_s=self._patience.deploy_s)
        except PlatformError as error:
            failure = error
        told = str(failure) if failure else "flyctl says that it went well"
        try:
            lacking, now = self._settle(tag, at_least, has_failed=failure is not None)
        except PlatformError as error:
            raise PlatformError(f"{told}; what came of it cannot be seen: {error}") from error
        if lacking and _standing(now) == _standing(before) and (before or failure):
            stands = f"{names(before)} of {self._app} as before" if before else f"{self._app} has no machine, as before"
            raise NotSwitched(f"{told}; {stands}") from failure
        if lacking:
            raise PlatformError(f"{told}; {lacking}") from failure

    def _settle(self, tag: ModelTag, at_least: int, *, has_failed: bool) -> tuple[str, tuple[FlyMachine, ...]]:
        """Wait until the machines are as they should be; what they lack at the end, empty if nothing, and they."""
        until = time.monotonic() + self._patience.settle_s
        while True:
            servers = servers_of(self._list())
            lacking = what_lacks(servers, tag, at_least=at_least, app=self._app)
            if not lacking or (has_failed and not any(each.tag == tag for each in servers)):
                return lacking, servers
            if time.monotonic() > until:
                break
            time.sleep(self._patience.pause_s)
        of_green = [each for each in servers if each.tag == tag]
        if what_lacks(of_green, tag, at_least=at_least, app=self._app) or self._answering(servers) != {tag}:
            return lacking, servers
        # Green serves alone, and flyctl has left machines behind that it took out.
        self._remove({each.id for each in servers if each.tag != tag})
        return "", servers

    def _command(self, tag: ModelTag, image: str) -> list[str]:
        """What deploys a tag; on an image that is there, so that another model brings no other code."""
        # Where the bundle was verified from and where it is noted that it serves, unless that is on this machine.
        places = [f"{name}={place}" for name, place in self._places.items() if place.startswith("github:")]
        variables = [part for each in (f"MODEL_TAG={tag}", *places) for part in ("--env", each)]
        code = ["--image", image] if image else ["--remote-only", "--ha=false"]
        options = ["--config", _CONFIG, "--strategy", "bluegreen", "--wait-timeout", "10m", "--yes"]
        return ["deploy", "--app", self._app, *options, *variables, *code]

    def _remove(self, ids: Collection[str], *, but: ModelTag | None = None) -> None:
        """Destroy machines, but no server of a tag."""
        self._require_idle()
        for each in self._list():
            if each.id not in ids or (each.tag == but is not None and not each.is_temporary):
                continue
            try:
                self._flyctl.ask(*self._removal(each))
            except PlatformError:
                # It may have gone meanwhile, or an answer been lost.
                if any(other.id == each.id for other in self._list()):
                    raise

    def _require_idle(self) -> None:
        if self._flyctl.is_busy():
            raise PlatformRefused(f"{_BUSY}; try again when it has ended")

    def _removal(self, machine: FlyMachine) -> list[str]:
        return ["machine", "destroy", "--force", machine.id, "-a", self._app]


def _standing(machines: Sequence[FlyMachine]) -> set[tuple[str, ModelTag | None, bool]]:
    """What tells whether a deployment has let anything in, or taken anything out."""
    return {(each.id, each.tag, each.is_marked) for each in machines}
