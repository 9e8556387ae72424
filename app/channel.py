"""What has arrived on a connection, looked at without taking it; and the connection's socket as gunicorn gets it."""

from __future__ import annotations

import errno
import fcntl
import re
import socket
import struct
import termios
import time
from functools import cached_property
from typing import Any, Final

# The head of a request that is longer is refused by gunicorn's own limits anyway.
HEAD_BYTES: Final = 16_384
# A request up to this size waits in the kernel until it is whole; a larger one is read by a thread of the slow pool.
BUFFERED_BYTES: Final = 1_000_000
# The polling thread itself answers these.
_QUICK: Final = b"POST /v1/predict HTTP/1.1\r\n"
_QUICK_BYTES: Final = 16_384
END: Final = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*(?=\r\n)", re.IGNORECASE)
_SPECIAL = re.compile(rb"\r\n(transfer-encoding|expect|upgrade|idempotency-key)[ \t]*:", re.IGNORECASE)
# Looked up in a database, which may be away.
_LOOKED_UP: Final = frozenset({b"idempotency-key"})
# A head that nobody can read in two ways, so that the connection may be kept though no parser has seen the request.
_PLAIN = re.compile(_QUICK + rb"(?:[A-Za-z][A-Za-z0-9-]{0,40}: [!-~](?:[ -~]{0,2000}[!-~])?\r\n){1,50}")
_CONNECTION = re.compile(rb"\r\nconnection:", re.IGNORECASE)


class Arrival:
    """What has arrived on a connection, looked at without taking it."""

    def __init__(self, head: bytes, available: int) -> None:
        """
        Args:
            head: The first bytes, up to 16 kB.
            available: How many bytes there are.
        """
        end = head.find(END)
        self.is_whole_head = end >= 0
        lines = head[: end + 2]
        lengths = _LENGTH.findall(lines)
        special = {name.lower() for name in _SPECIAL.findall(lines)}
        # Whatever the parser may see otherwise than a single length is left to a thread.
        self.is_certain = self.is_whole_head and len(lengths) <= 1 and special <= _LOOKED_UP
        self.size = end + len(END) + (int(lengths[0]) if lengths else 0) if self.is_certain else 0
        self.available = available
        self.head = head[: end + len(END)]
        self._lengths = len(lengths)
        self.is_quick = (
            self.is_certain and head.startswith(_QUICK) and available >= self.size <= _QUICK_BYTES and not special
        )

    @cached_property
    def is_plain(self) -> bool:
        """Whether the request is beyond doubt one of those that are answered quickly, and more may follow it."""
        is_sure = self.is_quick and self._lengths == 1 and self.available == self.size
        return is_sure and bool(_PLAIN.fullmatch(self.head[:-2])) and not _CONNECTION.search(self.head)

    def is_again(self, head: bytes) -> bool:
        """Whether a look that was one byte longer than this plain request saw another one with the same head."""
        return len(head) == self.size and head.startswith(self.head)

    @property
    def missing_until(self) -> int:
        """How many bytes must be there before a thread need look; 0 when it should look now."""
        if not self.is_whole_head:
            return self.available + 1 if 0 < self.available < HEAD_BYTES else 0
        is_short = self.is_certain and self.available < self.size <= BUFFERED_BYTES
        return self.size if is_short else 0

    @property
    def is_slow(self) -> bool:
        """Whether whoever reads it may have to wait for the caller."""
        return not self.is_certain or self.available < self.size


def look(sock: socket.socket, known: Arrival | None = None) -> Arrival:
    """
    What has arrived on a socket that does not block; of one that is closed or broken, nothing.

    Args:
        sock: The socket.
        known: A plain request that came there before: most callers send the same head again and again.
    """
    try:
        if known is not None and known.is_again(sock.recv(known.size + 1, socket.MSG_PEEK)):
            return known
        head = sock.recv(HEAD_BYTES, socket.MSG_PEEK)
    except OSError:
        head = b""
    # There is more than was looked at only where that was all there was room for.
    return Arrival(head, len(head) if len(head) < HEAD_BYTES else _queued(sock))


def _queued(sock: socket.socket) -> int:
    try:
        return int(struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))[0])
    except OSError:
        return 0


class Channel:
    """
    A connection's socket as gunicorn gets it.

    Where a request is answered at once, all of it has arrived, and the answer is held to be sent in one piece.
    Otherwise whoever is too slow has gone, as far as gunicorn is concerned.
    """

    def __init__(self, raw: socket.socket) -> None:
        """
        Args:
            raw: It never blocks, but within a deadline.
        """
        self.raw = raw
        self._held: list[bytes] | None = None
        self._deadline = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def setblocking(self, flag: bool) -> None:  # socket's own signature
        """Nothing: how long to wait is decided here."""

    def hold(self) -> None:
        """Hold what is sent from now on."""
        self._held = []

    def let_go(self) -> bytes:
        """Send what was held, as far as it goes without waiting, and return the rest."""
        held, self._held = b"".join(self._held or ()), None
        if not held:
            return b""
        try:
            return held[self.raw.send(held) :]
        except BlockingIOError:
            return held
        except OSError:
            # The caller has gone; the next look at the socket will say so.
            return b""

    def allow(self, limit_s: float) -> None:
        """Wait for the caller, but no longer."""
        self._deadline = time.monotonic() + limit_s

    @property
    def is_late(self) -> bool:
        """Whether the time that was allowed is over."""
        return time.monotonic() > self._deadline

    def _within_time(self, act: Any, *arguments: Any) -> Any:
        self.raw.settimeout(max(self._deadline - time.monotonic(), 0.001))
        try:
            return act(*arguments)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the caller is too slow") from error

    def recv(self, *arguments: Any) -> bytes:
        """See `socket.recv`."""
        if self._held is not None:
            return self.raw.recv(*arguments)
        received: bytes = self._within_time(self.raw.recv, *arguments)
        return received

    def sendall(self, data: bytes) -> None:
        """See `socket.sendall`."""
        if self._held is not None:
            self._held.append(data)
        else:
            self._within_time(self.raw.sendall, data)
