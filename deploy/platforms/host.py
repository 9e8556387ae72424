"""One host: two slots behind a Caddy that asks a file at every request which of them serves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import NotSwitched, PlatformAway, PlatformError, PlatformRefused
from core.tags import ModelTag
from deploy.platform import Addresses, Machine, Remnant, Serving, Situation
from deploy.platforms.active_file import ActiveFile
from deploy.platforms.proxy import CaddyProxy
from deploy.platforms.slots import Colour, Slots

_DRAIN_S: Final = 30.0
# Caddy counts a request a moment after it has asked the file.
_COUNTED_S: Final = 0.2
# Caddy looks every two seconds whether a slot is ready; until then the other one serves.
_SETTLING_S: Final = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Standing:
    """What runs, and those of it that the public reaches, in the order of the active file."""

    tags: Mapping[Colour, ModelTag | None]
    order: tuple[Colour, ...]

    @property
    def serving(self) -> Colour | None:
        return self.order[0] if self.order else None

    @property
    def kept(self) -> Colour | None:
        return self.order[1] if len(self.order) > 1 else None

    def holds(self, tag: ModelTag) -> Colour | None:
        """The slot of a tag; the one that does not serve if both have it."""
        found = [colour for colour, held in self.tags.items() if held == tag]
        return min(found, key=lambda colour: colour == self.serving, default=None)


class HostPlatform:
    """Two slots of one machine; see `deploy.platform.Platform`."""

    def __init__(self, slots: Slots, proxy: CaddyProxy, folder: Path, *, url: str, name: str = "this host") -> None:
        """
        Args:
            slots: In which green and blue run.
            proxy: In front of them, which asks the active file.
            folder: Exists; holds the active file.
            url: What the public asks.
            name: As a sentence names it.
        """
        self._slots, self._proxy, self._active = slots, proxy, ActiveFile(folder / "active")
        self.url, self.name, self.settling_s = url, name, _SETTLING_S
        self._started: Colour | None = None

    def observe(self) -> Situation:
        """
        See `Platform.observe`.

        Raises:
            PlatformRefused: also if the active file holds something else, or an unknown program serves.
        """
        now = self._look()
        serving = None
        if now.serving is not None:
            serving = Serving(tag=self._tag(now, now.serving), since=self._active.since)
            self._proxy.ensure()
        return Situation(
            serving=serving,
            kept=self._tag(now, now.kept) if now.kept else None,
            remnants=tuple(
                Remnant(name=f"slot {colour}", tag=tag) for colour, tag in now.tags.items() if colour not in now.order
            ),
        )

    def _look(self) -> _Standing:
        order, tags = self._active.read(), self._slots.standing()
        return _Standing(tags=tags, order=tuple(colour for colour in order if colour in tags))

    def _tag(self, now: _Standing, colour: Colour) -> ModelTag:
        tag = now.tags[colour]
        if tag is None:
            raise PlatformRefused(
                f"what answers in slot {colour} ({self._slots.address(colour)}) was not started by a deployment; "
                f"stop it, or write none into {self._active.path}"
            )
        return tag

    def clear(self, situation: Situation) -> None:  # noqa: ARG002  # it is looked again
        """See `Platform.clear`; what stood by since an earlier switch goes too, as its slot is needed."""
        self._proxy.ensure()
        self._end_all_but(self._look().serving)

    def start(self, green: ModelTag, *, blue: ModelTag | None) -> Addresses:
        """See `Platform.start`."""
        now = self._look()
        colour = now.serving.other if now.serving else Colour.BLUE
        if now.tags.get(colour) != green:
            self._end_all_but(now.serving)
        # A slot that the file still names, though nothing runs there, would show green to the public at once.
        self._active.write((now.serving,) if now.serving else ())
        self._slots.start(colour, green)
        self._started = colour
        beside = self._slots.address(now.serving) if now.serving and blue else None
        return Addresses(green=self._slots.address(colour), blue=beside)

    def _end_all_but(self, serving: Colour | None) -> None:
        """Let the public reach what serves and nothing else, and end everything else once it has answered."""
        self._active.write((serving,) if serving else ())
        for colour in Colour:
            if colour != serving and colour in self._slots.standing():
                self._drain(colour)
                self._slots.stop(colour)

    def _drain(self, colour: Colour) -> None:
        """Wait until nothing is in flight there; what is left after a while, the slot answers as it stops."""
        deadline = time.monotonic() + _DRAIN_S
        time.sleep(_COUNTED_S)
        try:
            while self._proxy.in_flight(colour) and time.monotonic() < deadline:
                time.sleep(0.05)
        except PlatformAway:
            # Then it sends nobody anything.
            return

    def _green(self) -> Colour:
        if self._started is not None:
            return self._started
        serving = self._look().serving
        return serving.other if serving else Colour.BLUE

    def has_died(self) -> bool:
        """See `Platform.has_died`."""
        return self._slots.has_died(self._green())

    def said(self) -> str:
        """See `Platform.said`."""
        return self._slots.said(self._green())

    def switch(self, green: ModelTag, *, blue: ModelTag | None) -> None:
        """See `Platform.switch`."""
        now = self._look()
        if now.serving and now.tags[now.serving] == green:
            return
        colour = now.holds(green)
        if colour is None:
            raise NotSwitched(f"{green} runs no more, and nothing was switched; deploy it again")
        try:
            self._proxy.ensure()
            self._active.write((colour, now.serving) if now.serving and blue else (colour,))
        except PlatformError as error:
            raise NotSwitched(str(error)) from error

    def go_back(self, blue: ModelTag, *, green: ModelTag) -> None:  # noqa: ARG002  # blue's slot says it all
        """
        See `Platform.go_back`.

        Raises:
            PlatformRefused: also if blue runs no more.
        """
        now = self._look()
        colour = next((each for each, tag in now.tags.items() if tag == blue), None)
        if colour is None:
            raise PlatformRefused(f"{blue} runs no more on {self.name}; python -m deploy up {blue} starts it anew")
        self._active.write((colour,))
        self._proxy.ensure()

    def retire(self, blue: ModelTag | None, *, green: ModelTag) -> None:  # noqa: ARG002  # all but green goes
        """
        See `Platform.retire`.

        Raises:
            PlatformRefused: also if green does not serve; then nothing is ended.
        """
        now = self._look()
        if now.serving is None or now.tags[now.serving] != green:
            raise PlatformRefused(f"{green} does not serve {self.name}, so nothing was ended")
        self._end_all_but(now.serving)

    def discard(self, green: ModelTag) -> None:
        """See `Platform.discard`; a first green that serves, and has no blue to go back to, is taken off too."""
        now = self._look()
        colour = now.holds(green)
        if colour is None:
            return
        self._active.write(tuple(each for each in now.order if each != colour))
        self._drain(colour)
        self._slots.stop(colour)

    def machines(self) -> tuple[Machine, ...]:
        """See `Platform.machines`; nobody sends a bill."""
        return ()
