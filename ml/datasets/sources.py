"""Where a table lies: what `path` of [dataset] names is turned into files of this machine."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from core.errors import DatasetError
from core.github.settings import LOOPBACK

DELIMITED: Final = (".csv", ".tsv", ".txt")
JSON_LINES: Final = (".jsonl", ".ndjson")
PARQUET: Final = ".parquet"
# Texts may be packed.
SUFFIXES: Final = (*DELIMITED, PARQUET, *JSON_LINES, *(f"{suffix}.gz" for suffix in (*DELIMITED, *JSON_LINES)))
ENDINGS: Final = f"{', '.join((*DELIMITED, PARQUET, *JSON_LINES))}, or in .gz behind that of a text"
_WILD: Final = frozenset("*?[")

# From a URL to the file that holds what was downloaded.
Fetch = Callable[[str], Path]


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """
    A table's files, all of one kind.

    Attributes:
        paths: Where they are, in the order of their names; at least one.
        names: What to call each, as many as paths; under a glob from model.toml's folder, and so the same anywhere.
        label: What to call all of them.
    """

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    label: str

    @classmethod
    def one(cls, path: Path, name: str = "") -> Files:
        """A table in one file."""
        return cls(paths=(path,), names=(name or str(path),), label=name or str(path))


def find_files(text: str, folder: Path, fetch: Fetch) -> Files:
    """
    The files that a path names.

    Files under a glob are sorted by name. Hidden ones are left out, and one that is reached under two names counts
    once, by the first of them: rows that are there twice would be trained on and judged by.

    Args:
        text: A file, a glob of files, or a URL; see `path_fault`.
        folder: Of model.toml, from which paths begin.
        fetch: Downloads a URL.

    Raises:
        DatasetError: if a glob matches nothing, or the URL cannot be downloaded. A file that is missing is told of by
            what reads it.
    """
    if is_url(text):
        return Files.one(fetch(text), plain(text))
    if not _is_glob(text, folder):
        return Files.one(folder / text)
    found: dict[Path, str] = {}
    for name in sorted(glob.glob(text, root_dir=folder, recursive=True)):  # noqa: PTH207  # it leaves out hidden files
        if (folder / name).is_file():
            found.setdefault((folder / name).resolve(), name)
    if not found:
        raise DatasetError(f"{folder / text} matches no file; dataset.path in model.toml names it, from its folder")
    names = tuple(found.values())
    return Files(
        paths=tuple(folder / name for name in names),
        names=names,
        label=f"{folder / text} ({len(names)} file{'s' if len(names) > 1 else ''})",
    )


def path_fault(text: str) -> str | None:
    """What is wrong with the text of a path, as a sentence; None if nothing is."""
    if is_url(text):
        return url_fault(text)
    if "://" in text:
        return f"takes a file, a glob of files or an https URL, found {text!r}"
    if kind_of(text) is None or "\0" in text:
        return f"takes a file that ends in {ENDINGS}, found {text!r}"
    return None


def url_fault(url: str) -> str | None:
    """Why nothing is downloaded from a URL, as a sentence that repeats no password; None if it may be."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "takes a URL such as https://data.example.org/customers.csv"
    if parts.username is not None or parts.password is not None:
        return "takes a URL without a name or password in it; set DATASET_TOKEN to a token"
    if not host or port == 0 or not url.isprintable() or " " in url:
        return "takes a URL such as https://data.example.org/customers.csv, with %20 for a space"
    if parts.scheme != "https" and host not in LOOPBACK:
        return f"takes an https URL (http only on this machine), found {plain(url)!r}"
    return None


def is_url(text: str) -> bool:
    """Whether a path is to be downloaded."""
    return text.lower().startswith(("http://", "https://"))


def plain(url: str) -> str:
    """A URL for people: what is behind the question mark may be a signature."""
    return url.partition("?")[0].partition("#")[0]


def kind_of(name: str) -> str | None:
    """The suffix that says how a file is to be read, in small letters; None for one that is not read."""
    ending = name.lower()
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if ending.endswith(suffix)), None)


def no_download(url: str) -> Path:
    """
    Fetches nothing.

    Raises:
        DatasetError: always.
    """
    raise DatasetError(f"{plain(url)} is downloaded by the commands of python -m ml only; name a file here")


def file_digest(path: Path) -> str:
    """
    The SHA-256 of a file's bytes, in hexadecimal digits, read in small parts.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(names: Sequence[str], digests: Sequence[str]) -> str:
    """
    The SHA-256 of a table.

    Args:
        names: Of its files.
        digests: Of each file's bytes, in hexadecimal digits.

    Returns:
        For one file that of its bytes; else that of the lines which `sha256sum` prints for the files.
    """
    if len(digests) == 1:
        return digests[0]
    lines = "".join(f"{digest}  {name}\n" for digest, name in zip(digests, names, strict=True))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def _is_glob(text: str, folder: Path) -> bool:
    # A file may have a bracket in its name.
    return bool(_WILD & set(text)) and not (folder / text).is_file()
