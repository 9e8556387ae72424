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
from functools import partial
from typing import Final

from gunicorn.workers.gthread import ThreadWorker

from app.channel import HEAD_BYTES, Arrival
from app.connection import BUSY_CLOSED, Connection

# From the first byte on, so long may a request take to arrive whole.
_PATIENCE_S: Final = 10.0
_NOT_NOW: Final = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK, errno.EMFILE, errno.ENFILE})
_SLOW_THREADS: Final = 2
# So long a closing connection waits for the caller to read the answer.
_LINGER_S: Final = 2.0


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """
    Waits for whole requests on its polling thread, which also answers the quickest of them.

    Attributes:
        most_waiting: Requests that are ready at once beyond this many are told to come again.
        deadline_s: Within so many seconds a thread must have received a request and sent its answer.
        note_sent_away: Called for every request that is told to come again.
    """

    most_waiting = 64
    deadline_s = 120.0
    note_sent_away: Callable[[], None] = staticmethod(lambda: None)

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
                # Without a file for one more connection those that are there go on, and make room.
                if error.errno not in _NOT_NOW:
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
            self.note_sent_away()
            conn.sock.sendall(BUSY_CLOSED)
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
