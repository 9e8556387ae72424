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
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
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
# So long may a thread read a large request, or write an answer to somebody who does not read it.
_EXCHANGE_S: Final = 120.0
_SLOW_THREADS: Final = 2
# So long a closing connection waits for the caller to read the answer.
_LINGER_S: Final = 2.0
# Requests that are ready at once beyond this many are told to come again.
_MOST_READY: Final = 64
# The polling thread itself answers these, if the answer certainly fits into the socket.
_QUICK: Final = b"POST /v1/predict HTTP/1.1\r\n"
_QUICK_BYTES: Final = 16_384

_END: Final = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*(?=\r\n)", re.IGNORECASE)
_UNCERTAIN = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade)[ \t]*:", re.IGNORECASE)
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
        # Whatever the parser may see otherwise than a single length is left to a thread.
        self.is_certain = self.is_whole_head and len(lengths) <= 1 and not _UNCERTAIN.search(lines)
        self.size = end + len(_END) + (int(lengths[0]) if lengths else 0) if self.is_certain else 0
        self.available = available
        self._lines = lines
        self._lengths = len(lengths)
        self.is_quick = self.is_certain and head.startswith(_QUICK) and self.size <= _QUICK_BYTES

    @property
    def is_plain(self) -> bool:
        """Whether the request is beyond doubt one of those that are answered quickly, and more may follow it."""
        is_sure = self.is_quick and self._lengths == 1 and self.available == self.size
        return is_sure and bool(_PLAIN.fullmatch(self._lines)) and not _CONNECTION.search(self._lines)

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


def look(sock: socket.socket) -> Arrival:
    """What has arrived on a socket that does not block; of one that is closed or broken, nothing."""
    try:
        head = sock.recv(_HEAD_BYTES, socket.MSG_PEEK)
    except OSError:
        head = b""
    # There is more than was looked at only where that was all there was room for.
    return Arrival(head, len(head) if len(head) < _HEAD_BYTES else _queued(sock, termios.FIONREAD))


def _queued(sock: socket.socket, which: int) -> int:
    try:
        return int(struct.unpack("i", fcntl.ioctl(sock, which, bytes(4)))[0])
    except OSError:
        return 0


class Timed:
    """A socket that gives up: whoever is too slow has gone, as far as gunicorn is concerned."""

    def __init__(self, sock: socket.socket, limit_s: float) -> None:
        self._sock = sock
        self._deadline = time.monotonic() + limit_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def _within_time(self, act: Any, *arguments: Any) -> Any:
        self._sock.settimeout(max(self._deadline - time.monotonic(), 0.001))
        try:
            return act(*arguments)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the caller is too slow") from error

    def recv(self, *arguments: Any) -> bytes:
        """See `socket.recv`."""
        received: bytes = self._within_time(self._sock.recv, *arguments)
        return received

    def sendall(self, *arguments: Any) -> None:
        """See `socket.sendall`."""
        self._within_time(self._sock.sendall, *arguments)


class Connection(TConn):  # type: ignore[misc]  # gunicorn ships no types
    """A connection that is closed without making anybody wait: gunicorn lingers for up to two seconds at that."""

    # The caller's, or that in its timed wrapper while a thread has it.
    sock: Any

    def __init__(self, worker: PatientWorker, sock: socket.socket, address: Any, server: Any) -> None:
        super().__init__(worker.cfg, sock, address, server)
        self._worker = worker
        self._wakes_at = 1

    def wake_at(self, size: int) -> None:
        """Let the poller report the socket once so many bytes have arrived, or its end."""
        if size != self._wakes_at:
            if size > _HEAD_BYTES:
                # The kernel makes room for what it is to wait for, but none to spare; yet it stops the caller where
                # less than a segment is free, and would then wait for ever. What it has made room for, it keeps.
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 2 * size + _SEGMENTS_BYTES)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
            self._wakes_at = size

    def close(self, graceful: bool = False) -> None:  # noqa: FBT002  # gunicorn's own signature
        """Close at once, or when the caller has closed too or has had the time to read the answer."""
        if graceful:
            self._worker.linger(self.sock)
        else:
            super().close()

    def read_by(self, sock: socket.socket | Timed) -> None:
        """Let the parser read from here, now and later."""
        self.sock = sock
        if self.parser is not None:
            self.parser.unreader.sock = sock


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Waits for whole requests on its polling thread, which also answers the quickest of them."""

    def init_process(self) -> None:
        """Make the pool of those who may have to wait."""
        self._slow = ThreadPoolExecutor(max_workers=_SLOW_THREADS, thread_name_prefix="slow")
        self._taken = 0
        self._lingering: dict[socket.socket, float] = {}
        super().init_process()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Count afresh how many requests were ready at once."""
        self._taken = 0
        super().wait_for_and_dispatch_events(timeout)

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
        conn.sock.settimeout(0)
        conn.timeout = time.monotonic() + _PATIENCE_S
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A connection that was waited for: wait on for the same patience, or go on."""
        arrival = look(client)
        if arrival.missing_until:
            conn.wake_at(arrival.missing_until)
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        conn.data_ready = True
        self._begin(conn, arrival)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A kept connection: its next request has the same patience from now on."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        arrival = look(client)
        if arrival.missing_until:
            conn.wake_at(arrival.missing_until)
            self._wait(conn)
            return
        self._begin(conn, arrival)

    def _begin(self, conn: Connection, arrival: Arrival) -> None:
        conn.wake_at(1)
        self._taken += 1
        if self._taken > _MOST_READY and arrival.is_certain and not arrival.is_slow:
            self._send_away(conn, arrival)
        elif arrival.is_quick and not _queued(conn.sock, termios.TIOCOUTQ):
            self._answer_now(conn)
        else:
            self._submit(conn, self._slow if arrival.is_slow else self.tpool)

    def _answer_now(self, conn: Connection) -> None:
        done: Future[Any] = Future()
        done.set_result(self.handle(conn))
        self.finish_request(conn, done)

    def _submit(self, conn: Connection, pool: ThreadPoolExecutor) -> None:
        raw = conn.sock
        conn.read_by(Timed(raw, _EXCHANGE_S))
        done = pool.submit(self.handle, conn)
        done.add_done_callback(lambda future: self.method_queue.defer(self._finish, conn, raw, future))

    def _finish(self, conn: Connection, raw: socket.socket, done: Future[Any]) -> None:
        conn.read_by(raw)
        self.finish_request(conn, done)

    def enqueue_req(self, conn: Connection) -> None:
        """What gunicorn calls when more of the next request than it asked for has arrived: perhaps not all of it."""
        self._submit(conn, self._slow)

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

    def murder_pending(self) -> None:
        """End the waiting of those whose time is over."""
        super().murder_pending()
        now = time.monotonic()
        # They were put in in the order of their ends.
        for sock in list(itertools.takewhile(lambda each: self._lingering[each] < now, self._lingering)):
            self._let_go(sock)

    def _send_away(self, conn: Connection, arrival: Arrival) -> None:
        """Answer 503 without a thread; the request is taken first, or the answer could be lost with it."""
        is_kept = arrival.is_plain and self.alive
        answer = _BUSY_KEPT if is_kept else _BUSY_CLOSED
        try:
            is_done = len(conn.sock.recv(arrival.size)) == arrival.size and conn.sock.send(answer) == len(answer)
        except OSError:
            is_done = False
        if is_done and is_kept:
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))
            return
        self.nr_conns -= 1
        conn.close(graceful=is_done)
