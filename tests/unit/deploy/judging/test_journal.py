"""The newest rows of a journal that can be read forwards only."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.service import Service
from deploy.judging.journal import coming, newest, replayable
from tests.factories import make_contract
from tests.loopback import Answer, Asked, Loopback, answering

END = datetime(2026, 11, 1, tzinfo=UTC)
CONTRACT = make_contract()


def line(cursor: int, at: datetime, tag: str) -> bytes:
    inputs = {"age": cursor, "city": "Oslo"}
    values = {"cursor": cursor, "at": at.isoformat(), "tag": tag, "latency_ms": 1.5, "inputs": inputs, "score": 0.5}
    return json.dumps(values).encode() + b"\n"


class Journal:
    """A service that answered a row at each of these times, in seconds before the newest."""

    def __init__(self, *ages_s: float, tag: str = "model-v1.0.0") -> None:
        self.times = [END - timedelta(seconds=age_s) for age_s in sorted(ages_s, reverse=True)]
        self.tag = tag

    def __call__(self, asked: Asked) -> Answer:
        if asked.path.endswith("/span"):
            ends = [each.isoformat() if self.times else None for each in (self.times or [END])]
            return Answer(body=json.dumps({"oldest": ends[0], "newest": ends[-1]}).encode())
        after, limit = int(asked.query["after"]), int(asked.query["limit"])
        since = datetime.fromisoformat(asked.query["since"])
        until = datetime.fromisoformat(asked.query.get("until", "9000-01-01T00:00:00+00:00"))
        found = [
            line(number, at, self.tag)
            for number, at in enumerate(self.times, 1)
            if since <= at < until and number > after
        ]
        return Answer(body=b"".join(found[:limit]))


def read(server: Loopback, wanted: int) -> list[int]:
    return [each.cursor for each in newest(Service(server.url, ""), wanted)]


def test_an_empty_journal_has_no_newest_rows() -> None:
    with answering(Journal()) as server:
        assert read(server, 10) == []


@pytest.mark.parametrize("wanted", [1, 3, 7, 40, 100])
def test_the_newest_come_oldest_first_each_once(wanted: int) -> None:
    # A busy minute, a quiet month, and a single row a year ago.
    ages = [*range(40), *(86_400 * day for day in range(1, 31)), 365 * 86_400]
    with answering(Journal(*ages)) as server:
        assert read(server, wanted) == list(range(1, len(ages) + 1))[-wanted:]
        assert len(server.asked) < 15


def test_a_dense_journal_is_not_read_as_a_whole() -> None:
    journal = Journal(*(number / 1000 for number in range(5000)))
    with answering(journal) as server:
        assert read(server, 20) == list(range(4981, 5001))
        rows = sum(int(asked.query["limit"]) for asked in server.asked if "limit" in asked.query)
    assert rows <= 3000


def test_of_many_at_one_moment_the_last_are_taken() -> None:
    with answering(Journal(*(number / 100_000 for number in range(500)))) as server:
        assert read(server, 20) == list(range(481, 501))


def test_only_rows_of_the_wanted_kind_count() -> None:
    with answering(Journal(*range(50))) as server:
        found = newest(Service(server.url, ""), 3, lambda each: each.cursor % 10 == 0)
    assert [each.cursor for each in found] == [30, 40, 50]


def test_a_long_journal_is_not_read_to_its_beginning_for_rows_that_are_not_there() -> None:
    with answering(Journal(*range(10_000))) as server:
        assert newest(Service(server.url, ""), 10, lambda each: each.tag == "model-v1.1.0") == []
        oldest = min(asked.query["since"] for asked in server.asked if "since" in asked.query)
    assert END - datetime.fromisoformat(oldest) < timedelta(minutes=10)


def test_what_comes_is_read_from_the_cursor_on() -> None:
    with answering(Journal(3, 2, 1)) as server:
        found = [each.cursor for each in coming(Service(server.url, ""), END - timedelta(seconds=2), 2)]
    assert found == [3]


@pytest.mark.parametrize(
    ("inputs", "is_whole"),
    [
        ({"age": 30.0, "city": "Oslo"}, True),
        ({"age": None, "city": "Bern"}, True),
        ({"age": "*", "city": "Oslo"}, False),
        ({"age": 30.0, "city": "*"}, False),
        ({"age": 30.0}, False),
        ({"age": 30.0, "city": "Oslo", "income": 1}, False),
        ({"age": 30.0, "city": 3}, False),
    ],
)
def test_a_row_is_replayed_if_all_of_it_was_kept(inputs: dict[str, Any], is_whole: bool) -> None:  # a table
    assert (replayable(inputs, CONTRACT) == inputs) is is_whole
