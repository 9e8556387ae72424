"""Recordings of a terminal: asciicast v2, as `asciinema rec` writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.stage import StageError

_VERSION = 2
_OUTPUT = "o"


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """What a program wrote: seconds after the start, and the text with its escape sequences."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """A recording of a terminal of so many columns and rows."""

    columns: int
    rows: int
    outputs: tuple[Output, ...]

    @property
    def length_s(self) -> float:
        """When the last was written."""
        return self.outputs[-1].at


def read_cast(path: Path) -> Cast:
    """
    Read a recording; what was typed, and marks, are left out.

    Raises:
        StageError: if it is none, or shows nothing.
    """
    try:
        header, *events = map(json.loads, path.read_text().splitlines())
        cast = _cast(header, events)
    except OSError as error:
        raise StageError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, KeyError) as error:
        raise StageError(f"{path} is no asciicast of version {_VERSION}, as asciinema 2 writes it") from error
    if not cast.outputs:
        raise StageError(f"{path} shows nothing")
    return cast


def _cast(header: dict[str, Any], events: list[Any]) -> Cast:
    if header["version"] != _VERSION:
        raise ValueError(header["version"])
    outputs = tuple(Output(at=float(at), text=str(text)) for at, kind, text in events if kind == _OUTPUT)
    return Cast(columns=int(header["width"]), rows=int(header["height"]), outputs=outputs)
