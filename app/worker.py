"""
gunicorn's threaded worker, made patient: slow callers wait outside of its threads, and too many are told so early.

It takes nothing from gunicorn but the decision when a connection is worth a thread. It looks at what has arrived
without taking it, and lets gunicorn's own parser read and frame every request; being wrong about a length costs time,
never correctness.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import re
import selectors
import socket
import struct
import termios
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

# The head of a request that is longer is refused by gunicorn's own limits anyway.
_HEAD_BYTES: Final = 16_384
# A request up to this size waits in the kernel until it is whole; a larger one is read by a thread of the slow pool.
_BUFFERED_BYTES: Final = 1_000_000
# Room for two of the largest segments.
_SEGMENTS_BYTES: Final = 131_072
# From the first byte on, so long may a request take to arrive whole.
_PATIENCE_S: Final = 10.0
_SLOW_THREADS: Final = 2
# So long a closing connection waits for the caller to read the answer.
_LINGER_S: Final = 2.0
# The polling thread itself answers these.
_QUICK: Final = b"POST /v1/predict HTTP/1.1\r\n"
_QUICK_BYTES: Final = 16_384

_END: Final = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*(?=\r\n)", re.IGNORECASE)
_SPECIAL = re.compile(rb"\r\n(transfer-encoding|expect|upgrade|idempotency-key)[ \t]*:", re.IGNORECASE)
# Looked up in a database, which may be away.
_LOOKED_UP: Final = frozenset({b"idempotency-key"})
_BUSY_BODY = (
    b'{"type":"about:blank","title":"Service unavailable","status":503,"detail":"too many requests at once; try again"}'
)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
    b"Content-Length: " + str(len(_BUSY_BODY)).encode() + b"%s" + _END + _BUSY_BODY
)
_BUSY_KEPT, _BUSY_CLOSED = _BUSY % b"", _BUSY % b"\r\nConnection: close"
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
        end = head.find(_END)
        self.is_whole_head = end >= 0
        lines = head[: end + 2]
        lengths = _LENGTH.findall(lines)
        special = {name.lower() for name in _SPECIAL.findall(lines)}
        # Whatever the parser may see otherwise than a single length is left to a thread.
        self.is_certain = self.is_whole_head and len(lengths) <= 1 and special <= _LOOKED_UP
        self.size = end + len(_END) + (int(lengths[0]) if lengths else 0) if self.is_certain else 0
        self.available = available
        self.head = head[: end + len(_END)]
        self._lengths = len(lengths)
        self.is_quick = (
            self.is_certain and head.startswith(_QUICK) and available >= self.size <= _QUICK_BYTES and not special
        )

    @cached_property
    def is_plain(self) -> bool:
        """Whether the request is beyond doubt one of those that are answered quickly, and more may follow it."""
        is_sure = self.is_quick and self._lengths == 1 and self.available == self.size
        return is_sure and bool(_PLAIN.fullmatch(self.head[:-2])) and not _CONNECTION.search(self.head)

    @property
    def missing_until(self) -> int:
        """How many bytes must be there before a thread need look; 0 when it should look now."""
        if not self.is_whole_head:
            return self.available + 1 if 0 < self.available < _HEAD_BYTES else 0
        is_short = self.is_certain and self.available < self.size <= _BUFFERED_BYTES
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
        head = sock.recv(_HEAD_BYTES, socket.MSG_PEEK)
    except OSError:
        head = b""
    if known is not None and len(head) == known.size and head.startswith(known.head):
        return known
    # There is more than was looked at only where that was all there was room for.
    return Arrival(head, len(head) if len(head) < _HEAD_BYTES else _queued(sock))


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
            if size > _HEAD_BYTES:
                # The kernel makes room for what it is to wait for, but none to spare; yet it stops the caller where
                # less than a segment is free, and would then wait for ever. What it has made room for, it keeps.
                self.sock.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 2 * size + _SEGMENTS_BYTES)
            self.sock.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
            self._wakes_at = size

    def send_away(self, arrival: Arrival) -> bool:
        """
        Answer 503 without a thread; a whole request is taken first, or the answer could be lost with it.

        Returns:
            Whether the connection can be kept.
        """
        is_kept = arrival.is_plain and self._worker.alive
        answer = _BUSY_KEPT if is_kept else _BUSY_CLOSED
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


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """
    Waits for whole requests on its polling thread, which also answers the quickest of them.

    Attributes:
        most_waiting: Requests that are ready at once beyond this many are told to come again.
        deadline_s: Within so many seconds a thread must have received a request and sent its answer.
    """

    most_waiting = 64
    deadline_s = 120.0

    def init_process(self) -> None:
        """Make the pool of those who may have to wait."""
        self._slow = ThreadPoolExecutor(max_workers=_SLOW_THREADS, thread_name_prefix="slow")
        # Requests that this thread will answer itself, and how many the others have.
        self._quick: list[tuple[Connection, bool]] = []
        self._given = 0
        self._lingering: dict[socket.socket, float] = {}
        self._swept_at = 0.0
        super().init_process()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Look at everything that is ready, send away who is too many, and only then answer."""
        super().wait_for_and_dispatch_events(timeout)
        quick, self._quick = self._quick, []
        for conn, is_polled in quick:
            self._answer(conn, is_polled=is_polled)

    def accept(self, listener: socket.socket) -> None:
        """Take every connection that waits, and look at each when something arrives."""
        while self.nr_conns < self.worker_connections:
            try:
                sock, address = listener.accept()
            except OSError as error:
                if error.errno not in {errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK}:
                    raise
                return
            self.nr_conns += 1
            self._wait(Connection(self, sock, address, listener.getsockname()))

    def _wait(self, conn: Connection) -> None:
        """Let the poller wait; `murder_pending` ends it when the patience does."""
        conn.timeout = time.monotonic() + _PATIENCE_S
        self.pending_conns.append(conn)
        self.poller.register(conn.sock.raw, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A connection that was waited for: wait on for the same patience, or go on."""
        arrival = conn.look()
        if arrival.missing_until:
            conn.wake_at(arrival.missing_until)
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        conn.data_ready = True
        self._begin(conn, arrival)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A kept connection: one with a plain request stays where it is, all else has the same patience from now on."""
        arrival = conn.look()
        if arrival.is_plain:
            if len(self._quick) < self.most_waiting:
                self._quick.append((conn, True))
            elif conn.send_away(arrival):
                conn.set_timeout()
            else:
                self._forget(conn, client)
                self._close(conn)
            return
        self._forget(conn, client)
        if arrival.missing_until:
            conn.wake_at(arrival.missing_until)
            self._wait(conn)
            return
        self._begin(conn, arrival)

    def _forget(self, conn: Connection, client: socket.socket) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)

    def _keep(self, conn: Connection) -> None:
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock.raw, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _close(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close(graceful=True)

    def _begin(self, conn: Connection, arrival: Arrival) -> None:
        conn.wake_at(1)
        waiting = len(self._quick) if arrival.is_quick else self._given
        if waiting >= self.most_waiting:
            if conn.send_away(arrival):
                self._keep(conn)
            else:
                self._close(conn)
        elif arrival.is_quick:
            self._quick.append((conn, False))
        else:
            self._submit(conn, self._slow if arrival.is_slow else self.tpool, self._work)

    def _answer(self, conn: Connection, *, is_polled: bool) -> None:
        """Answer on this thread; what of the answer does not fit is sent by another."""
        conn.sock.hold()
        is_kept = bool(self.handle(conn))
        rest = conn.sock.let_go()
        if is_polled:
            if is_kept and not rest and not conn.parser.unreader.buf.getvalue():
                conn.set_timeout()
                return
            self._forget(conn, conn.sock.raw)
        if rest:
            self._submit(conn, self._slow, partial(_send_rest, rest=rest, is_kept=is_kept))
            return
        done: Future[bool] = Future()
        done.set_result(is_kept)
        self.finish_request(conn, done)

    def _work(self, conn: Connection) -> bool:
        if conn.sock.is_late:
            # It was not read, and waited for a thread until nobody waits for the answer.
            conn.sock.sendall(_BUSY_CLOSED)
            return False
        return bool(self.handle(conn))

    def _submit(self, conn: Connection, pool: ThreadPoolExecutor, act: Callable[[Connection], bool]) -> None:
        self._given += 1
        conn.sock.allow(self.deadline_s)
        done = pool.submit(act, conn)
        done.add_done_callback(lambda future: self.method_queue.defer(self._finish, conn, future))

    def _finish(self, conn: Connection, done: Future[bool]) -> None:
        self._given -= 1
        conn.sock.raw.settimeout(0)
        self.finish_request(conn, done)

    def enqueue_req(self, conn: Connection) -> None:
        """What gunicorn calls when more of the next request than it asked for has arrived: perhaps not all of it."""
        self._submit(conn, self._slow, self._work)

    def linger(self, sock: socket.socket) -> None:
        """
        Close a socket in a while, as what has not been read could otherwise take the answer with it.

        Source:
            RFC 9112, section 9.6.
        """
        try:
            sock.settimeout(0)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            sock.close()
            return
        self._lingering[sock] = time.monotonic() + _LINGER_S
        self.poller.register(sock, selectors.EVENT_READ, self._drain)

    def _drain(self, sock: socket.socket) -> None:
        try:
            is_over = not sock.recv(_HEAD_BYTES)
        except OSError:
            is_over = True
        if is_over:
            self._let_go(sock)

    def _let_go(self, sock: socket.socket) -> None:
        del self._lingering[sock]
        self.poller.unregister(sock)
        sock.close()

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT002  # gunicorn's own signature
        """Look at all once a second: those that are answered at once stay where they are, so they are in no order."""
        now = time.monotonic()
        if self.alive and not force and now < self._swept_at + 1:
            return
        self._swept_at = now
        for conn in [each for each in self.keepalived_conns if force or each.timeout <= now]:
            self._forget(conn, conn.sock.raw)
            self.nr_conns -= 1
            conn.close()

    def murder_pending(self) -> None:
        """End the waiting of those whose time is over."""
        super().murder_pending()
        now = time.monotonic()
        # They were put in in the order of their ends.
        for sock in list(itertools.takewhile(lambda each: self._lingering[each] < now, self._lingering)):
            self._let_go(sock)


def _send_rest(conn: Connection, *, rest: bytes, is_kept: bool) -> bool:
    conn.sock.sendall(rest)
    return is_kept
