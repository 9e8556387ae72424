"""The server as a user starts it: `python -m app serve`, in a process of its own, on the loopback interface."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from core.documents import to_json
from core.drift import Severity
from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.findings import make_report

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
READY_S, STOP_S = 30.0, 15.0
ROW = b'{"age": 30, "city": "Oslo"}'
REST = b"\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n"
HEAD = b"POST /v1/predict HTTP/1.1" + REST


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A server that this module started."""

    process: subprocess.Popen[bytes]
    port: int

    def request(
        self, method: str, path: str, body: bytes | None = None, *, timeout_s: float = 10
    ) -> tuple[int, dict[str, object]]:
        """Status and JSON of one request on a connection of its own."""
        with closing(HTTPConnection(LOOPBACK, self.port, timeout=timeout_s)) as connection:
            connection.request(method, path, body, {"Content-Type": "application/json", "Connection": "close"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def send(self, data: bytes) -> bytes:
        """What the server answers to bytes that no HTTP client would send, until it closes the connection."""
        with socket.create_connection((LOOPBACK, self.port), timeout=10) as connection:
            connection.sendall(data)
            received = b""
            while part := connection.recv(65536):
                received += part
            return received

    def wait_until_ready(self) -> None:
        """Poll /readyz until it answers; fail if the process ends or the time is over."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the server ended instead of getting ready"
            try:
                if self.request("GET", "/readyz", timeout_s=1)[0] == 200:
                    return
            except (OSError, HTTPException):
                time.sleep(0.05)
        pytest.fail(f"the server was not ready within {READY_S:g} s")

    def workers(self) -> list[int]:
        """Process ids of gunicorn's workers."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


def variables(folder: Path, **changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "MODEL_REGISTRY": f"directory:{folder / 'registry'}",
        "DEPLOYMENT_LEDGER": f"file:{folder / 'ledger.jsonl'}",
        "JOURNAL_DIR": str(folder / "journal"),
        **changes,
    }


@contextmanager
def serving(
    folder: Path, *, within: Sequence[str] = (), module: Sequence[str] = ("app", "serve"), **changes: str
) -> Iterator[Server]:
    """A ready server, started by the command `within` if there is one; it is stopped at the end, whatever happens."""
    port = int(changes.pop("PORT", 0)) or free_port()
    with (folder / "output.log").open("ab") as output:
        process = subprocess.Popen(
            [*within, sys.executable, "-m", *module],
            cwd=ROOT,
            env=variables(folder, PORT=str(port), **changes),
            stdout=output,
            stderr=output,
        )
    server = Server(process=process, port=port)
    try:
        server.wait_until_ready()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(folder: Path, *command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=variables(folder, **changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=READY_S,
    )


def ledger(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one published model."""
    folder = tmp_path_factory.mktemp("published")
    DirectoryRegistry(folder / "registry").publish(make_bundle(folder / "bundle"))
    return folder


@pytest.fixture(scope="module")
def server(published: Path) -> Iterator[Server]:
    """One server for the tests that only ask it things."""
    with serving(published, MAX_BODY_BYTES="100000") as server:
        yield server


def test_the_server_answers_a_prediction(server: Server) -> None:
    status, answer = server.request("POST", "/v1/predict", ROW)

    assert (status, answer["label"]) == (200, "yes")


def test_a_body_in_chunks_is_read(server: Server) -> None:
    answer = server.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(ROW), ROW))

    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx0\r\n\r\n"])
def test_malformed_chunks_are_the_client_s_fault(server: Server, chunks: bytes) -> None:
    answer = server.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_a_body_in_chunks_is_not_cut_at_the_limit_in_silence(server: Server) -> None:
    body = ROW.ljust(100_001)

    answer = server.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET //elsewhere.example/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="two slashes"),
        pytest.param(b"GET /nope HTTP/1.1\r\nHost: \xff[\r\nConnection: close\r\n\r\n", id="no host name"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="a star"),
        pytest.param(b"BREW /v1/predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="an unknown method"),
        pytest.param(b"GET /%ed%a0%80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="a surrogate"),
        pytest.param(HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", id="a huge length"),
        pytest.param(HEAD + b"Content-Length: -1\r\n\r\n", id="a negative length"),
        pytest.param(HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="two lengths"),
        pytest.param(b"\x00\x01\r\n\r\n", id="no HTTP"),
    ],
)
def test_an_odd_request_is_refused_and_the_server_lives_on(server: Server, data: bytes) -> None:
    answer = server.send(data)

    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 308 "))
    assert server.request("GET", "/livez")[0] == 200


def test_a_deployment_is_recorded_once_however_often_the_server_starts(tmp_path: Path) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    with serving(tmp_path):
        (entry,) = ledger(tmp_path)
    with serving(tmp_path):
        assert ledger(tmp_path) == [entry]

    assert (entry["tag"], entry["previous"], entry["environment"]) == ("model-v1.0.0", None, "production")


def test_several_workers_all_answer_and_all_stop_at_a_signal(published: Path) -> None:
    with serving(published, WEB_CONCURRENCY="2") as server:
        workers = wait_for_workers(server, 2)
        for stopped in workers:
            # With one worker halted, an answer can only come from the other.
            os.kill(stopped, signal.SIGSTOP)
            try:
                assert answers_within(server, READY_S)
            finally:
                os.kill(stopped, signal.SIGCONT)

        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(STOP_S) == 0
        assert time.monotonic() - started < STOP_S
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_all_workers_show_the_report_that_one_of_them_took(tmp_path: Path) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    with serving(tmp_path, WEB_CONCURRENCY="2") as server:
        wait_for_workers(server, 2)
        body = b'{"report": %s, "memory": 0}' % to_json(make_report(severity=Severity.WARNING))
        posted = server.send(b"POST /v1/drift HTTP/1.1" + REST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        shown = [server.send(b"GET /metrics HTTP/1.1" + REST + b"\r\n") for _ in range(12)]
        some = server.send(b"GET /metrics?name[]=slipway_drift_severity HTTP/1.1" + REST + b"\r\n")

    assert posted.startswith(b"HTTP/1.1 204 ")
    for metrics in shown:
        assert metrics.count(b"\nslipway_drift_severity 3.0\n") == metrics.count(b"\nslipway_drift_severity") == 1
        assert metrics.count(b"\nslipway_drift_columns{") == len(Severity)
        assert metrics.count(b'slipway_request_duration_seconds_count{method="POST",route="/v1/drift",') == 1
    assert b"\nslipway_drift_severity 3.0\n" in some
    assert b"slipway_drift_columns" not in some


def wait_for_workers(server: Server, count: int) -> list[int]:
    deadline = time.monotonic() + READY_S
    while len(workers := server.workers()) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(workers) == count
    return workers


def answers_within(server: Server, limit_s: float) -> bool:
    """Ask on new connections until one reaches a worker that runs; the kernel deals them out at random."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        try:
            return server.request("POST", "/v1/predict", ROW, timeout_s=0.5)[0] == 200
        except OSError:
            continue
    return False


def test_a_signal_stops_one_worker_with_status_0_and_without_an_abort(published: Path) -> None:
    (published / "output.log").unlink(missing_ok=True)
    with serving(published) as server:
        server.request("POST", "/v1/predict", ROW)
        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(STOP_S) == 0

    output = (published / "output.log").read_text()
    assert "SIGABRT" not in output
    assert "Traceback" not in output


def test_a_busy_port_is_one_sentence(published: Path, server: Server) -> None:
    result = run(published, "app", "serve", PORT=str(server.port))

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"error: port {server.port} on 127.0.0.1 is in use; stop that process or set PORT to a free one\n"
    )


def test_malformed_variables_are_all_named_without_a_traceback(tmp_path: Path) -> None:
    malformed = {"PORT": "http", "WEB_CONCURRENCY": "many", "LOG_LEVEL": "loud", "MODEL_TAG": "latest"}

    result = run(tmp_path, "app", "serve", **malformed)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: environment: 4 faults\n")
    assert all(f"  {name}: " in result.stderr for name in malformed)
    assert "Traceback" not in result.stderr


def test_gunicorn_ends_by_itself_when_no_model_is_published(tmp_path: Path) -> None:
    gunicorn = ("gunicorn", "--config", "gunicorn.conf.py", "app.wsgi:application")

    result = run(tmp_path, *gunicorn, PORT=str(free_port()))

    assert result.returncode == 4
    assert "is empty; run scripts/train, or set MODEL_REGISTRY to another\n" in result.stderr
    assert "Traceback" not in result.stderr
