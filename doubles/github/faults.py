"""Faults that a test plants: what goes wrong, at which calls, and how often."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from msgspec import Struct, field


class Status(Struct, frozen=True, kw_only=True, tag_field="kind", tag="status"):
    """The answer is this one; nothing is done, but that an upload may leave an asset in state `starter`."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    leaves_starter: bool = False


class CutUpload(Struct, frozen=True, kw_only=True, tag_field="kind", tag="cut_upload"):
    """The connection breaks when so many bytes of the request's body were read."""

    after: int
    leaves_starter: bool = False


class CutDownload(Struct, frozen=True, kw_only=True, tag_field="kind", tag="cut_download"):
    """The connection breaks when so many bytes of the answer's body were sent; its Content-Length promises all."""

    after: int


class Truncated(Struct, frozen=True, kw_only=True, tag_field="kind", tag="truncated"):
    """The answer's body ends after so many bytes, and its Content-Length agrees."""

    to: int


class WrongByte(Struct, frozen=True, kw_only=True, tag_field="kind", tag="wrong_byte"):
    """One byte of the answer's body is another one."""

    at: int


class WrongDigest(Struct, frozen=True, kw_only=True, tag_field="kind", tag="wrong_digest"):
    """Every asset in the answer's JSON, or the one of this name, has this digest; None is null."""

    digest: str | None
    name: str | None = None


class Slow(Struct, frozen=True, kw_only=True, tag_field="kind", tag="slow"):
    """What was asked is done, but the answer comes late."""

    seconds: float


class AnswerLost(Struct, frozen=True, kw_only=True, tag_field="kind", tag="answer_lost"):
    """What was asked is done, but the connection breaks before the answer."""


class Before(Struct, frozen=True, kw_only=True):
    """A function is called when the request has been read and nothing is done yet; nothing is locked meanwhile."""

    action: Callable[[], Any]


RemoteFault = Status | CutUpload | CutDownload | Truncated | WrongByte | WrongDigest | Slow | AnswerLost
Fault = RemoteFault | Before


class Planted(Struct, kw_only=True):
    """
    A fault, and the calls it strikes.

    Attributes:
        path: A shell pattern for the path without its query, in which `*` also stands for slashes.
        site: `api`, `web`, `uploads`, `assets`, or `*` for all of them.
        skip: How many matching calls pass unharmed first.
        times: How many are struck then.
    """

    fault: Fault
    method: str = "*"
    path: str = "*"
    site: str = "*"
    skip: int = 0
    times: int = 1

    def meets(self, site: str, method: str, path: str) -> bool:
        """Is this one of the calls to be struck?"""
        matched = fnmatchcase(method, self.method) and fnmatchcase(path, self.path) and fnmatchcase(site, self.site)
        return matched and self.times > 0


class Faults:
    """What is planted, in order; a call meets at most one fault, the first that waits for it."""

    def __init__(self) -> None:
        self._planted: list[Planted] = []
        self._lock = Lock()

    def plant(self, planted: Planted) -> None:
        """Let a fault wait for its calls."""
        with self._lock:
            self._planted.append(planted)

    def clear(self) -> None:
        """Forget all that wait."""
        with self._lock:
            self._planted.clear()

    @property
    def waiting(self) -> int:
        """How many strikes are still to come."""
        with self._lock:
            return sum(planted.times for planted in self._planted)

    def strike(self, site: str, method: str, path: str) -> Fault | None:
        """The fault that this call meets, if any."""
        with self._lock:
            for planted in self._planted:
                if planted.meets(site, method, path):
                    if planted.skip > 0:
                        planted.skip -= 1
                        continue
                    planted.times -= 1
                    return planted.fault
        return None
