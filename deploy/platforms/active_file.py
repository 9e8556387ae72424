"""The file that says which slot serves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.errors import PlatformRefused
from core.files import write_atomically
from deploy.platforms.slots import Colour

_NOTHING: Final = "none"
_ORDERS: Final[Mapping[str, tuple[Colour, ...]]] = {
    _NOTHING: (),
    **{str(colour): (colour,) for colour in Colour},
    **{f"{colour}+{colour.other}": (colour, colour.other) for colour in Colour},
}


class ActiveFile:
    """
    Which slot serves, and which takes over what that one cannot be sent.

    Caddy reads it at every request. It is replaced as a whole, so that a switch is one step, which neither a kill nor
    a restart of Caddy undoes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Colour, ...]:
        """
        The slots in their order: the first serves.

        Raises:
            PlatformRefused: if the file holds something else.
        """
        try:
            text = self.path.read_text(errors="replace").rstrip("\n")
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise PlatformRefused(f"{self.path}: {error.strerror}; it must be a file that can be read") from error
        if text not in _ORDERS:
            raise PlatformRefused(
                f"{self.path} holds {text[:40]!r}, so that nobody is served; it takes {', '.join(sorted(_ORDERS))}: "
                "write the slot into it that is to serve, or none to begin anew"
            )
        return _ORDERS[text]

    def write(self, order: tuple[Colour, ...]) -> None:
        """
        Let these slots serve, in this order; the first does so since when it did, if it served already.

        Raises:
            PlatformRefused: if the file cannot be written; then those serve that did.
        """
        before = self.read()
        if order == before:
            return
        times = self.path.stat() if before[:1] == order[:1] else None
        self._replace("+".join(order) or _NOTHING)
        if times is not None:
            os.utime(self.path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _replace(self, content: str) -> None:
        try:
            write_atomically(self.path, content.encode())
        except OSError as error:
            # It may be there, and only not be sure to survive a power cut.
            if not self.path.is_file() or self.path.read_text() != content:
                raise PlatformRefused(
                    f"{self.path}: {error.strerror}; it must be a file that can be written"
                ) from error

    @property
    def since(self) -> datetime:
        """When it was last said that another slot serves."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
