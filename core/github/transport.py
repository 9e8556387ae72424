"""Calls GitHub: with the token where it belongs, again where that helps, and with an error that says what to do."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import msgspec
import structlog

from core.bearer import Bearer
from core.errors import GitHubAway, GitHubError, GitHubRefused
from core.github.patience import Attempt, is_limited, wait_before_next
from core.github.settings import LOOPBACK, GitHubSettings

if TYPE_CHECKING:
    import requests

_CONNECT_S, _READ_S = 10.0, 60.0
_REDIRECTS: Final = 5
# Longer than GitHub usually wants one to wait who asked too much.
PATIENCE_S: Final = 200.0
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_LOG = structlog.get_logger()


class Transport:
    """One repository's way to GitHub."""

    def __init__(
        self, settings: GitHubSettings, *, patience_s: float = PATIENCE_S, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """
        Args:
            settings: Whom to call.
            patience_s: At most so long a call waits to be made again.
            sleep: Waits.
        """
        self._settings, self._patience_s, self.sleep = settings, patience_s, sleep
        # Whoever is in a hurry waits no longer for an answer either.
        self._timeout_s = (_CONNECT_S, min(_READ_S, max(patience_s, _CONNECT_S)))
        self._made: requests.Session | None = None

    @property
    def _session(self) -> requests.Session:
        if self._made is None:
            # A process whose model lies in the cache calls nobody, and need not load this.
            import requests  # noqa: PLC0415  # see above

            self._made = requests.Session()
        return self._made

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str | int] | None = None,
        data: Any = None,
        is_streamed: bool = False,
    ) -> requests.Response:
        """
        Call a URL, and again if that may help.

        Redirections are followed; the token goes to GitHub's own API only.

        Args:
            method: In capitals.
            url: With its host.
            headers: Of the call.
            params: Of its query.
            data: Its body: bytes, or a file with a length.
            is_streamed: Whether the answer's body is left for the caller to read, who then closes it.

        Raises:
            GitHubAway: if nobody answered, or only with errors of its own.
            GitHubRefused: if it answered that this may not or cannot be done.
        """
        waited_s, number = 0.0, 0
        while True:
            number += 1
            found = self._try(method, url, number, is_streamed, {"headers": headers, "params": params, "data": data})
            if not isinstance(found, _Failure):
                return found
            wait_s = wait_before_next(found.attempt, now=time.time(), jitter=random.random())  # noqa: S311  # no secret
            if wait_s is None or waited_s + wait_s > self._patience_s:
                raise found.error
            _LOG.info("github is asked again", url=plain(url), status=found.attempt.status, wait_s=round(wait_s, 1))
            waited_s += wait_s
            self.sleep(wait_s)
            if hasattr(data, "seek"):
                data.seek(0)

    def _try(
        self, method: str, url: str, number: int, is_streamed: bool, options: Mapping[str, Any]
    ) -> requests.Response | _Failure:
        import requests  # noqa: PLC0415  # see _session

        try:
            answer = self._follow(method, url, options)
            if is_streamed and answer.status_code == requests.codes.ok:
                return answer
            content = answer.content
        except requests.RequestException as error:
            was_sent = not isinstance(error, requests.ConnectTimeout) and "NewConnectionError" not in repr(error)
            attempt = Attempt(method=method, number=number, headers={}, was_sent=was_sent)
            return _Failure(attempt, GitHubAway(plain(url), _why(error)))
        # Where a redirection leads, nothing was changed yet.
        if answer.ok and answer.status_code not in _MOVED:
            return answer
        said = _Said.read(content)
        attempt = Attempt(
            method=method,
            number=number,
            status=answer.status_code,
            headers={name.lower(): value for name, value in answer.headers.items()},
            said=said.text,
        )
        return _Failure(attempt, self._refusal(f"{method} {plain(url)}", attempt, said))

    def _follow(self, method: str, url: str, options: Mapping[str, Any]) -> requests.Response:
        """Follow redirections by hand: the library would look for another password in the caller's netrc."""
        place = url
        for _ in range(_REDIRECTS):
            answer = self._session.request(
                method,
                place,
                **options,
                auth=Bearer(self._settings.token if self.is_ours(place) else ""),
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            )
            if answer.status_code not in _MOVED or "location" not in answer.headers or method != "GET":
                break
            answer.close()
            place = urljoin(place, answer.headers["location"])
            # The new place has its query in it.
            options = {**options, "params": None}
        return answer

    def is_ours(self, url: str) -> bool:
        """Whether a URL leads to the API or to where it takes files, so that the token belongs there."""
        place, api = urlsplit(url), urlsplit(self._settings.api_url)
        host, own = place.hostname or "", api.hostname or ""
        if place.scheme != api.scheme:
            return False
        if place.netloc == api.netloc or (host == own and host in LOOPBACK):
            return True
        # uploads.github.com beside api.github.com; none of the places for downloads.
        return not place.port and own.startswith("api.") and host == own.replace("api.", "uploads.", 1)

    def _refusal(self, call: str, attempt: Attempt, said: _Said) -> GitHubError:
        status = attempt.status or 0
        if status >= 500:
            return GitHubAway(call, f"it answers {status}")
        return GitHubRefused(
            call,
            status,
            said.text,
            codes=tuple(error.code for error in said.errors),
            is_limited=is_limited(attempt),
            has_token=bool(self._settings.token),
        )


class _Failure:
    """A call that failed, and how that is told."""

    def __init__(self, attempt: Attempt, error: GitHubError) -> None:
        self.attempt, self.error = attempt, error


class _Fault(msgspec.Struct):
    code: str = ""
    field: str = ""
    message: str = ""


class _Said(msgspec.Struct):
    """What GitHub says of an error."""

    message: str = ""
    errors: list[_Fault] = []

    @classmethod
    def read(cls, content: bytes) -> _Said:
        try:
            return msgspec.json.decode(content, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return cls()

    @property
    def text(self) -> str:
        details = [error.message or " ".join(filter(None, (error.field, error.code))) for error in self.errors]
        return "; ".join(filter(None, [self.message, *details]))


def plain(url: str) -> str:
    """A URL for people: what is behind the question mark may be a signature."""
    return url.partition("?")[0]


def _why(error: Exception) -> str:
    import requests  # noqa: PLC0415  # see Transport

    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "it cannot be reached, or cut the connection"
    return type(error).__name__
