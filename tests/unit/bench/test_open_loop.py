from __future__ import annotations

import itertools
import math
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.open_loop import FAILED, Answer, Load, Stream, arrivals, offer, percentile

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


class _Odd(socketserver.StreamRequestHandler):
    """Answers in two pieces, refuses and closes, or closes without an answer: each third request so."""

    wbufsize = 0
    counted = itertools.count()

    def handle(self) -> None:
        while self.rfile.readline().strip():
            self.rfile.readline()
            case = next(self.counted) % 3
            if case == 0:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
                self.wfile.write(b"cd")
                continue
            if case == 1:
                self.wfile.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return


@pytest.fixture
def port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Odd) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield int(server.server_address[1])
        server.shutdown()


def test_every_request_is_accounted_for_whatever_becomes_of_it(port: int) -> None:
    load = offer(port, [Stream(name="a", request=REQUEST, rate=300)], seconds=0.5)

    counts = Counter(answer.status for answer in load.answers)
    assert set(counts) == {200, 503, FAILED}
    assert max(counts.values()) - min(counts.values()) <= 1
    assert 90 <= counts.total() <= 210
    assert all(0 < answer.due <= answer.sent <= answer.done for answer in load.answers)


def test_without_a_rate_as_many_are_under_way_as_there_are_connections(port: int) -> None:
    load = offer(port, [Stream(name="a", request=REQUEST, rate=math.inf)], seconds=0.2, connections=2)

    assert len(load.answers) > 10
    for answer in load.answers:
        assert answer.due == answer.sent
        assert sum(other.sent < answer.sent < other.done for other in load.answers) <= 1


def test_requests_fall_due_at_random_with_the_rate_of_their_stream() -> None:
    stream = Stream(name="a", request=REQUEST, rate=100)
    times = [due for due, _, _ in itertools.islice(arrivals(stream, 1), 10_000)]

    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert times[-1] == pytest.approx(100, rel=0.05)
    assert sum(gap > 0.01 for gap in gaps) / len(gaps) == pytest.approx(math.exp(-1), abs=0.02)


def test_a_load_is_told_by_status_stream_and_time() -> None:
    answers = [
        Answer("a", 200, due=0.1, sent=0.2, done=0.3),
        Answer("b", 200, due=0.4, sent=0.4, done=0.6),
        Answer("a", 503, due=0.9, sent=0.9, done=1.1),
    ]
    load = Load(seconds=1.0, answers=answers)

    assert load.latencies_ms(200) == pytest.approx([200, 200])
    assert load.latencies_ms(503, "b") == []
    assert [part.answers for part in load.windows(0.5)] == [answers[:1], answers[1:2]]


def test_a_percentile_of_few_values_is_one_of_them_or_none() -> None:
    assert math.isnan(percentile([], 99))
    assert percentile([3.0], 99) == 3.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
