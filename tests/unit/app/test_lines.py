"""POST /v1/predict/batch as application/x-ndjson: a line a row, in and out."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.journal import Journal, Written
from core.contract import Task
from core.errors import JournalUnavailable
from core.journal.records import Prediction

MANY = "/v1/predict/batch"
ROW: dict[str, Any] = {"age": 30, "city": "Oslo"}
GOOD, FAULTY = b'{"age": 30, "city": "Oslo"}', b'{"age": 130, "city": "Oslo"}'
AGE_WANTED = "takes a number from 0 to 120 a"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"MAX_BODY_BYTES": "1000", "MAX_STREAM_BYTES": "500000"}


def send(client: FlaskClient, lines: Sequence[bytes] | bytes, query: str = "", **headers: str) -> TestResponse:
    body = lines if isinstance(lines, bytes) else b"\n".join(lines) + b"\n"
    # Only what is read to its end is closed, and only then accounted for.
    return client.post(MANY + query, data=body, content_type="application/x-ndjson", headers=headers, buffered=True)


def answers(answer: TestResponse) -> list[dict[str, Any]]:
    assert (answer.status_code, answer.content_type) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.get_data().splitlines()]


def journalled(app: Flask) -> Iterator[Prediction]:
    journal = app.extensions["journal"]
    journal.shipper.ship()
    return (stored.record for stored in journal.store.predictions(limit=1000))


@pytest.mark.parametrize("task", list(Task))
def test_every_line_is_answered_in_order_as_in_a_batch(client: FlaskClient) -> None:
    rows = [{"age": age, "city": city} for age in range(0, 120, 7) for city in ("Oslo", "Rome", "Paris")]

    lines = answers(send(client, [json.dumps(row).encode() for row in rows]))

    batch = client.post(MANY, data=json.dumps({"rows": rows[:15]}), content_type="application/json").get_json()
    for line in lines:
        assert line.pop("model_tag") == "model-v1.0.0"
        assert line.pop("arm") == "champion"
    made = [line.pop("id") for line in lines]
    assert sorted(set(made)) == made
    assert len(lines) == len(rows)
    assert lines[:15] == [{k: v for k, v in each.items() if k != "id"} for each in batch["predictions"]]


def test_more_rows_than_a_batch_may_have_are_answered_and_journalled_part_by_part(
    client: FlaskClient, app: Flask
) -> None:
    lines = answers(send(client, [GOOD] * 2500))

    assert len(lines) == 2500
    kept = list(journalled(app))
    assert [record.rows for record in kept] == [1000, 1000, 500]
    assert [line["id"] for line in lines] == [f"{r.id}-{row:06}" for r in kept for row in range(r.rows)]
    assert len({record.request_id for record in kept}) == 1


def test_one_faulty_row_refuses_all_and_every_fault_is_listed(client: FlaskClient, app: Flask) -> None:
    answer = send(client, [GOOD] * 1500 + [FAULTY, GOOD, b'{"age": 1, "town": 2}', b"{", b"[]"])

    assert answer.status_code == 422
    assert [(fault["row"], fault.get("field")) for fault in answer.get_json()["errors"]] == [
        *((1500, "age"), (1502, "city"), (1502, "town"), (1503, None), (1504, None))
    ]
    assert not list(journalled(app))


def test_faulty_rows_can_be_skipped_and_are_answered_in_their_place(client: FlaskClient, app: Flask) -> None:
    lines = answers(send(client, [FAULTY, GOOD, b"nonsense", GOOD], "?on_error=skip"))

    assert lines[0] == {"errors": [{"row": 0, "field": "age", "problem": f"{AGE_WANTED}, found 130"}]}
    assert lines[2]["errors"][0]["row"] == 2
    assert [line["label"] for line in (lines[1], lines[3])] == ["yes", "yes"]
    assert [record.rows for record in journalled(app)] == [2]


def test_only_faulty_rows_are_answered_without_a_score(client: FlaskClient, app: Flask) -> None:
    assert len(answers(send(client, [FAULTY] * 3, "?on_error=skip"))) == 3
    assert not list(journalled(app))


@pytest.mark.parametrize("body", [b"\n", b"\n \n\t\r\n"])
@pytest.mark.parametrize("query", ["", "?on_error=skip"])
def test_blank_lines_are_no_rows(client: FlaskClient, body: bytes, query: str) -> None:
    answer = send(client, body, query)

    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["problem"].startswith("takes at least one row")


def test_an_empty_body_is_refused(client: FlaskClient) -> None:
    assert send(client, b"").status_code == 400


def test_line_ends_of_other_systems_and_a_last_line_without_one_are_fine(client: FlaskClient) -> None:
    assert len(answers(send(client, GOOD + b"\r\n\r\n" + GOOD))) == 2


@pytest.mark.parametrize(("size", "is_fine"), [(1000, True), (1001, False), (5000, False)])
def test_a_line_may_be_as_long_as_a_body(client: FlaskClient, size: int, *, is_fine: bool) -> None:
    lines = answers(send(client, [GOOD.ljust(size), GOOD, GOOD.ljust(size)], "?on_error=skip"))

    problem = {"problem": "takes a line of up to 1000 bytes"}
    faults = [None if is_fine else [{"row": row, **problem}] for row in (0, 2)]
    assert [line.get("errors") for line in lines] == [faults[0], None, faults[1]]


@pytest.mark.parametrize(("size", "status"), [(500_000, 200), (500_001, 413)])
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_body_is_bounded_as_sent_and_unpacked(
    client: FlaskClient, size: int, status: int, *, is_packed: bool
) -> None:
    body = (GOOD + b"\n").ljust(500, b"\n") * 1000 + b"\n" * (size - 500_000)
    headers = {"Content-Encoding": "gzip"} if is_packed else {}

    answer = send(client, gzip.compress(body) if is_packed else body, **headers)

    assert answer.status_code == status


def test_a_packed_body_that_is_cut_is_refused(client: FlaskClient) -> None:
    assert send(client, gzip.compress(GOOD * 1000)[:-9], **{"Content-Encoding": "gzip"}).status_code == 400


def test_the_answer_is_packed_for_those_who_take_that(client: FlaskClient) -> None:
    answer = send(client, [GOOD] * 1200, **{"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(answer.get_data()).splitlines()) == 1200


def test_a_journal_that_fails_at_once_refuses_with_the_usual_status(client: FlaskClient) -> None:
    with patch.object(Journal, "record", side_effect=JournalUnavailable("x", "full")):
        assert send(client, [GOOD]).status_code == 503


def test_what_fails_on_the_way_is_said_in_the_last_line(client: FlaskClient, app: Flask) -> None:
    record = app.extensions["journal"].record
    results: Iterator[Any] = iter([record, record])

    def fail_at_the_third(*arguments: Any) -> list[str]:
        try:
            made: list[str] = next(results)(*arguments)
        except StopIteration:
            raise JournalUnavailable("x", "full") from None
        return made

    with patch.object(app.extensions["journal"], "record", fail_at_the_third):
        lines = answers(send(client, [GOOD] * 2500))

    assert len(lines) == 2001
    assert (lines[-1]["status"], lines[-1]["title"]) == (503, "Service unavailable")


def test_what_nobody_expected_is_said_in_the_last_line_too(client: FlaskClient, app: Flask) -> None:
    answered = Written(ids=["x"] * 1000, record=None)
    with patch.object(app.extensions["journal"], "record", side_effect=[answered, ZeroDivisionError]):
        lines = answers(send(client, [GOOD] * 1001))

    assert lines[-1]["status"] == 500


def test_the_deadline_refuses_what_has_not_begun(client: FlaskClient, app: Flask) -> None:
    with patch("time.perf_counter", count(0, 200).__next__):
        assert send(client, [GOOD]).status_code == 503
    assert not list(journalled(app))


def test_the_deadline_ends_what_has_begun(client: FlaskClient) -> None:
    with patch("time.perf_counter", count(0, 60).__next__):
        lines = answers(send(client, [GOOD] * 5000))

    assert len(lines) % 1000 == 1
    assert len(lines) < 5000
    assert (lines[-1]["status"], lines[-1]["detail"]) == (503, "not all could be done within 120 seconds")


def test_the_request_is_accounted_for_when_it_is_over(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    send(client, [GOOD] * 2100)

    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["path"], line["status"], line["rows"]) == (MANY, 200, 2100)


def test_no_room_for_the_body_is_no_fault_of_the_caller(client: FlaskClient) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    with patch("app.body.SpooledTemporaryFile", return_value=Full()):
        assert send(client, [GOOD]).status_code == 503


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.one_of(
            st.sampled_from(
                [GOOD, FAULTY, b"", b" \t", b"{", b"null", GOOD + b" ", b"\xff", b"\x00", b"\r", b"[" * 900]
            ),
            st.binary(max_size=1500),
            st.builds(lambda age: b'{"age": %d, "city": "Oslo"}' % age, st.integers(-5, 130)),
        ),
        max_size=30,
    )
)
def test_whatever_is_sent_every_line_is_answered_as_it_would_be_alone(client: FlaskClient, lines: list[bytes]) -> None:
    sent = [line for line in b"\n".join(lines).split(b"\n") if line and not line.isspace()]

    answer = send(client, lines, "?on_error=skip")

    if not sent:
        assert answer.status_code in {400, 422}
        return
    for number, (line, found) in enumerate(zip(sent, answers(answer), strict=True)):
        alone = client.post("/v1/predict", data=line, content_type="application/json")
        if alone.status_code == 200:
            assert found["score"] == pytest.approx(alone.get_json()["score"])
        else:
            assert {fault["row"] for fault in found["errors"]} == {number}
