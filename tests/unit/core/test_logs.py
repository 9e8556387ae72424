"""Logs: events with fields, JSON for machines and lines for people."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from core.logs import configure_logs, frequent_event


class Terminal(io.StringIO):
    """Standard output that says a person is reading."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def fail(secret: str) -> None:
    raise RuntimeError(f"{len(secret)} letters are too many")


def log_a_failure() -> None:
    try:
        fail("hunter2")
    except RuntimeError as error:
        structlog.get_logger().error("unexpected error", path="/predict", exc_info=error)


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    log = structlog.get_logger()
    log.info("request", status=200, path="/predict\n")
    log.warning("unseen category", city="Zürich")
    first, second = events(capsys)
    assert (first["event"], first["level"], first["status"], first["path"]) == ("request", "info", 200, "/predict\n")
    assert (second["event"], second["level"], second["city"]) == ("unseen category", "warning", "Zürich")


def test_a_frequent_event_is_logged_as_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    structlog.get_logger().info("request", status=200, path="/ü", seconds=0.5)
    frequent_event("request")(status=200, path="/ü", seconds=0.5)
    usual, frequent = events(capsys)
    assert datetime.fromisoformat(frequent.pop("timestamp")) >= datetime.fromisoformat(usual.pop("timestamp"))
    assert list(frequent.items()) == list(usual.items())


def test_a_frequent_event_is_for_people_on_a_terminal_and_not_below_the_level() -> None:
    with redirect_stdout(Terminal()) as output:
        configure_logs()
        frequent_event("request")(status=200)
        assert "\x1b[" in output.getvalue()
    with redirect_stdout(io.StringIO()) as output:
        configure_logs("warning")
        frequent_event("request")(status=200)
        assert output.getvalue() == ""


def test_the_time_of_an_event_is_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    structlog.get_logger().info("request")
    age = datetime.now(UTC) - datetime.fromisoformat(events(capsys)[0]["timestamp"])
    assert timedelta(0) <= age < timedelta(minutes=1)


def test_fields_of_the_context_are_in_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    structlog.contextvars.bind_contextvars(request_id="r1")
    structlog.get_logger().info("request")
    assert events(capsys)[0]["request_id"] == "r1"


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_events_below_the_level_are_silent(level: str, heard: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(level)
    log = structlog.get_logger()
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("event")
    assert [event["level"] for event in events(capsys)] == heard


def test_a_traceback_is_part_of_its_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    log_a_failure()
    (event,) = events(capsys)
    (raised,) = event["exception"]
    assert (raised["exc_type"], raised["exc_value"]) == ("RuntimeError", "7 letters are too many")
    assert [frame["name"] for frame in raised["frames"]] == ["log_a_failure", "fail"]


def test_the_values_of_variables_stay_out_of_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    log_a_failure()
    assert "hunter2" not in capsys.readouterr().out


def test_a_terminal_gets_lines_for_people() -> None:
    with redirect_stdout(Terminal()) as terminal:
        configure_logs()
        structlog.get_logger().info("request", status=200)
    assert "request" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_a_terminal_gets_tracebacks_too() -> None:
    with redirect_stdout(Terminal()) as terminal:
        configure_logs()
        log_a_failure()
    assert "unexpected error" in terminal.getvalue()
    assert "7 letters are too many" in terminal.getvalue()


class Failing(io.StringIO):
    """Standard output that nobody can write to."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, _text: str, /) -> int:
        raise self.error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError(), ValueError("closed")])
def test_an_output_that_fails_stops_nobody(error: Exception) -> None:
    with redirect_stdout(Failing(error)):
        configure_logs()
        structlog.get_logger().info("request")
