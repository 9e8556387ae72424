"""
gunicorn's threaded worker, made patient: slow callers wait outside of its threads, and too many are told so early.

It takes from gunicorn when a connection is worth a thread, and how long a caller is waited for. It looks at what has
arrived without taking it, and lets gunicorn's own parser read and frame every request that is answered; being wrong
about a length costs time, never correctness.
"""

from __future__ import annotations

import errno
import itertools
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

from app.channel import END, HEAD_BYTES, Arrival, Channel, look

# Room for two of the largest segments.
_SEGMENTS_BYTES: Final = 131_072
# From the first byte on, so long may a request take to arrive whole.
_PATIENCE_S: Final = 10.0
_SLOW_THREADS: Final = 2
# So long a closing connection waits for the caller to read the answer.
_LINGER_S: Final = 2.0

_BUSY_BODY = (
    b'{"type":"about:blank","title":"Service unavailable","status":503,"detail":"too many requests at once; try again"}'
)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
    b"Content-Length: " + str(len(_BUSY_BODY)).encode() + b"%s" + END + _BUSY_BODY
)
_BUSY_KEPT, _BUSY_CLOSED = _BUSY % b"", _BUSY % b"\r\nConnection: close"


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
        self._kept_until = 0.0
        self._lingering: dict[socket.socket, float] = {}
        self._swept_at = 0.0
        super().init_process()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Look at everything that is ready, send away who is too many, and only then answer."""
        self._kept_until = time.monotonic() + self.cfg.keepalive
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
        if len(self._quick) >= self.most_waiting and self.alive and conn.send_away_again(self._kept_until):
            return
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
            is_over = not sock.recv(HEAD_BYTES)
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
