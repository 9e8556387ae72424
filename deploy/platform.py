"""The port of what a service runs on, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.tags import ModelTag


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """What answers the public: a tag, and since when as far as the platform knows (with a time zone)."""

    tag: ModelTag
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Remnant:
    """Something that stands beside what serves, left by a deployment that was cut short."""

    name: str
    tag: ModelTag | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """
    How a platform stands, seen from outside.

    Attributes:
        serving: What answers the public; None if nothing does.
        kept: The blue that stands by since a switch, and could take over again at once; None if there is none.
        remnants: What else is there.
        busy: What the platform is at that nobody here has begun, in a few words; empty if nothing.
    """

    serving: Serving | None
    kept: ModelTag | None = None
    remnants: tuple[Remnant, ...] = ()
    busy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where green and blue can be asked by themselves, before the public is; None where there is no blue."""

    green: str
    blue: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """One kind of machine that is paid for, as the price table names it, and how many of them run."""

    kind: str
    count: int


class Platform(Protocol):
    """
    Brings a tag up beside the one that serves, and lets it take over.

    Blue is the tag that serves, green the one that is to. Every method may be called again after it was cut short,
    and then finishes what it began. Each raises PlatformError, which says what to do; unless its text says otherwise
    blue then still serves.
    """

    @property
    def name(self) -> str:
        """As a sentence names it, such as `Fly app forecast`."""

    @property
    def url(self) -> str:
        """What the public asks, such as `https://forecast.fly.dev`."""

    @property
    def settling_s(self) -> float:
        """So long after a switch both may answer, in seconds."""

    def observe(self) -> Situation:
        """How it stands now."""

    def clear(self, situation: Situation) -> None:
        """Remove the remnants, and whatever else would block a deployment; what serves is left alone."""

    def start(self, green: ModelTag, *, blue: ModelTag | None) -> Addresses:
        """
        Begin to run green where the public does not reach it; it need not answer yet.

        Where a platform shows nobody a green before it serves, green runs on this machine instead.
        """

    def has_died(self) -> bool:
        """Whether the green that was started runs no more."""

    def said(self) -> str:
        """The last lines that green said, to tell why it does not answer; empty if there are none."""

    def switch(self, green: ModelTag, *, blue: ModelTag | None) -> None:
        """
        Let the public reach green, and no blue once it has settled; blue stays where the platform allows it.

        Raises:
            NotSwitched: if that did not come about, and the public has reached nothing but blue.
            PlatformError: if that did not come about, or if nobody can tell.
        """

    def go_back(self, blue: ModelTag, *, green: ModelTag) -> None:
        """Let the public reach blue again; does nothing if it does."""

    def retire(self, blue: ModelTag | None, *, green: ModelTag) -> None:
        """Let blue answer what it has begun, and end it. Green serves, whatever comes of it."""

    def discard(self, green: ModelTag) -> None:
        """End a green that does not serve, if it runs."""

    def machines(self) -> tuple[Machine, ...]:
        """What is paid for each month; empty where nobody sends a bill."""
