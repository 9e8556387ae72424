"""A file of text as a stream of UTF-8, whatever it is written in, packed or not."""

from __future__ import annotations

import codecs
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import DatasetError

CHUNK_BYTES = 1 << 23
# How files begin that people take for texts, and what they are.
_BINARY = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"\x1f\x8b", "packed by gzip, which its name does not say"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
)


def utf8_start(path: Path, encoding: str, name: str) -> bytes:
    """
    The beginning of a file as UTF-8, up to `CHUNK_BYTES` of the file, for whoever has to guess how it is written.

    Raises:
        DatasetError: if it is not in that encoding.
    """
    return next(utf8_chunks(path, encoding, name), b"")


def open_bytes(path: Path) -> io.BufferedIOBase:
    """A file's bytes, unpacked where its name ends in .gz."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def utf8_chunks(path: Path, encoding: str, name: str) -> Iterator[bytes]:
    """
    A file's text as UTF-8, without a byte order mark, a few megabytes at a time.

    Args:
        path: Of the file; one that ends in .gz is unpacked.
        encoding: As Python names it.
        name: What to call the file.

    Raises:
        DatasetError: if it is not in that encoding, or cannot be unpacked.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    place, is_first = 0, True
    try:
        with open_bytes(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                if is_first:
                    refuse_binary(name, chunk)
                text = decoder.decode(chunk)
                if is_first:
                    text = text.removeprefix("\ufeff")
                    _refuse_page(name, text)
                yield _checked(name, text)
                place, is_first = place + len(chunk), False
            yield _checked(name, decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        start = place - (len(error.object) - len(chunk)) + error.start
        raise DatasetError(_misread(name, encoding, start, error.object[error.start])) from error
    except UnicodeError as error:
        raise DatasetError(f"{name}: is not {encoding} ({error}); dataset.encoding in model.toml names it") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{name}: cannot be unpacked ({error})") from error


def _misread(name: str, encoding: str, place: int, byte: int) -> str:
    wanted = "UTF-8" if codecs.lookup(encoding).name == "utf-8" else encoding
    return (
        f'{name}: is not {wanted} (byte {place:,} is 0x{byte:02x}); say dataset.encoding = "cp1252" in model.toml or '
        "whatever it is in, save it as CSV UTF-8, or let scripts/adopt find it"
    )


def refuse_binary(name: str, start: bytes) -> None:
    """
    Look at how a file begins.

    Raises:
        DatasetError: if that is no text, saying what it is.
    """
    for mark, what in _BINARY:
        if start.startswith(mark):
            raise DatasetError(f"{name}: is {what} and no table of texts; save it as CSV, or name it by what it is")


def _refuse_page(name: str, text: str) -> None:
    if text[:200].lstrip().lower().startswith(("<!doctype html", "<html")):
        raise DatasetError(f"{name}: is an HTML page and no table; was it downloaded where one has to sign in?")


def _checked(name: str, text: str) -> bytes:
    if "\0" in text:
        raise DatasetError(f"{name}: holds a NUL character; is it UTF-16 (dataset.encoding), or no table of texts?")
    return text.encode()


@contextmanager
def as_utf8(path: Path, encoding: str, name: str) -> Iterator[Path]:
    """A path to the same text in plain UTF-8; a copy that goes away where the file is packed or written otherwise."""
    if path.suffix != ".gz" and codecs.lookup(encoding).name == "utf-8":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="slipway-table-") as folder:
        copy = Path(folder) / "table.csv"
        with copy.open("wb") as file:
            file.writelines(utf8_chunks(path, encoding, name))
        yield copy
