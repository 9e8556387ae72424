"""A caller's connection, as the patient worker has it: looked at, sent away, and closed while nobody waits."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from gunicorn.workers.gthread import TConn

from app.channel import END, HEAD_BYTES, Arrival, Channel, look

if TYPE_CHECKING:
    from app.worker import PatientWorker

# Room for two of the largest segments.
_SEGMENTS_BYTES: Final = 131_072

_BUSY_BODY = (
    b'{"type":"about:blank","title":"Service unavailable","status":503,"detail":"too many requests at once; try again"}'
)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
    b"Content-Length: " + str(len(_BUSY_BODY)).encode() + b"%s" + END + _BUSY_BODY
)
_BUSY_KEPT, BUSY_CLOSED = _BUSY % b"", _BUSY % b"\r\nConnection: close"


class Connection(TConn):  # type: ignore[misc]  # gunicorn ships no types
    """A connection that is closed without making anybody wait: gunicorn lingers for up to two seconds at that."""

    sock: Channel

    def __init__(self, worker: PatientWorker, sock: socket.socket, address: Any, server: Any) -> None:
        super().__init__(worker.cfg, sock, address, server)
        self.sock = Channel(sock)
        self._worker = worker
        self._wakes_at = 1
        self._plain: Arrival | None = None

    def look(self) -> Arrival:
        """What has arrived."""
        arrival = look(self.sock.raw, self._plain)
        if arrival.is_plain:
            self._plain = arrival
        return arrival

    def wake_at(self, size: int) -> None:
        """Let the poller report the socket once so many bytes have arrived, or its end."""
        if size != self._wakes_at:
            if size > HEAD_BYTES:
                # The kernel makes room for what it is to wait for, but none to spare; yet it stops the caller where
                # less than a segment is free, and would then wait for ever. What it has made room for, it keeps.
                self.sock.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 2 * size + _SEGMENTS_BYTES)
            self.sock.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
            self._wakes_at = size

    def send_away_again(self, until: float) -> bool:
        """
        Answer 503 to a plain request with the head of one that came before, at the least cost.

        Returns:
            Whether that was all there was to do; otherwise nothing was done.
        """
        known, raw = self._plain, self.sock.raw
        try:
            if known is None or not known.is_again(raw.recv(known.size + 1, socket.MSG_PEEK)):
                return False
            raw.recv(known.size)
            self._worker.note_sent_away()
            is_sent = raw.send(_BUSY_KEPT) == len(_BUSY_KEPT)
        except OSError:
            is_sent = False
        if not is_sent:
            # The caller has gone, or does not read; the next look at the socket will find it closed.
            with suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)
        self.timeout = until
        return True

    def send_away(self, arrival: Arrival) -> bool:
        """
        Answer 503 without a thread; a whole request is taken first, or the answer could be lost with it.

        Returns:
            Whether the connection can be kept.
        """
        is_kept = arrival.is_plain and self._worker.alive
        answer = _BUSY_KEPT if is_kept else BUSY_CLOSED
        self._worker.note_sent_away()
        try:
            if not arrival.is_slow:
                self.sock.raw.recv(arrival.size)
            return self.sock.raw.send(answer) == len(answer) and is_kept
        except OSError:
            return False

    def close(self, graceful: bool = False) -> None:  # noqa: FBT002  # gunicorn's own signature
        """Close at once, or when the caller has closed too or has had the time to read the answer."""
        if graceful:
            self._worker.linger(self.sock.raw)
        else:
            super().close()
