"""What the client of a service does when it does not get what it hopes for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import SourceError
from drift.rows import MEMORY_NAME, REPORT_NAME
from drift.sources.grouping import microseconds
from drift.sources.service import ServiceSource
from tests.loopback import Answer, Asked, Loopback, answering
from tests.unit.drift.sources.reading import BEGINNING, END, batches, rows

KEY = "slip_hunter2"
AT = "2026-11-01T00:00:00.000001Z"
DAY = datetime(2026, 11, 1, tzinfo=UTC)
Reply = Callable[[Asked], Answer]


def line(cursor: int, **changes: Any) -> bytes:
    values = {"cursor": cursor, "id": f"{cursor}", "at": AT, "tag": "model-v1.0.0", "inputs": {"age": cursor}}
    return json.dumps({**values, "label": "no", "score": 0.5, "warnings": [], **changes}).encode() + b"\n"


def journal(*cursors: int) -> Reply:
    """A service with these requests, one row each."""

    def reply(asked: Asked) -> Answer:
        after, limit = int(asked.query["after"]), int(asked.query["limit"])
        return Answer(body=b"".join(line(cursor) for cursor in [c for c in cursors if c > after][:limit]))

    return reply


class Waits(list[float]):
    """Notes how long it is to be waited, and does not."""

    def __call__(self, wait_s: float) -> None:
        self.append(wait_s)


def source_of(server: Loopback, key: str = KEY, page: int = 3) -> tuple[ServiceSource, Waits]:
    waits = Waits()
    return ServiceSource(server.url, key, page=page, sleep=waits), waits


def after_faults(reply: Reply, *faults: Answer) -> Reply:
    """Some answers first, one each time."""
    left = list(faults)
    return lambda asked: left.pop(0) if left else reply(asked)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7])
def test_pages_are_followed_until_one_comes_back_short(count: int) -> None:
    with answering(journal(*range(1, count + 1))) as server:
        source, _ = source_of(server)
        found = rows(source)
    assert [row["inputs"]["age"] for row in found] == list(range(1, count + 1))
    assert len(server.asked) == count // 3 + 1


def test_a_limit_counts_requests_and_not_rows() -> None:
    pages = [line(1) * 5 + line(2) + line(9) * 2, line(10)]
    with answering(lambda _: Answer(body=pages.pop(0))) as server:
        source, _ = source_of(server)
        assert len(rows(source)) == 9
    assert [asked.query["after"] for asked in server.asked] == ["0", "9"]


def test_the_key_window_and_outcomes_are_asked_for() -> None:
    with answering(lambda _: Answer(body=line(1, outcome="yes") + line(2, outcome=None))) as server:
        source, _ = source_of(server)
        found = rows(source, DAY, END, with_outcomes=True)
    (asked,) = server.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert (asked.query["since"], asked.query["outcomes"]) == ("2026-11-01T00:00:00+00:00", "true")
    assert [row["outcome"] for row in found] == ["yes", None]
    assert found[0]["at"] == microseconds(DAY) + 1
    assert (found[0]["score"], found[0]["label"]) == (0.5, "no")


def test_rows_of_several_tags_come_apart() -> None:
    scores = {"scores": {"a": 0.2, "b": 0.8}, "score": None}
    body = line(1) + line(2, tag="model-v2.0.0") + line(3, tag="model-v2.0.0", **scores)
    with answering(lambda _: Answer(body=body)) as server:
        found = batches(source_of(server, page=9)[0])
    assert [(batch.tag, len(batch)) for batch in found] == [
        ("model-v1.0.0", 1),
        ("model-v2.0.0", 1),
        ("model-v2.0.0", 1),
    ]
    assert found[2].answers["scores"] == {"a": [0.2], "b": [0.8]}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_waited_for(status: int) -> None:
    busy = Answer(status=status, headers={"Retry-After": "7"})
    with answering(after_faults(journal(1), busy, Answer(status=status))) as server:
        source, waits = source_of(server)
        assert len(rows(source)) == 1
    assert waits == [7, 2]


def test_who_is_told_to_wait_too_long_or_too_often_gives_up() -> None:
    with answering(lambda _: Answer(status=503, body=b'{"detail": "the journal is away"}')) as server:
        source, waits = source_of(server)
        with pytest.raises(SourceError, match="with 503: the journal is away"):
            rows(source)
    assert waits == [1, 2, 4, 8]
    with answering(lambda _: Answer(status=429, headers={"Retry-After": "86400"})) as server:
        source, waits = source_of(server)
        with pytest.raises(SourceError, match="429"):
            rows(source)
    assert waits == []


def test_an_answer_that_is_cut_is_continued_after_the_last_request_that_was_whole() -> None:
    # More than the client reads at once.
    everything = [line(cursor) * 3 for cursor in range(1, 400)]
    cuts = [Answer(body=b"".join(everything), promised=10**6), Answer(body=line(400)[:20]), Answer(promised=9)]

    def reply(asked: Asked) -> Answer:
        after = int(asked.query["after"])
        return cuts.pop(0) if cuts else Answer(body=b"".join(everything[after:]))

    with answering(reply) as server:
        source, waits = source_of(server, page=1000)
        found = [row["inputs"]["age"] for row in rows(source)]
    assert sorted(found) == sorted([*range(1, 400)] * 3)
    first, *others = [int(asked.query["after"]) for asked in server.asked]
    assert first == 0
    assert len(set(others)) == 1
    assert others[0] > 0
    assert waits == [1, 2, 4]


def test_answers_that_always_break_off_are_a_fault() -> None:
    with answering(lambda _: Answer(body=line(1), promised=10_000)) as server:
        source, _ = source_of(server)
        with pytest.raises(SourceError, match="break off in the middle"):
            rows(source)
    assert len(server.asked) == 5


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(status=401), r"refuses the key of SERVICE_KEY \(401\); set SERVICE_KEY to one with the scope admin"),
        (Answer(status=403), "set SERVICE_KEY to one with the scope admin"),
        (Answer(status=404), "has no /v1/journal; what answers there is no Slipway"),
        (Answer(status=500, body=KEY.encode()), "answers /v1/journal with 500"),
        (Answer(status=422, body=json.dumps({"detail": f"bad {KEY}"}).encode()), r"with 422: bad \*\*\*"),
        (
            Answer(status=302, headers={"Location": f"https://x.test/?{KEY}"}),
            r"elsewhere \(302\); name the address",
        ),
        (Answer(body=b"<html>hello</html>\n"), "is no Slipway"),
        (Answer(body=b'{"cursor": 1}\n'), "is no Slipway"),
        (Answer(body=b'[]\n"x"\n'), "is no Slipway"),
        (Answer(body=b"\xff\xfe\n"), "is no Slipway"),
        (Answer(body=b"[" * 50_000 + b"\n"), "is no Slipway"),
        (Answer(body=line(0) * 2), "repeats itself"),
    ],
    ids=range(12),
)
def test_other_answers_are_told_in_a_sentence_without_the_key(answer: Answer, sentence: str) -> None:
    with answering(lambda _: answer) as server:
        source, waits = source_of(server)
        with pytest.raises(SourceError, match=sentence) as caught:
            rows(source)
    assert "hunter2" not in str(caught.value)
    assert (len(server.asked), waits) == (1, [])


def test_a_service_that_wants_a_key_gets_none_that_is_not_set() -> None:
    with answering(lambda _: Answer(status=401)) as server:
        source, _ = source_of(server, key="")
        with pytest.raises(SourceError, match="wants a key"):
            rows(source)
    assert "authorization" not in server.asked[0].headers


def test_where_nobody_answers_that_is_said() -> None:
    with answering(lambda _: Answer()) as server:
        source, waits = source_of(server)
    with pytest.raises(SourceError, match="nothing answers there"):
        source.span()
    assert waits == [1, 2, 4, 8]


def test_the_span_is_read() -> None:
    bodies = [b'{"oldest": null, "newest": null}', f'{{"oldest": "{AT}", "newest": "{AT}"}}'.encode(), b'{"oldest": 3}']
    with answering(lambda _: Answer(body=bodies.pop(0))) as server:
        source, _ = source_of(server)
        assert source.span() is None
        assert source.span() == (DAY.replace(microsecond=1),) * 2
        with pytest.raises(SourceError, match="is no Slipway"):
            source.span()
    assert {asked.path for asked in server.asked} == {"/v1/journal/span"}


def test_documents_are_kept_and_come_back() -> None:
    kept: dict[str, Any] = {}

    def reply(asked: Asked) -> Answer:
        if asked.method == "POST":
            kept.update(json.loads(asked.body))
            return Answer(status=201, body=b"{}")
        name = {"/v1/drift": "report", "/v1/drift/memory": "memory"}[asked.path]
        return Answer(body=json.dumps(kept[name]).encode()) if name in kept else Answer(status=404)

    with answering(after_faults(reply, Answer(status=503))) as server:
        source, _ = source_of(server)
        assert source.recall(REPORT_NAME) is None
        source.keep({REPORT_NAME: b'{"a": 1}', MEMORY_NAME: b"[2]"})
        found = [source.recall(name) for name in (REPORT_NAME, MEMORY_NAME)]
    assert [json.loads(each or b"") for each in found] == [{"a": 1}, [2]]


def test_what_is_recalled_must_be_json() -> None:
    with answering(lambda _: Answer(body=b"<html>")) as server:
        source, _ = source_of(server)
        with pytest.raises(SourceError, match="is no Slipway"):
            source.recall(REPORT_NAME)


@pytest.mark.parametrize(
    "url",
    ["http://example.org", "ftp://127.0.0.1", "https://", "x", "http://[", "https://h:x", "http://127.0.0.1.evil.test"],
)
def test_a_key_does_not_travel_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match=r"^takes "):
        ServiceSource(url, KEY)


@pytest.mark.parametrize("url", ["https://u:hunter2@example.org", "https://example.org?key=hunter2"])
def test_a_secret_in_a_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="SERVICE_KEY") as caught:
        ServiceSource(url, KEY)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", ["a b", "a\nb", "é"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ValueError, match="takes a key") as caught:
        ServiceSource("https://example.org", f"hunter2{key}")
    assert "hunter2" not in str(caught.value)


def test_the_whole_of_time_can_be_asked_for() -> None:
    with answering(journal()) as server:
        assert batches(source_of(server)[0], BEGINNING, END) == []


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_a_time_that_no_row_can_have_is_named(at: str) -> None:
    span = json.dumps({"oldest": at, "newest": at}).encode()
    with answering(lambda asked: Answer(body=span if asked.path.endswith("/span") else line(1, at=at))) as server:
        source, _ = source_of(server)
        for read in (source.span, lambda: batches(source)):
            with pytest.raises(SourceError, match=r"a row of its journal is of .*; it takes a time from 1970 to 8999"):
                read()
