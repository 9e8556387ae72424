"""The two slots as gunicorns of this machine, which outlive the deployment that started them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.errors import PlatformAway, PlatformRefused
from core.tags import ModelTag
from deploy.platforms.detached import Detached, stays_taken
from deploy.platforms.service_process import ROOT, command, environment_of
from deploy.platforms.slots import Colour

_HOST: Final = "127.0.0.1"
# More than gunicorn's graceful_timeout.
_STOP_S: Final = 35.0


class ProcessSlots:
    """
    A gunicorn for each slot.

    Both write into one journal: a spool is made for several processes, and what one leaves there the other ships.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], ports: tuple[int, int] = (8001, 8002)) -> None:
        """
        Args:
            folder: Exists; takes pid files and logs.
            environment: Of this process; the services get it too.
            ports: Of blue and of green, on the loopback.
        """
        self._folder, self._environment = folder.resolve(), environment
        self._ports = dict(zip(Colour, ports, strict=True))
        self._services = {
            colour: Detached(str(self._pid_file(colour)), self._folder / f"{colour}.log") for colour in Colour
        }

    def _pid_file(self, colour: Colour) -> Path:
        return self._folder / f"{colour}.pid"

    def standing(self) -> Mapping[Colour, ModelTag | None]:
        """See `Slots.standing`; a slot whose port another program has stands too, and has no tag."""
        tags = {colour: self._services[colour].variable("MODEL_TAG") for colour in Colour}
        running = [colour for colour in Colour if tags[colour] or stays_taken(self._ports[colour])]
        return {colour: ModelTag.parse(tags[colour]) if tags[colour] else None for colour in running}

    def start(self, colour: Colour, tag: ModelTag) -> None:
        """
        See `Slots.start`.

        Raises:
            PlatformRefused: if the slot is not empty.
        """
        found = self._services[colour].variable("MODEL_TAG")
        if found == str(tag):
            return
        if found or stays_taken(self._ports[colour]):
            raise self._refusal(colour, found)
        # The number in it may be that of another program by now, and gunicorn would refuse to start beside it.
        self._pid_file(colour).unlink(missing_ok=True)
        # What the proxy adds to X-Forwarded-For, and nothing before it, is to be believed.
        variables = environment_of(self._environment, tag, host=_HOST, port=self._ports[colour], TRUSTED_PROXIES="1")
        arguments = command("--pid", str(self._pid_file(colour)))
        self._services[colour].start(arguments, folder=ROOT, environment=variables)

    def stop(self, colour: Colour) -> None:
        """
        See `Slots.stop`.

        Raises:
            PlatformRefused: if it is another program that has the slot's port.
            PlatformAway: if what runs there cannot be ended.
        """
        if not self._services[colour].stop(within_s=_STOP_S):
            raise PlatformAway(f"the service in slot {colour} does not end, not even by SIGKILL; look at its processes")
        if stays_taken(self._ports[colour]):
            raise self._refusal(colour, "")

    def _refusal(self, colour: Colour, tag: str) -> PlatformRefused:
        if tag:
            return PlatformRefused(f"slot {colour} holds {tag}, which is to be stopped first")
        return PlatformRefused(
            f"port {self._ports[colour]} of slot {colour} is in use by a program that is no slot of "
            f"{self._folder}; stop it, or set SLOT_PORTS to two free ports"
        )

    def has_died(self, colour: Colour) -> bool:
        """See `Slots.has_died`."""
        return self._services[colour].has_died()

    def said(self, colour: Colour) -> str:
        """See `Slots.said`."""
        return self._services[colour].said()

    def address(self, colour: Colour) -> str:
        """See `Slots.address`."""
        return f"http://{_HOST}:{self._ports[colour]}"
