"""The one client of GitHub's REST API."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from core.errors import DownloadCut, GitHubAway
from core.github.settings import GitHubSettings
from core.github.transport import Transport
from core.settings import names

T = TypeVar("T")
# What was done, and how much there is, in bytes.
Report = Callable[[int, int], None]

_HEADERS: Final = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
    "User-Agent": "slipway",
}
_PAGE: Final = 100
_PART_BYTES: Final = 65_536
# Answers that are asked for with "only if it changed", which costs nothing of the hourly allowance.
_REMEMBERED: Final = 200


class GitHub:
    """One repository on GitHub."""

    def __init__(self, settings: GitHubSettings, transport: Transport | None = None) -> None:
        self.settings = settings
        self._transport = transport or Transport(settings)
        self._remembered: OrderedDict[str, tuple[str, bytes, str | None]] = OrderedDict()

    def __str__(self) -> str:
        return f"github:{self.settings.repository}"

    def wait(self, seconds: float) -> None:
        """Let GitHub's lists come up with what was written."""
        self._transport.sleep(seconds)

    def url(self, *parts: str | int) -> str:
        """The API's address of something in the repository."""
        path = "/".join(quote(str(part), safe="") for part in parts)
        base = f"{self.settings.api_url}/repos/{self.settings.repository}"
        return f"{base}/{path}" if path else base

    def get(self, kind: type[T], *parts: str | int, **params: str | int) -> T:
        """
        Something in the repository.

        Args:
            kind: What it is; fields that it does not name are left out.
            parts: Of its path below the repository.
            params: Of the query.

        Raises:
            GitHubAway: see `Transport.call`.
            GitHubRefused: see `Transport.call`.
        """
        content, _ = self._get(self.url(*parts), params)
        return _decode(content, kind, self.url(*parts))

    def pages(self, kind: type[T], *parts: str | int, field: str = "", **params: str | int) -> Iterator[T]:
        """
        Everything in a list, page by page.

        Args:
            kind: What the list holds.
            parts: Of its path below the repository.
            field: Of the answer that holds the list; by default it is the answer.
            params: Of the query.
        """
        url: str | None = self.url(*parts)
        asked: dict[str, str | int] = {"per_page": _PAGE, **params}
        while url is not None:
            content, following = self._get(url, asked)
            if field:
                content = bytes(_decode(content, dict[str, msgspec.Raw], url)[field])
            yield from _decode(content, list[kind], url)  # type: ignore[valid-type]  # a type made at run time
            if following and not self._transport.is_ours(following):
                raise GitHubAway(url, "it names another host for the rest of the list")
            url, asked = following, {}

    def send(self, method: str, *parts: str | int, body: object = None, kind: type[T] | None = None) -> T | None:
        """
        Change something in the repository.

        Args:
            method: POST, PATCH, PUT or DELETE.
            parts: Of its path below the repository.
            body: What to send, as JSON.
            kind: What is answered; None to pass over it.
        """
        url = self.url(*parts)
        data = None if body is None else msgspec.json.encode(body)
        headers = _HEADERS if data is None else {**_HEADERS, "Content-Type": "application/json"}
        content = self._transport.call(method, url, headers=headers, data=data).content
        return None if kind is None or not content else _decode(content, kind, url)

    def token_scopes(self) -> frozenset[str] | None:
        """
        What the token is for, asked for in a way that needs no permission and costs nothing.

        Returns:
            The scopes; None where GitHub does not name them: without a token, for a workflow's, for a fine-grained one.

        Raises:
            GitHubRefused: with status 401 if the token is not valid.
        """
        answer = self._transport.call("GET", f"{self.settings.api_url}/rate_limit", headers=_HEADERS)
        named = answer.headers.get("x-oauth-scopes")
        return None if named is None else names(named)

    def ask(self, kind: type[T], method: str, *parts: str | int, body: object) -> T:
        """What is answered to a change; see `send`. It must be there."""
        answer = self.send(method, *parts, body=body, kind=kind)
        if answer is None:
            raise GitHubAway(self.url(*parts), "it does not say what it did")
        return answer

    def upload(self, kind: type[T], url: str, path: Path, *, report: Report | None = None) -> T:
        """
        Send a file to where a release takes it.

        Args:
            kind: What is answered.
            url: As the release names it.
            path: Of the file.
            report: Is told how far it is.
        """
        if not self._transport.is_ours(url):
            raise GitHubAway(url, "it is named as the place for files, but does not belong to the API")
        headers = {**_HEADERS, "Content-Type": "application/octet-stream"}
        with path.open("rb") as file:
            body = _Watched(file, path.stat().st_size, report)
            answer = self._transport.call("POST", url, headers=headers, params={"name": path.name}, data=body)
        return _decode(answer.content, kind, url)

    def download(self, url: str, *, report: Report | None = None) -> Iterator[bytes]:
        """
        A file, part by part.

        Args:
            url: Of an asset at the API, or of a public download.
            report: Is told how far it is.

        Raises:
            DownloadCut: if the connection is cut before the end.
            GitHubAway: see `Transport.call`.
            GitHubRefused: see `Transport.call`.
        """
        import requests  # noqa: PLC0415  # see Transport

        headers = {**_HEADERS, "Accept": "application/octet-stream"}
        with closing(self._transport.call("GET", url, headers=headers, is_streamed=True)) as answer:
            total, done = int(answer.headers.get("content-length") or 0), 0
            try:
                for part in answer.iter_content(_PART_BYTES):
                    done += len(part)
                    yield part
                    if report is not None:
                        report(done, max(total, done))
            except requests.RequestException as error:
                raise DownloadCut(url, f"the connection was cut after {done} of {total} bytes") from error

    def _get(self, url: str, params: dict[str, Any]) -> tuple[bytes, str | None]:
        """The content of an answer, and where the next page is."""
        key = f"{url}?{sorted(params.items())}"
        known = self._remembered.get(key)
        headers = _HEADERS if known is None else {**_HEADERS, "If-None-Match": known[0]}
        answer = self._transport.call("GET", url, headers=headers, params=params)
        if answer.status_code == 304 and known is not None:
            return known[1:]
        content, following = answer.content, answer.links.get("next", {}).get("url")
        tag = answer.headers.get("etag")
        if tag:
            self._remembered[key] = (tag, content, following)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return content, following


class _Watched:
    """A file as a body, which tells how much of it was read."""

    def __init__(self, file: IO[bytes], size: int, report: Report | None) -> None:
        self._file, self._size, self._report = file, size, report

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        """What tells the library that this is to be sent as it is read."""
        return iter(self._file)

    def seek(self, position: int) -> None:
        """Begin again."""
        self._file.seek(position)

    def read(self, size: int = -1) -> bytes:
        """The next part."""
        part = self._file.read(size)
        if self._report is not None:
            self._report(self._file.tell(), self._size)
        return part


def _decode(content: bytes, kind: type[T], url: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GitHubAway(url, f"its answer cannot be read: {error}") from error
