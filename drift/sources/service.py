"""Rows of a running service, asked for over HTTP with a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from core.bearer import Bearer
from core.errors import SourceError
from core.github.settings import LOOPBACK
from drift.rows import MEMORY_NAME, REPORT_NAME, Batch
from drift.sources.grouping import ANSWER_FIELDS, USUAL_TIMES, Row, batches_of, is_usual, microseconds
from drift.sources.patience import PASSING, wait_before_next

T = TypeVar("T")

_TIMEOUT_S: Final = (10.0, 60.0)
# Requests a page; the service counts these, not their rows.
_PAGE: Final = 10_000
_CHUNK: Final = 65_536
_JOURNAL, _DRIFT = "/v1/journal", "/v1/drift"
_PLACES: Final = {REPORT_NAME: ("report", _DRIFT), MEMORY_NAME: ("memory", f"{_DRIFT}/memory")}


class _Line(msgspec.Struct, kw_only=True):
    cursor: int
    at: datetime
    tag: str
    inputs: dict[str, Any]
    label: Any = msgspec.UNSET
    score: Any = msgspec.UNSET
    scores: Any = msgspec.UNSET
    value: Any = msgspec.UNSET
    outcome: str | float | None = None


class _Span(msgspec.Struct, kw_only=True):
    oldest: datetime | None
    newest: datetime | None


class _Problem(msgspec.Struct):
    detail: str


class _Cut(Exception):
    """An answer ended before its end."""


class ServiceSource:
    """The rows that a service holds in its journal; what a check found is kept there."""

    drops_columns = True
    notes: tuple[str, ...] = ()

    def __init__(self, url: str, key: str, *, page: int = _PAGE, sleep: Callable[[float], None] = time.sleep) -> None:
        """
        Args:
            url: What the service's routes begin with; https, or http on this machine.
            key: With the scope admin; empty for a service without keys.
            page: How many requests of the journal are asked for at once.
            sleep: Waits.

        Raises:
            ValueError: saying what would be right.
        """
        self.name = _checked(url).rstrip("/")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ValueError("takes a key of letters, digits and signs, as `python -m app keys new` shows it")
        self._key, self._page, self._sleep = key, page, sleep
        self._session = requests.Session()
        # Without one of ours, requests would look for a password in ~/.netrc.
        self._session.auth = Bearer(key)

    def span(self) -> tuple[datetime, datetime] | None:
        """See `Source`."""
        found = self._read(self._call("GET", f"{_JOURNAL}/span").content, _Span)
        if found.oldest is None or found.newest is None:
            return None
        for end in (found.oldest, found.newest):
            self._at(end)
        return found.oldest, found.newest

    def rows(self, since: datetime, until: datetime, *, with_outcomes: bool = False) -> Iterator[Batch]:
        """See `Source`."""
        query = {"since": since.isoformat(), "until": until.isoformat(), "limit": str(self._page)}
        if with_outcomes:
            query["outcomes"] = "true"
        yield from batches_of(map(self._row, self._lines(query)), with_outcomes=with_outcomes)

    def _row(self, line: _Line) -> Row:
        answers = {name: value for name in ANSWER_FIELDS if (value := getattr(line, name)) is not msgspec.UNSET}
        return Row(at=self._at(line.at), tag=line.tag, inputs=line.inputs, answers=answers, outcome=line.outcome)

    def _at(self, time: datetime) -> int:
        at = microseconds(time)
        if not is_usual(at):
            raise SourceError(f"{self.name}: a row of its journal is of {time.isoformat()}; it takes {USUAL_TIMES}")
        return at

    def _lines(self, query: Mapping[str, str]) -> Iterator[_Line]:
        """Every line once; where an answer is cut, it is asked for again from the first request that was not whole."""
        after, cuts = 0, 0
        while True:
            found = 0
            try:
                for cursor, lines in groupby(self._answer({**query, "after": str(after)}), attrgetter("cursor")):
                    # Before the next cursor is there, rows of this one may be to come.
                    whole = list(lines)
                    if cursor <= after:
                        raise SourceError(f"{self.name}: what answers there is no Slipway, as it repeats itself")
                    yield from whole
                    after, cuts, found = cursor, 0, found + 1
            except _Cut as error:
                cuts += 1
                wait_s = wait_before_next(cuts)
                if wait_s is None:
                    raise SourceError(f"{self.name}: its answers break off in the middle; look into its log") from error
                self._sleep(wait_s)
            else:
                if found < self._page:
                    return

    def _answer(self, query: Mapping[str, str]) -> Iterator[_Line]:
        rest = b""
        with self._call("GET", _JOURNAL, params=query, is_streamed=True) as answer:
            try:
                for part in answer.iter_content(_CHUNK):
                    *lines, rest = (rest + part).split(b"\n")
                    yield from (self._read(line, _Line) for line in lines)
            except requests.RequestException as error:
                raise _Cut from error
        if rest:
            raise _Cut

    def recall(self, name: str) -> bytes | None:
        """See `Source`."""
        answer = self._call("GET", _PLACES[name][1], passes=requests.codes.not_found)
        if answer.status_code == requests.codes.not_found:
            return None
        self._read(answer.content, msgspec.Raw)
        return answer.content

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """See `Source`."""
        body = msgspec.json.encode({_PLACES[name][0]: msgspec.Raw(content) for name, content in documents.items()})
        self._call("POST", _DRIFT, data=body, headers={"Content-Type": "application/json"})

    def _call(
        self, method: str, path: str, *, is_streamed: bool = False, passes: int = requests.codes.ok, **content: Any
    ) -> requests.Response:
        """
        Call a route, and again if that may help: to keep the same twice is to keep it once.

        Args:
            method: In capitals.
            path: Of the route.
            is_streamed: Whether the caller reads the body, and closes the answer.
            passes: A status that is as good as a success.
            content: Query, headers and body.

        Raises:
            SourceError: if that does not succeed.
        """
        number = 0
        while True:
            number += 1
            answer, retry_after = None, ""
            try:
                answer = self._send(method, path, content, is_streamed=is_streamed)
                if 200 <= answer.status_code < 300 or answer.status_code == passes:
                    return answer
                error = self._refusal(path, answer)
                answer.close()
                retry_after = answer.headers.get("Retry-After", "")
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as failure:
                error = SourceError(f"{self.name}: {_why(failure)}")
            wait_s = wait_before_next(number, retry_after)
            if wait_s is None or (answer is not None and answer.status_code not in PASSING):
                raise error
            self._sleep(wait_s)

    def _send(self, method: str, path: str, content: Mapping[str, Any], *, is_streamed: bool) -> requests.Response:
        url = self.name + path
        try:
            return self._session.request(
                method, url, **content, timeout=_TIMEOUT_S, allow_redirects=False, stream=is_streamed
            )
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            raise
        except (requests.RequestException, ValueError) as error:
            # Of some host names urllib3 complains itself, by a ValueError.
            raise SourceError(f"{self.name}: cannot be asked ({type(error).__name__}); check the address") from error

    def _refusal(self, path: str, answer: requests.Response) -> SourceError:
        status = answer.status_code
        if answer.is_redirect:
            return SourceError(f"{self.name}: leads elsewhere ({status}); name the address that it leads to")
        if status in {requests.codes.unauthorized, requests.codes.forbidden}:
            problem = "refuses the key of SERVICE_KEY" if self._key else "wants a key"
            return SourceError(f"{self.name}: {problem} ({status}); set SERVICE_KEY to one with the scope admin")
        if status == requests.codes.not_found:
            return SourceError(f"{self.name}: has no {path}; what answers there is no Slipway, or an older one")
        return SourceError(f"{self.name}: answers {path} with {status}: {self._said(answer)}")

    def _said(self, answer: requests.Response) -> str:
        try:
            detail = msgspec.json.decode(answer.content, type=_Problem).detail
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, requests.RequestException):
            detail = answer.reason or "without a reason"
        # Whatever answers there may repeat what it was sent.
        return " ".join((detail.replace(self._key, "***") if self._key else detail).split())[:200]

    def _read(self, content: bytes, wanted: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=wanted)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SourceError(f"{self.name}: what answers there is no Slipway, as its answer cannot be read") from error


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("takes the URL of a service, such as https://slipway.example.org") from error
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("takes the URL of a service and nothing else in it; its key comes from SERVICE_KEY")
    if parts.scheme == "https" and host and port != 0:
        return url
    # Neither the key nor the rows may go over a network in plain text.
    if parts.scheme != "http" or host not in LOOPBACK:
        raise ValueError("takes an https URL, or http on this machine (127.0.0.1, ::1, localhost)")
    return url


def _why(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "does not answer in time; try again later"
    return "nothing answers there, or it cuts the connection; check the address and whether it runs"
