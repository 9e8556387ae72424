"""Downloads a table: whole or not at all, once for as long as it stays the same, with a token for its own host."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urljoin, urlsplit

import msgspec
import requests

from core.bearer import Bearer
from core.errors import DatasetError
from core.files import sync_directory, write_atomically
from core.github.publishing import Watch
from core.patience import PASSING, wait_before_next
from ml.datasets.sources import ENDINGS, SUFFIXES, file_digest, kind_of, plain, url_fault
from ml.settings import DownloadSettings

_TIMEOUT_S: Final = (10.0, 60.0)
_REDIRECTS: Final = 5
_CHUNK: Final = 1 << 20
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_KINDS: Final = {
    "text/csv": ".csv",
    "application/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/vnd.apache.parquet": ".parquet",
    "application/x-parquet": ".parquet",
    "application/x-ndjson": ".ndjson",
    "application/jsonl": ".jsonl",
}
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_PAGE_BEGINS: Final = (b"<!doctype html", b"<html")
_BROKEN: Final = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class _Note(msgspec.Struct, kw_only=True):
    """What is remembered of a download, beside it."""

    file: str
    sha256: str
    fetched_at: datetime
    etag: str = ""
    last_modified: str = ""


class _Passing(Exception):
    """A download that failed and may succeed when it is tried again."""

    def __init__(self, problem: str, retry_after: str = "") -> None:
        self.problem, self.retry_after = problem, retry_after
        super().__init__(problem)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Copy:
    """What was downloaded before, and is as it was."""

    path: Path
    note: _Note

    @property
    def conditions(self) -> dict[str, str]:
        """Headers by which a server says whether it has something newer."""
        wanted = {"If-None-Match": self.note.etag, "If-Modified-Since": self.note.last_modified}
        return {name: value for name, value in wanted.items() if value}


class Downloads:
    """A folder of downloaded tables."""

    def __init__(
        self, settings: DownloadSettings, watch: Watch, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """
        Args:
            settings: Where they are kept, how large they may be, and the token.
            watch: Is told how far a download is.
            sleep: Waits.
        """
        self._settings, self._watch, self._sleep = settings, watch, sleep
        self._session = requests.Session()

    @classmethod
    def from_env(cls, environment: Mapping[str, str], watch: Watch) -> Downloads:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        return cls(DownloadSettings.from_env(environment), watch)

    def fetch(self, url: str) -> Path:
        """
        The file that holds what a URL leads to now.

        What was downloaded before is used again if the server says that nothing is newer. Where it does not answer,
        that is an error all the same: nobody should train on old rows without knowing.

        Raises:
            DatasetError: saying what is wrong with the URL, the answer, the token or the folder.
        """
        fault = url_fault(url)
        if fault is not None:
            raise DatasetError(f"dataset.path {fault}")
        copy, number = self._find_copy(url), 0
        while True:
            number += 1
            try:
                return self._try(url, copy)
            except OSError as error:
                folder = self._settings.folder
                raise DatasetError(f"DATA_DIR {folder} cannot be written ({error.strerror or error})") from error
            except _Passing as failure:
                wait_s = wait_before_next(number, failure.retry_after)
                if wait_s is None:
                    raise DatasetError(f"{plain(url)}: {failure.problem}{_advice(copy)}") from failure
                self._sleep(wait_s)

    def _find_copy(self, url: str) -> _Copy | None:
        try:
            note = msgspec.json.decode(self._note_path(url).read_bytes(), type=_Note)
            path = self._settings.folder / Path(note.file).name
            return _Copy(path=path, note=note) if file_digest(path) == note.sha256 else None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _note_path(self, url: str) -> Path:
        return self._settings.folder / f"{_key(url)}.json"

    def _try(self, url: str, copy: _Copy | None) -> Path:
        try:
            with self._follow(url, copy.conditions if copy else {}) as answer:
                if answer.status_code == requests.codes.not_modified and copy is not None:
                    return copy.path
                if answer.status_code != requests.codes.ok:
                    raise self._refusal(url, answer)
                return self._keep(url, answer)
        except requests.Timeout as error:
            raise _Passing("does not answer in time") from error
        except _BROKEN as error:
            raise _Passing("nothing answers there, or it cuts the connection") from error
        except (requests.RequestException, ValueError) as error:
            # Of some host names urllib3 complains itself, by a ValueError.
            raise DatasetError(f"{plain(url)}: cannot be asked ({type(error).__name__}); check the address") from error

    def _follow(self, url: str, conditions: Mapping[str, str]) -> requests.Response:
        """Follow redirections by hand, so that the token goes to the URL's own host only."""
        place = url
        for _ in range(_REDIRECTS):
            token = self._settings.token if _origin(place) == _origin(url) else ""
            answer = self._session.get(
                place,
                # A checksum of packed bytes would change with how they are packed.
                headers={**conditions, "Accept-Encoding": "identity"},
                auth=Bearer(token),
                timeout=_TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            )
            if answer.status_code not in _MOVED or "Location" not in answer.headers:
                return answer
            answer.close()
            place = urljoin(place, answer.headers["Location"])
            fault = url_fault(place)
            if fault is not None:
                raise DatasetError(f"{plain(url)}: leads elsewhere, but Slipway {fault}")
            if _origin(place)[0] != _origin(url)[0]:
                # What is out there has no business with the services of this machine.
                raise DatasetError(f"{plain(url)}: leads to {_origin(place)[0]}; name the last address")
        raise DatasetError(f"{plain(url)}: leads from one address to the next; name the last one")

    def _refusal(self, url: str, answer: requests.Response) -> Exception:
        status, name = answer.status_code, plain(url)
        if status in PASSING or status >= 500:
            return _Passing(f"answers with status {status}", answer.headers.get("Retry-After", ""))
        if status in {requests.codes.unauthorized, requests.codes.forbidden}:
            problem = "refuses the token of DATASET_TOKEN" if self._settings.token else "wants a token"
            return DatasetError(f"{name}: {problem} ({status}); set DATASET_TOKEN to one that may read it")
        if status in {requests.codes.not_found, requests.codes.gone}:
            return DatasetError(f"{name}: there is no such file ({status}); correct dataset.path in model.toml")
        return DatasetError(f"{name}: answers with status {status}; dataset.path takes what a GET answers with 200")

    def _keep(self, url: str, answer: requests.Response) -> Path:
        suffix = _suffix(url, answer)
        self._require_size(url, _length(answer))
        folder = self._settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_key(url)}{suffix}"
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                sha256 = self._receive(url, answer, file)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_directory(folder)
        note = _Note(
            file=path.name,
            sha256=sha256,
            fetched_at=datetime.now(UTC).replace(microsecond=0),
            etag=answer.headers.get("ETag", ""),
            last_modified=answer.headers.get("Last-Modified", ""),
        )
        write_atomically(self._note_path(url), msgspec.json.encode(note))
        return path

    def _receive(self, url: str, answer: requests.Response, file: BinaryIO) -> str:
        """Write the body; one shorter than promised ends in an error of urllib3. Returns its SHA-256."""
        total, done, seen = _length(answer), 0, hashlib.sha256()
        for part in answer.iter_content(_CHUNK):
            if not done and part.lstrip().lower().startswith(_PAGE_BEGINS):
                raise _page(url)
            done += len(part)
            self._require_size(url, done)
            seen.update(part)
            file.write(part)
            if total:
                self._watch(plain(url).rpartition("/")[2], done, total)
        if not done:
            raise DatasetError(f"{plain(url)}: answers with an empty file")
        file.flush()
        os.fsync(file.fileno())
        return seen.hexdigest()

    def _require_size(self, url: str, size: int) -> None:
        if size > self._settings.max_bytes:
            raise DatasetError(
                f"{plain(url)}: is larger than {self._settings.max_bytes:,} bytes; set DATASET_MAX_BYTES to more"
            )


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _length(answer: requests.Response) -> int:
    """How many bytes are to come; 0 where that is not said, or said of packed ones."""
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isascii() and said.isdigit() and "Content-Encoding" not in answer.headers else 0


def _suffix(url: str, answer: requests.Response) -> str:
    """How what was answered is to be read: by the URL's end, or by what the server says of it."""
    said = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if said in _PAGES:
        raise _page(url)
    suffix = kind_of(urlsplit(url).path) or kind_of(urlsplit(answer.url).path) or _KINDS.get(said)
    if suffix not in SUFFIXES:
        raise DatasetError(
            f"{plain(url)}: answers with {said[:60]!r}; name a URL that ends in {ENDINGS}, "
            f"or let the server say one of {', '.join(name for name, kind in _KINDS.items() if kind in SUFFIXES)}"
        )
    return suffix


def _page(url: str) -> DatasetError:
    return DatasetError(
        f"{plain(url)}: answers with a web page, perhaps to log in on, and not with a table; "
        "name the file itself, and set DATASET_TOKEN if it needs one"
    )


def _advice(copy: _Copy | None) -> str:
    if copy is None:
        return "; check the address, and try again later"
    return (
        f"; try again later, or to train on the copy of {copy.note.fetched_at:%Y-%m-%d} all the same, "
        f"let dataset.path name {copy.path.resolve()}"
    )
