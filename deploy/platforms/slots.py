"""The port of two slots of one host, in which two tags can run beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from core.tags import ModelTag


class Colour(StrEnum):
    """The name of a slot; which of the two serves changes with every deployment."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Colour:
        """The other slot."""
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


class Slots(Protocol):
    """Runs a service in each of two slots. Every method may be called again; each raises PlatformError."""

    def standing(self) -> Mapping[Colour, ModelTag | None]:
        """The slots in which something runs, and its tag as far as that is known."""

    def start(self, colour: Colour, tag: ModelTag) -> None:
        """Begin to run a tag in a slot that is empty; it need not answer yet."""

    def stop(self, colour: Colour) -> None:
        """Let what runs in a slot answer what it has begun, and end it; does nothing to an empty slot."""

    def has_died(self, colour: Colour) -> bool:
        """Whether what was started in a slot runs no more."""

    def said(self, colour: Colour) -> str:
        """The last lines that a slot's service said; empty if there are none."""

    def address(self, colour: Colour) -> str:
        """Where this process can ask what runs in a slot, past the proxy, such as `http://127.0.0.1:8001`."""
