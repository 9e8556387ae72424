"""The worker under callers that are slow, hostile or too many."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.integration.test_gunicorn import LOOPBACK, ROW, Server, serving

HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
BATCH = HEAD.replace(b"predict", b"predict/batch")
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(ROW) + ROW


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("worker")
    DirectoryRegistry(folder / "registry").publish(make_bundle(folder / "bundle"))
    with serving(folder) as server:
        yield server


def slowest_s(server: Server, requests: int = 30) -> float:
    """The longest of some requests by a caller that behaves."""
    with closing(HTTPConnection(LOOPBACK, server.port, timeout=10)) as connection:
        found = []
        for _ in range(requests):
            started = time.perf_counter()
            connection.request("POST", "/v1/predict", ROW, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            found.append(time.perf_counter() - started)
    return max(found)


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"", id="silent"),
        pytest.param(HEAD[:40], id="half a head"),
        pytest.param(HEAD + b'Content-Length: 400\r\n\r\n{"a', id="half a body"),
        pytest.param(HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a', id="half a chunk"),
        pytest.param(BATCH + b'Content-Length: 9000000\r\n\r\n{"rows": [', id="half a large body"),
        pytest.param(HEAD + b"Expect: 100-continue\r\nContent-Length: 400\r\n\r\n", id="waits to be asked"),
        pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", id="does not close"),
        pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" + HEAD[:30], id="a second one by half"),
        pytest.param(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 300, id="does not read"),
    ],
)
def test_thirty_slow_callers_do_not_hold_up_the_others(server: Server, part: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(30):
            slow = stack.enter_context(socket.create_connection((LOOPBACK, server.port), timeout=10))
            slow.settimeout(0)
            if part:
                slow.send(part)
        time.sleep(0.3)
        assert slowest_s(server) < 1.5


@pytest.mark.slow
def test_patience_ends_though_something_comes_now_and_then(server: Server) -> None:
    parts = (b"", HEAD[:40], HEAD + b'Content-Length: 400\r\n\r\n{"a')
    with ThreadPoolExecutor(len(parts)) as pool:
        assert all(8 < seconds < 16 for seconds in pool.map(lambda part: _open_s(server, part), parts))


def _open_s(server: Server, part: bytes) -> float:
    """For how many seconds the server bears with a caller that goes on, but too slowly."""
    with socket.create_connection((LOOPBACK, server.port), timeout=20) as slow:
        slow.sendall(part)
        started = time.monotonic()
        while _is_open(slow, b"x" if part else b"") and time.monotonic() < started + 20:
            time.sleep(0.5)
        return time.monotonic() - started


def _is_open(connection: socket.socket, more: bytes) -> bool:
    """Send a little more, and see whether the server has closed the connection."""
    try:
        connection.sendall(more)
        connection.settimeout(0.01)
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def answers(data: bytes) -> list[tuple[int, object]]:
    """Status and JSON of every answer in a stream."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        length = next(
            int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length:")
        )
        content = rest[:length]
        found.append((status, json.loads(content) if content.startswith(b"{") else content))
        data = rest[length:]
    return found


@pytest.mark.parametrize("pause_s", [0.0, 0.02])
@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_requests_in_a_row_are_answered_in_a_row_however_they_are_cut(
    server: Server, size: int, pause_s: float
) -> None:
    ages = list(range(20, 26))
    stream = b""
    for age in ages:
        body = json.dumps({"age": age, "city": "Oslo"}).encode()
        stream += HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    stream += b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection((LOOPBACK, server.port), timeout=10) as connection:
        for start in range(0, len(stream), size):
            connection.sendall(stream[start : start + size])
            if size >= 100:
                time.sleep(pause_s)
        received = b""
        while part := connection.recv(65536):
            received += part
    found = answers(received)
    assert [status for status, _ in found] == [200] * 7
    scores = [body["score"] for _, body in found[:-1] if isinstance(body, dict)]
    alone = [json.loads(server.send(_alone(age)).partition(b"\r\n\r\n")[2])["score"] for age in ages]
    assert scores == alone


def _alone(age: int) -> bytes:
    body = json.dumps({"age": age, "city": "Oslo"}).encode()
    return HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


SMUGGLED = b"GET /v1/journal HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5, 6",
        b"Content-Length: +5",
        b"Content-Length: -5",
        b"Content-Length : 5",
        b"Content-Length: 0x5",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding\t: chunked",
        b"Transfer-Encoding: chunked\r\n Content-Length: 5",
        b" Content-Length: 5",
        b"Content-Length: 5\x00",
        b"X: y\nContent-Length: 5",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_hides_no_other(server: Server, lines: bytes) -> None:
    answer = server.send(HEAD + lines + b"\r\n\r\n" + b"0\r\n\r\n" + SMUGGLED)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))


