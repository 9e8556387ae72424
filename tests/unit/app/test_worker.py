"""What has arrived of a request, and whether a thread should look at it."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channel import BUFFERED_BYTES, HEAD_BYTES, Arrival, Channel, look
from app.worker import PatientWorker

HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


def arrived(data: bytes) -> Arrival:
    return Arrival(data[:HEAD_BYTES], len(data))


def head(*lines: bytes, start: bytes = b"POST /v1/predict HTTP/1.1") -> bytes:
    return b"\r\n".join([start, *lines]) + b"\r\n\r\n"


@given(st.integers(0, len(HEAD) + 5))
def test_a_request_is_waited_for_until_it_is_whole(cut: int) -> None:
    arrival = arrived((HEAD + b"12345")[:cut])
    whole = len(HEAD) + 5
    if cut in {0, whole}:
        # Of nothing, or of everything, gunicorn makes what it will.
        assert arrival.missing_until == 0
    elif cut < len(HEAD):
        assert arrival.missing_until == cut + 1
    else:
        assert arrival.missing_until == whole
    assert arrival.is_slow is (cut < whole)
    assert arrival.is_plain is (cut == whole)


@pytest.mark.parametrize(
    ("line", "is_certain"),
    [
        (b"Content-Length: 5", True),
        (b"content-length:5", True),
        (b"CONTENT-LENGTH: \t5 ", True),
        (b"Content-Length: 5\r\nContent-Length: 5", False),
        (b"Transfer-Encoding: chunked", False),
        (b"transfer-encoding : identity", False),
        (b"Expect: 100-continue", False),
        (b"Upgrade: h2c", False),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", False),
    ],
)
def test_what_may_be_framed_otherwise_is_left_to_a_thread_that_may_wait(line: bytes, is_certain: bool) -> None:
    arrival = arrived(head(line) + b"12345")
    assert arrival.is_certain is is_certain
    assert arrival.is_slow is not is_certain
    assert arrival.missing_until == 0


@pytest.mark.parametrize(
    "data",
    [
        head(b"Content-Length : 5") + b"12345",
        head(b" Content-Length: 5") + b"12345",
        head(b"X: y", b" Content-Length: 5") + b"12345",
        head(b"Content-Length: +5") + b"12345",
        head(b"Content-Length: 5, 5") + b"12345",
        head(b"Content-Length: 5", b"X: \x00") + b"12345",
        head(b"Content-Length: 5", b"X: a\nb: c") + b"12345",
        head(b"Content-Length: 5", b"Connection: close") + b"12345",
        head(b"Content-Length: 5", start=b"POST /v1/predict HTTP/1.0") + b"12345",
        head(b"Content-Length: 5", start=b"POST  /v1/predict HTTP/1.1") + b"12345",
        head(b"Content-Length: 5", start=b"POST /v1/predict/batch HTTP/1.1") + b"12345",
        head(b"Content-Length: 5") + b"12345GET / HTTP/1.1\r\n\r\n",
        head(b"Host: x"),
    ],
)
def test_a_connection_is_kept_after_a_refusal_only_where_nothing_is_in_doubt(data: bytes) -> None:
    assert not arrived(data).is_plain


def test_a_large_request_is_not_waited_for() -> None:
    large = head(b"Content-Length: %d" % (2 * BUFFERED_BYTES))
    assert arrived(large).missing_until == 0
    assert arrived(large).is_slow
    just = head(b"Content-Length: %d" % (BUFFERED_BYTES - 200))
    assert arrived(just).missing_until > BUFFERED_BYTES - 200


def test_an_endless_head_is_left_to_gunicorn_to_refuse() -> None:
    assert arrived(b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES).missing_until == 0


def test_only_a_small_prediction_is_answered_at_once() -> None:
    assert arrived(HEAD + b"12345").is_quick
    assert not arrived(head(b"Content-Length: 20000") + b"x" * 20_000).is_quick
    assert not arrived((HEAD + b"12345")[:-1]).is_quick
    assert not arrived(head(start=b"GET /v1/journal HTTP/1.1")).is_quick
    # Whether it was answered before is asked of a database.
    once = arrived(head(b"idempotency-key: x", b"Content-Length: 5") + b"12345")
    assert once.is_certain
    assert not once.is_quick


def test_looking_takes_nothing_and_sees_the_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        assert look(ours).available == 0
        theirs.sendall(HEAD)
        assert look(ours).available == len(HEAD)
        theirs.sendall(b"x" * 30_000)
        assert look(ours).available == len(HEAD) + 30_000
        assert ours.recv(10) == HEAD[:10]
        assert len(ours.recv(100_000)) == len(HEAD) + 30_000 - 10
        theirs.close()
        assert (look(ours).available, look(ours).missing_until) == (0, 0)


def test_a_head_that_is_known_is_only_taken_for_the_same_request() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HEAD + b"12345")
        known = look(ours)
        assert known.is_plain
        assert look(ours, known) is known
        ours.recv(100)
        theirs.sendall(HEAD + b"1234")
        assert look(ours, known).missing_until == known.size
        theirs.sendall(b"5G")
        assert not look(ours, known).is_plain
        ours.recv(100)
        theirs.sendall(HEAD.replace(b"Host: x", b"Host: y") + b"12345")
        assert look(ours, known) is not known
        theirs.close()
        ours.recv(100)
        assert look(ours, known).available == 0


def test_a_channel_gives_up_on_the_silent_and_on_those_who_do_not_read() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(ours)
        for attempt in (lambda: channel.recv(1), lambda: channel.sendall(b"x" * 10_000_000)):
            channel.allow(0.05)
            assert not channel.is_late
            with pytest.raises(ConnectionResetError, match="the caller is too slow"):
                attempt()
            assert channel.is_late
        assert channel.fileno() == ours.fileno()


def test_a_channel_sends_what_it_held_in_one_piece_and_gives_back_what_does_not_fit() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        theirs.settimeout(1)
        channel = Channel(ours)
        channel.hold()
        for part in (b"head", b"body"):
            channel.sendall(part)
        assert look(theirs).available == 0
        assert channel.let_go() == b""
        assert theirs.recv(100) == b"headbody"
        channel.hold()
        channel.sendall(b"x" * 10_000_000)
        rest = channel.let_go()
        assert 0 < len(rest) < 10_000_000
        channel.hold()
        channel.sendall(b"y")
        assert channel.let_go() == b"y"


def test_a_channel_has_nothing_left_for_a_caller_who_has_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        channel = Channel(ours)
        channel.hold()
        assert channel.let_go() == b""
        channel.hold()
        channel.sendall(b"x")
        assert channel.let_go() == b""


def test_a_request_that_waited_too_long_for_a_thread_is_sent_away_unread() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HEAD + b"12345")
        channel = Channel(ours)
        channel.allow(-1)
        worker = PatientWorker.__new__(PatientWorker)
        assert worker._work(SimpleNamespace(sock=channel)) is False  # type: ignore[arg-type]  # all that is asked of it
        assert theirs.recv(1000).startswith(b"HTTP/1.1 503")
        assert look(ours).available == len(HEAD) + 5
