"""A client of a running Slipway service: a key, patience, and what is said where an answer is not as hoped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Protocol, TypeVar

import msgspec
import requests

from core.bearer import Bearer
from core.errors import ServiceAway, ServiceError
from core.patience import ATTEMPTS, PASSING, wait_before_next
from core.settings import service_url

T = TypeVar("T")

JOURNAL: Final = "/v1/journal"
_TIMEOUT_S: Final = (10.0, 60.0)
_CHUNK: Final = 65_536
# Unpacked. The largest that is asked for at once is what a drift check has to know.
_MOST_BYTES: Final = 200_000_000
# What may be otherwise if it is asked once more.
_UNREAD: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_WRONG_KEY: Final = frozenset({401, 403})


class Numbered(Protocol):
    """A line of a journal."""

    @property
    def cursor(self) -> int:
        """Of the request that it belongs to; rises."""


L = TypeVar("L", bound=Numbered)


class _Span(msgspec.Struct, kw_only=True):
    oldest: datetime | None
    newest: datetime | None


class _Problem(msgspec.Struct):
    detail: str


class _Cut(Exception):
    """An answer ended before its end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """
    What came back.

    Attributes:
        status: Of the answer.
        body: All of it.
        took_s: From sending the request to the beginning of the answer, in seconds.
        headers: Of the answer; names in any case.
        reason: The status in words.
    """

    status: int
    body: bytes
    took_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it is a success."""
        return 200 <= self.status < 300


class _Session(requests.Session):
    """Knows of no redirects, whose bodies requests would read to their end, even if it does not follow them."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # the library's own signature
        """There is none."""


