"""Long lists of numbers as a short text, so that a JSON document with many of them stays small."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# No list of ours is longer; what claims to be is not unpacked.
_MOST_BYTES = 50_000_000


def pack(lists: Sequence[NDArray[np.float64] | NDArray[np.int64]]) -> str:
    """
    Lists of finite numbers, each number as the shortest text that reads back as the same.

    Returns:
        zlib in base 64; equal numbers give equal text.
    """
    text = "\n".join(" ".join(map(_written, numbers.tolist())) for numbers in lists)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(text: str) -> list[NDArray[np.float64]]:
    """
    The lists that were packed; whole numbers come back as floats, exact up to 2**53.

    Raises:
        ValueError: if the text is not what `pack` made.
    """
    try:
        data = base64.b64decode(text, validate=True)
        decompressor = zlib.decompressobj()
        unpacked = decompressor.decompress(data, _MOST_BYTES).decode("ascii")
    except (binascii.Error, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"is no packed list ({error})") from error
    if not decompressor.eof:
        raise ValueError("is no packed list (it ends early, or is too long)")
    return [np.array(line.split(), dtype=np.float64) for line in unpacked.split("\n")]


def _written(number: float) -> str:
    return str(int(number)) if float(number).is_integer() and abs(number) < 2**53 else repr(number)