def test_chunks_and_large_bodies_are_read(server: Server) -> None:
    chunked = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked += b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (ROW[:5], ROW[5:])) + b"0\r\n\r\n"
    assert server.send(chunked).startswith(b"HTTP/1.1 200")
    rows = json.dumps({"rows": [{"age": 30, "city": "Oslo"}] * 10_000}).encode().ljust(3_000_000)
    status, body = server.request("POST", "/v1/predict/batch", rows)
    assert status == 200
    assert isinstance(body["predictions"], list)
    assert len(body["predictions"]) == 10_000


def test_a_body_of_any_size_is_waited_for_and_answered_at_once(server: Server) -> None:
    """The kernel must have room for all of a body before it says that the body is there."""
    chosen = random.Random(1)  # noqa: S311  # nothing secret hangs on it
    for size in (int(10 ** chosen.uniform(4, 6.2)) for _ in range(150)):
        body = ROW.ljust(size)
        with closing(HTTPConnection(LOOPBACK, server.port, timeout=5)) as connection:
            connection.request("POST", "/v1/predict", body, {"Content-Type": "application/json"})
            assert connection.getresponse().status == 200


def test_answers_that_nobody_reads_yet_wait_for_their_reader(server: Server) -> None:
    """More answers than the sockets hold, and every one of them comes in the end."""
    count = 8_000
    with socket.create_connection((LOOPBACK, server.port), timeout=60) as connection:
        sender = threading.Thread(target=connection.sendall, args=[WHOLE * count])
        sender.start()
        time.sleep(1)
        assert slowest_s(server) < 1.5
        received = 0
        while received < count:
            part = connection.recv(1_000_000)
            assert part, f"{received} of {count} answers came"
            received += part.count(b'"label":')
        sender.join()


def test_a_deadline_ends_a_large_body_and_many_batches_are_too_many(tmp_path: Path) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    with serving(tmp_path, REQUEST_DEADLINE_S="1", MAX_WAITING_REQUESTS="2") as server:
        with socket.create_connection((LOOPBACK, server.port), timeout=20) as slow:
            slow.sendall(BATCH + b'Content-Length: 9000000\r\n\r\n{"rows": [')
            started = time.monotonic()
            while _is_open(slow, b" ") and time.monotonic() < started + 20:
                time.sleep(0.2)
            # Patience alone would take 10 s, and it is for smaller ones.
            assert time.monotonic() - started < 8
        rows = json.dumps({"rows": [{"age": 30, "city": "Oslo"}] * 10_000}).encode()

        def ask(_: int) -> int:
            return server.request("POST", "/v1/predict/batch", rows)[0]

        with ThreadPoolExecutor(20) as pool:
            statuses = Counter(pool.map(ask, range(40)))
        assert set(statuses) == {200, 503}


def test_a_caller_who_waits_to_be_asked_is_asked(server: Server) -> None:
    with socket.create_connection((LOOPBACK, server.port), timeout=10) as connection:
        connection.sendall(HEAD + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(ROW))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(ROW)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_too_many_at_once_are_told_early_and_the_others_are_answered(server: Server) -> None:
    """300 callers send at the same moment, again and again, on connections that they keep."""
    statuses: Counter[int] = Counter()
    with ExitStack() as stack:
        callers = [
            stack.enter_context(socket.create_connection((LOOPBACK, server.port), timeout=20)) for _ in range(300)
        ]
        for _ in range(5):
            for caller in callers:
                caller.sendall(WHOLE)
            with ThreadPoolExecutor(8) as pool:
                heads = list(pool.map(_answer_of, callers))
            statuses.update(status for status, _ in heads)
            assert all(b"retry-after: 1" in head.lower() for status, head in heads if status == 503)
    assert set(statuses) <= {200, 503}
    assert statuses[200] >= 5 * 64
    assert slowest_s(server) < 1.5


def _answer_of(connection: socket.socket) -> tuple[int, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        assert part, "a connection was closed without an answer"
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), head


def test_without_a_file_for_one_more_connection_those_that_are_there_go_on(tmp_path: Path) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    with serving(tmp_path, within=("prlimit", "--nofile=80")) as server, ExitStack() as stack:
        before = server.workers()
        for _ in range(120):
            stack.enter_context(socket.create_connection((LOOPBACK, server.port)))
        stack.close()
        server.wait_until_ready()
        assert server.workers() == before