class Service:
    """Asks one service."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        scopes: str = "the scope admin",
        timeout_s: tuple[float, float] = _TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Args:
            url: What the service's routes begin with; https, or http on this machine.
            key: That is sent; empty for a service without keys.
            scopes: What the key needs, for a refusal's sentence.
            timeout_s: At most so long for a connection, and between two parts of an answer.
            sleep: Waits.

        Raises:
            ValueError: saying what would be right.
        """
        self.name = service_url(url).rstrip("/")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ValueError("takes a key of letters, digits and signs, as `python -m app keys new` shows it")
        self._key, self._scopes, self._timeout_s, self._sleep = key, scopes, timeout_s, sleep
        self._session = _Session()
        # Without one of ours, requests would look for a password in ~/.netrc.
        self._session.auth = Bearer(key)

    def ask(self, method: str, path: str, *, attempts: int = ATTEMPTS, **content: Any) -> Reply:
        """
        Ask, and again where the service says so or cuts the connection.

        Args:
            method: In capitals.
            path: Of the route.
            attempts: At most so often.
            content: Query (`params`), `headers` and body (`data`).

        Returns:
            What came last, whatever its status.

        Raises:
            ServiceAway: if nothing came.
            ServiceError: if the address cannot be asked.
        """
        answer, body = self._open(method, path, content, attempts=attempts)
        with answer:
            return _reply(answer, body)

    def call(self, method: str, path: str, *, passes: int = requests.codes.ok, **content: Any) -> Reply:
        """
        As `ask`; what is neither a success nor of the status that passes for one is an error.

        Raises:
            ServiceError: if it does not succeed.
        """
        reply = self.ask(method, path, **content)
        if reply.is_good or reply.status == passes:
            return reply
        raise self.refusal(path, reply)

    def span(self) -> tuple[datetime, datetime] | None:
        """
        When the oldest and the newest row of the journal were answered; None if there is none.

        Raises:
            ServiceError: if that cannot be read.
        """
        found = self.read(self.call("GET", f"{JOURNAL}/span").body, _Span)
        return None if found.oldest is None or found.newest is None else (found.oldest, found.newest)

    def lines(
        self,
        path: str,
        query: Mapping[str, str],
        wanted: type[L],
        *,
        page: int,
        after: int = 0,
        pages: int | None = None,
    ) -> Iterator[L]:
        """
        Every line once; where an answer is cut, it is asked for again from the first request that was not whole.

        Args:
            path: Of the route.
            query: Beside cursor and limit.
            wanted: What a line holds.
            page: How many requests of the journal are asked for at once.
            after: Only those with a larger cursor.
            pages: At most so many; None for all.

        Raises:
            ServiceError: if they cannot be read.
        """
        cuts, read = 0, 0
        while pages is None or read < pages:
            found = 0
            try:
                asked = {**query, "limit": str(page), "after": str(after)}
                for cursor, lines in groupby(self._answer(path, asked, wanted), attrgetter("cursor")):
                    # Before the next cursor is there, rows of this one may be to come.
                    whole = list(lines)
                    if cursor <= after:
                        raise ServiceError(f"{self.name}: what answers there is no Slipway, as it repeats itself")
                    yield from whole
                    after, cuts, found = cursor, 0, found + 1
            except _Cut as error:
                cuts += 1
                wait_s = wait_before_next(cuts)
                if wait_s is None:
                    problem = f"{self.name}: its answers break off in the middle; look into its log"
                    raise ServiceAway(problem) from error
                self._sleep(wait_s)
            else:
                read += 1
                if found < page:
                    return

    def _answer(self, path: str, query: Mapping[str, str], wanted: type[L]) -> Iterator[L]:
        rest = b""
        answer, body = self._open("GET", path, {"params": query}, attempts=ATTEMPTS, is_streamed=True)
        with answer:
            if not 200 <= answer.status_code < 300:
                raise self.refusal(path, _reply(answer, body))
            try:
                for part in answer.iter_content(_CHUNK):
                    *lines, rest = (rest + part).split(b"\n")
                    yield from (self.read(line, wanted) for line in lines)
            except requests.RequestException as error:
                raise _Cut from error
        if rest:
            raise _Cut

    def _open(
        self, method: str, path: str, content: Mapping[str, Any], *, attempts: int, is_streamed: bool = False
    ) -> tuple[requests.Response, bytes]:
        """Call a route, and again if that may help: each of them may be called twice. A streamed body is not read."""
        number = 0
        while True:
            number += 1
            try:
                answer = self._send(method, path, content)
                body = b"" if is_streamed and answer.ok else self._body(answer)
            except _UNREAD as failure:
                wait_s = wait_before_next(number)
                if wait_s is None or number >= attempts:
                    raise ServiceAway(f"{self.name}: {_why(failure)}") from failure
            else:
                if answer.status_code not in PASSING:
                    return answer, body
                wait_s = wait_before_next(number, answer.headers.get("Retry-After", ""))
                if wait_s is None or number >= attempts:
                    return answer, body
                answer.close()
            self._sleep(wait_s)

    def _send(self, method: str, path: str, content: Mapping[str, Any]) -> requests.Response:
        url = self.name + path
        try:
            return self._session.request(
                method, url, **content, timeout=self._timeout_s, allow_redirects=False, stream=True
            )
        except _UNREAD:
            raise
        except (requests.RequestException, ValueError) as error:
            # Of some host names urllib3 complains itself, by a ValueError.
            problem = f"{self.name}: cannot be asked ({type(error).__name__}); check the address"
            raise ServiceError(problem) from error

    def _body(self, answer: requests.Response) -> bytes:
        body = bytearray()
        for part in answer.iter_content(_CHUNK):
            body += part
            if len(body) > _MOST_BYTES:
                answer.close()
                raise ServiceAway(f"{self.name}: what answers there is no Slipway, as its answer does not end")
        return bytes(body)

    def refusal(self, path: str, reply: Reply) -> ServiceError:
        """What a reply that is no success means."""
        status = reply.status
        if 300 <= status < 400 and "Location" in reply.headers:
            return ServiceError(f"{self.name}: leads elsewhere ({status}); name the address that it leads to")
        if status in _WRONG_KEY:
            problem = "refuses the key of SERVICE_KEY" if self._key else "wants a key"
            return ServiceError(f"{self.name}: {problem} ({status}); set SERVICE_KEY to one with {self._scopes}")
        if status == requests.codes.not_found:
            return ServiceError(f"{self.name}: has no {path}; what answers there is no Slipway, or an older one")
        return ServiceError(f"{self.name}: answers {path} with {status}: {self.said(reply)}")

    def said(self, reply: Reply) -> str:
        """A problem's own words, without the key, in up to 200 characters."""
        try:
            detail = msgspec.json.decode(reply.body, type=_Problem).detail
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            detail = reply.reason or "without a reason"
        return self.quoted(detail)

    def quoted(self, text: str) -> str:
        """Words of whatever answers there, which may repeat what it was sent: without the key, in 200 characters."""
        return " ".join((text.replace(self._key, "***") if self._key else text).split())[:200]

    def read(self, content: bytes, wanted: type[T]) -> T:
        """
        An answer's JSON.

        Raises:
            ServiceError: if it is none of this type.
        """
        try:
            return msgspec.json.decode(content, type=wanted)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problem = f"{self.name}: what answers there is no Slipway, as its answer cannot be read"
            raise ServiceError(problem) from error


def _reply(answer: requests.Response, body: bytes) -> Reply:
    return Reply(
        status=answer.status_code,
        body=body,
        took_s=answer.elapsed.total_seconds(),
        headers=answer.headers,
        reason=answer.reason or "",
    )


def _why(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "does not answer in time; try again later"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "its answer cannot be unpacked; what answers there is no Slipway, or a proxy spoils it"
    return "nothing answers there, or it cuts the connection; check the address and whether it runs"
