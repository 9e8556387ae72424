"""The JSON documents of a bundle and the ledger: typed on the way in, byte-stable on the way out."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from core.errors import Fault, ManifestError
from core.tags import ModelTag

T = TypeVar("T")


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every record that is written as JSON."""


def to_json(value: object) -> bytes:
    """A value as JSON: sorted keys, two spaces, a newline at the end; equal values give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain, order="sorted"), indent=2) + b"\n"


def to_json_line(value: object) -> bytes:
    """A value as one line of JSON, ended by a newline."""
    return msgspec.json.encode(value, enc_hook=_plain, order="sorted") + b"\n"


def from_json(data: bytes, kind: type[T], *, source: str) -> T:
    """
    Read a value of type `kind`.

    Args:
        data: JSON text.
        kind: The type to read, a Document or a container of them.
        source: What to call the file in an error.

    Raises:
        ManifestError: naming the first place that is not JSON, missing, unknown or of the wrong type.
    """
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_typed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem, _, place = str(error).partition(" - at `$")
        raise ManifestError(source, [Fault(place=place.strip("`.") or "content", problem=problem)]) from error


def _plain(value: object) -> Any:
    if isinstance(value, ModelTag):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def _typed(kind: type[Any], value: Any) -> Any:
    if kind is ModelTag:
        return ModelTag.parse(str(value))
    raise NotImplementedError(f"{kind.__name__} cannot be read from JSON")
